"""The outbox while the disk refuses what is put into it, and afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.outgoing import Outgoing
from monitor.record.held import CAPACITY
from monitor.record.outbox import Outbox
from monitor.record.outbox_desk import OutboxDesk
from monitor.record.second import SecondConnection
from monitor.record.store import Batch, History
from monitor.values import Severity

Message = Callable[..., Outgoing]


def seqs(outbox: Outbox) -> list[int]:
    return [message.seq for message in outbox.next(10_000)]


def on_disk(folder: Path) -> list[tuple[int, str]]:
    with OutboxDesk(folder / "history.db") as desk:
        return [(row.seq, row.state) for row in desk.rows()]


def commit(history: History, outbox: Outbox, *fresh: Outgoing) -> None:
    """Commit what is held and what is fresh, as the record thread does."""
    messages = [*outbox.held(), *fresh]
    history.commit(Batch(outgoing=messages))
    outbox.release([message.key for message in messages])


def test_what_is_on_the_disk_goes_before_what_is_in_memory_and_nothing_twice(history: History, outbox: Outbox, message: Message) -> None:
    outbox.hold([message(seq=2), message(seq=1)])
    history.commit(Batch(outgoing=[message(seq=0), message(seq=1)]))
    assert seqs(outbox) == [0, 1, 2]
    outbox.release([message(seq=1).key])
    assert seqs(outbox) == []
    outbox.again()
    assert seqs(outbox) == [0, 1, 2]


def test_what_is_held_is_written_once_the_disk_takes_it_and_is_out_still(
    history: History, outbox: Outbox, tmp_path: Path, message: Message
) -> None:
    outbox.hold([message(seq=0)])
    assert seqs(outbox) == [0]
    commit(history, outbox, message(seq=1))
    assert on_disk(tmp_path) == [(0, "waiting"), (1, "waiting")]
    assert seqs(outbox) == [1]
    assert outbox.held() == []
    outbox.acknowledge([message(seq=0).key, message(seq=1).key])
    assert on_disk(tmp_path) == []


@pytest.mark.parametrize("outcome", ["written", "refused"])
def test_what_the_broker_got_while_it_was_on_its_way_to_the_disk_does_not_come_back(
    history: History, outbox: Outbox, tmp_path: Path, message: Message, outcome: str
) -> None:
    outbox.hold([message()])
    outbox.next(1)
    leaving = outbox.held()
    outbox.acknowledge([message().key])
    if outcome == "written":
        history.commit(Batch(outgoing=leaving))
        outbox.release([message().key])
    else:
        outbox.hold(leaving)
    outbox.again()
    assert (seqs(outbox), outbox.held(), on_disk(tmp_path)) == ([], [], [])


def test_what_was_set_aside_in_memory_is_set_aside_on_the_disk(history: History, outbox: Outbox, tmp_path: Path, message: Message) -> None:
    outbox.hold([message(seq=0), message(seq=1)])
    outbox.next(2)
    outbox.refuse(message(seq=0).key, "not authorised")
    outbox.quarantine(message(seq=1).key, "a NUL in its topic")
    commit(history, outbox)
    assert seqs(outbox) == []
    assert on_disk(tmp_path) == [(0, "rejected"), (1, "poison")]


def test_memory_is_bounded_and_its_losses_are_counted_on_the_disk_when_it_is_back(
    outbox: Outbox, tmp_path: Path, clock: ManualClock, message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.hold([message(seq=seq, severity=Severity.NOTICE if seq == 500 else Severity.ALERT) for seq in range(CAPACITY)])
    with caplog.at_level(logging.ERROR):
        outbox.hold([message(seq=CAPACITY), message(seq=CAPACITY + 1)])
        outbox.hold([message(seq=CAPACITY + 2)])
    assert caplog.text.count("each new one drops an old one") == 1
    assert seqs(outbox) == [seq for seq in range(2, CAPACITY + 3) if seq != 500]
    assert (outbox.facts.lost_alerts, outbox.facts.lost_notices, outbox.facts.lost_since) == (2, 1, clock.now().wall)

    history = History(tmp_path / "history.db", clock)
    history.open()
    for _ in range(2):
        outbox.next(1)
        assert (outbox.facts.lost_alerts, outbox.facts.lost_notices) == (2, 1)
    with OutboxDesk(tmp_path / "history.db") as desk:
        assert (desk.facts().lost_alerts, desk.facts().lost_notices, desk.facts().lost_until) == (2, 1, clock.now().wall)
    history.close()


def test_a_disk_without_a_history_delays_nothing_is_told_once_and_is_left_as_it_is(
    outbox: Outbox, second: SecondConnection, tmp_path: Path, clock: ManualClock, message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        outbox.hold([message()])
        assert seqs(outbox) == [0]
        outbox.acknowledge([message().key])
        assert list(tmp_path.iterdir()) == []
        history = History(tmp_path / "history.db", clock)
        history.commit(Batch(outgoing=[message(seq=1)]))
        assert seqs(outbox) == [1]
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "history.db: no history there" in caplog.text
    history.close()
