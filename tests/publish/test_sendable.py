from __future__ import annotations

import pytest

from monitor.publish.sendable import MAX_PACKET, UnsendableError, check_sendable


@pytest.mark.parametrize(
    "topic",
    ["", "/monitor", "monitor/", "a//b", "a/+/b", "a/#", "a\0b", "a\nb", "$SYS/x", "a/\ud800", "x" * 2000, "a/\u202eb"],
)
def test_a_topic_that_could_upset_a_broker_is_refused(topic: str) -> None:
    with pytest.raises(UnsendableError, match="the topic"):
        check_sendable(topic, b"")


def test_a_message_larger_than_the_broker_takes_is_refused() -> None:
    check_sendable("a/b", bytes(1000), 2000)
    with pytest.raises(UnsendableError, match="more than the 1000"):
        check_sendable("a/b", bytes(1000), 1000)
    with pytest.raises(UnsendableError, match="more than"):
        check_sendable("a/b", bytes(MAX_PACKET))


def test_an_ordinary_message_passes() -> None:
    check_sendable("home/monitor/porch/alert", b"{}")
