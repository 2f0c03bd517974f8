from __future__ import annotations

import pytest

from monitor.publish.topics import Topics
from monitor.values import Place

TOPICS = Topics("home/monitor")


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        (TOPICS.bridge_state, "home/monitor/bridge/state"),
        (TOPICS.bridge_info, "home/monitor/bridge/info"),
        (TOPICS.bridge_health, "home/monitor/bridge/health"),
        (TOPICS.availability("porch"), "home/monitor/porch/availability"),
        (TOPICS.alert("porch"), "home/monitor/porch/alert"),
        (TOPICS.snapshot("porch"), "home/monitor/porch/snapshot"),
        (TOPICS.stats("porch"), "home/monitor/porch/stats"),
        (TOPICS.rule(Place("porch", "frame", "cat")), "home/monitor/porch/cat"),
        (TOPICS.rule(Place("porch", "drive", "cat")), "home/monitor/porch/drive/cat"),
        (TOPICS.rule(Place("Vordere Tür", "Auffahrt/+#", "Cat & Dog")), "home/monitor/vordere_tur/auffahrt/cat_dog"),
    ],
)
def test_a_topic_is_the_base_and_slugs(topic: str, expected: str) -> None:
    assert topic == expected


def test_a_name_without_a_slug_has_no_topic() -> None:
    with pytest.raises(ValueError, match="leaves nothing"):
        TOPICS.alert("猫")
