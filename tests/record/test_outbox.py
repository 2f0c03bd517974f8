"""What the publisher may expect of a queue of alerts, wherever it keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest

from monitor.clock import ManualClock
from monitor.outgoing import OutboxFacts, Outgoing
from monitor.record.outbox import RETRY, Outbox
from monitor.record.store import Batch, History

Message = Callable[..., Outgoing]
Key = tuple[str, int]


class Queue(Protocol):
    def next(self, limit: int) -> Sequence[Outgoing]: ...
    def again(self) -> None: ...
    def acknowledge(self, keys: Sequence[Key]) -> None: ...
    def refuse(self, key: Key, why: str) -> None: ...
    def quarantine(self, key: Key, why: str) -> None: ...
    @property
    def facts(self) -> OutboxFacts: ...


@dataclass(frozen=True)
class Subject:
    """A queue, and how something is put into it."""

    queue: Queue
    put: Callable[[Sequence[Outgoing]], None]


def _on_disk(request: pytest.FixtureRequest) -> Subject:
    history: History = request.getfixturevalue("history")
    return Subject(request.getfixturevalue("outbox"), lambda messages: history.commit(Batch(outgoing=messages)))


def _in_memory(request: pytest.FixtureRequest) -> Subject:
    outbox: Outbox = request.getfixturevalue("outbox")  # without a history, as no disk would take it
    return Subject(outbox, outbox.hold)


QUEUES = {"on disk": _on_disk, "in memory": _in_memory}


@pytest.fixture(params=QUEUES.values(), ids=list(QUEUES))
def subject(request: pytest.FixtureRequest) -> Subject:
    make: Callable[[pytest.FixtureRequest], Subject] = request.param
    return make(request)


def names(messages: Sequence[Outgoing]) -> list[str]:
    return [f"{message.camera}{message.seq}" for message in messages]


def put(subject: Subject, message: Message, **seqs: int) -> None:
    """Put messages 0, 1, ... of each camera, all of one camera after all of another."""
    subject.put([message(id=camera, camera=camera, seq=seq) for camera, count in seqs.items() for seq in range(count)])


def test_messages_come_as_they_were_put(subject: Subject, message: Message) -> None:
    subject.put([message()])
    assert subject.queue.next(20) == [message()]


def test_cameras_take_turns_and_each_keeps_its_order(subject: Subject, message: Message) -> None:
    put(subject, message, a=5, b=2, c=3)
    assert names(subject.queue.next(20)) == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "c2", "a3", "a4"]


def test_the_turn_goes_on_where_it_stopped(subject: Subject, message: Message) -> None:
    put(subject, message, a=4, b=4, c=4)
    assert names(subject.queue.next(2)) == ["a0", "b0"]
    assert names(subject.queue.next(2)) == ["c0", "a1"]
    assert names(subject.queue.next(3)) == ["b1", "c1", "a2"]


def test_what_is_out_is_not_handed_out_again_unless_the_connection_broke(subject: Subject, message: Message) -> None:
    put(subject, message, a=3)
    assert names(subject.queue.next(2)) == ["a0", "a1"]
    assert names(subject.queue.next(2)) == ["a2"]
    assert names(subject.queue.next(2)) == []
    subject.queue.again()
    assert names(subject.queue.next(20)) == ["a0", "a1", "a2"]


def test_what_is_put_later_comes_later(subject: Subject, message: Message) -> None:
    put(subject, message, a=1)
    assert names(subject.queue.next(20)) == ["a0"]
    put(subject, message, a=2)
    assert names(subject.queue.next(20)) == ["a1"]


def test_what_the_broker_has_is_gone_and_unknown_keys_are_no_error(subject: Subject, message: Message) -> None:
    put(subject, message, a=3)
    subject.queue.next(20)
    subject.queue.acknowledge([("a", 1), ("a", 0), ("never", 7)])
    subject.queue.acknowledge([("a", 1)])
    subject.queue.again()
    assert names(subject.queue.next(20)) == ["a2"]


def test_what_is_refused_holds_nobody_up_and_is_tried_again_after_a_while(subject: Subject, message: Message, clock: ManualClock) -> None:
    put(subject, message, a=2)
    subject.queue.next(1)
    subject.queue.refuse(("a", 0), "not authorised")
    assert names(subject.queue.next(20)) == ["a1"]
    clock.advance(RETRY - 1)
    assert names(subject.queue.next(20)) == []
    clock.advance(1)
    assert names(subject.queue.next(20)) == ["a0"]


def test_what_is_refused_is_tried_again_on_the_next_connection(subject: Subject, message: Message) -> None:
    put(subject, message, a=1)
    subject.queue.next(1)
    subject.queue.refuse(("a", 0), "not authorised")
    assert names(subject.queue.next(20)) == []
    subject.queue.again()
    assert names(subject.queue.next(20)) == ["a0"]


def test_what_is_quarantined_comes_back_neither_later_nor_on_the_next_connection(
    subject: Subject, message: Message, clock: ManualClock
) -> None:
    put(subject, message, a=2)
    subject.queue.next(1)
    subject.queue.quarantine(("a", 0), "a NUL in its topic")
    clock.advance(RETRY)
    subject.queue.again()
    assert names(subject.queue.next(20)) == ["a1"]


def test_the_facts_follow_what_is_handed_out_and_acknowledged(subject: Subject, message: Message) -> None:
    assert subject.queue.facts == OutboxFacts()
    put(subject, message, a=2)
    subject.queue.next(1)
    assert (subject.queue.facts.waiting, subject.queue.facts.size) == (2, 2 * len(message().payload))
    assert subject.queue.facts.oldest is not None
    subject.queue.acknowledge([("a", 0)])
    assert subject.queue.facts.waiting == 1
    subject.queue.acknowledge([("a", 1)])
    assert subject.queue.facts == OutboxFacts()
