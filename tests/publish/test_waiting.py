from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from monitor.publish.latest import LatestOnly
from monitor.publish.waiting import MemoryAlertQueue
from monitor.values import Alert


def test_alerts_stay_in_order_until_they_are_settled(make_alert: Callable[..., Alert]) -> None:
    waiting = MemoryAlertQueue()
    for seq in range(5):
        waiting.put(make_alert(seq), since=float(seq))
    first = waiting.peek(after=0, limit=2)
    assert [item.alert.seq for item in first] == [0, 1]
    assert [item.alert.seq for item in waiting.peek(first[-1].key, limit=10)] == [2, 3, 4]
    waiting.settle(first[1].key, None)
    waiting.settle(first[1].key, None)
    assert [item.alert.seq for item in waiting.peek(0, 10)] == [0, 2, 3, 4]


def test_a_full_queue_drops_the_oldest_and_says_so_once(make_alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture) -> None:
    waiting = MemoryAlertQueue(size=3)
    for seq in range(10):
        waiting.put(make_alert(seq), since=0.0)
    assert [item.alert.seq for item in waiting.peek(0, 10)] == [7, 8, 9]
    assert (len(waiting), waiting.dropped) == (3, 7)
    assert len(caplog.records) == 1


def test_a_refused_alert_is_named_in_the_log(make_alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture) -> None:
    waiting = MemoryAlertQueue()
    waiting.put(make_alert(4), since=0.0)
    waiting.settle(waiting.peek(0, 1)[0].key, "the broker refused it (quota exceeded)")
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.ERROR, "alert e1/4 is lost: the broker refused it (quota exceeded)")
    ]


def test_of_a_topic_only_the_latest_counts() -> None:
    latest = LatestOnly()
    latest.put("a", b"1")
    latest.put("b", b"1")
    latest.put("a", b"2")
    assert latest.next() == ("a", b"2")


def test_what_changed_while_it_was_being_told_is_told_again() -> None:
    latest = LatestOnly()
    latest.put("a", b"1")
    item = latest.next()
    assert item is not None
    latest.put("a", b"2")
    latest.told(*item)
    assert latest.next() == ("a", b"2")
    latest.told("a", b"2")


def test_all_is_told_again_in_its_first_order_but_what_was_forgotten() -> None:
    latest = LatestOnly()
    for topic in "abc":
        latest.put(topic, b"1")
        latest.told(topic, b"1")
    assert latest.next() is None
    latest.forget("b")
    latest.tell_all_again()
    order = []
    while (item := latest.next()) is not None:
        order.append(item[0])
        latest.told(*item)
    assert order == ["a", "c"]
