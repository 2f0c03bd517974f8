"""What the outbox on the disk lets go of, and that no loss is silent."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.config.schema import OutboxSettings
from monitor.outgoing import OutboxFacts, Outgoing
from monitor.record.outbox_desk import OutboxDesk
from monitor.record.store import Batch, History
from monitor.values import Severity

DAY = 86400.0
PLENTY = 10**12
Message = Callable[..., Outgoing]
MakeHistory = Callable[..., History]


@pytest.fixture
def bounded(tmp_path: Path, clock: ManualClock) -> Iterator[MakeHistory]:
    """Open `tmp_path/history.db` with these bounds for its outbox."""
    opened: list[History] = []

    def make(*, synchronised: bool = False, **bounds: float) -> History:
        opened.append(History(tmp_path / "history.db", clock, OutboxSettings().model_copy(update=bounds), lambda: synchronised))
        return opened[-1]

    yield make
    for history in opened:
        history.close()


def seqs(folder: Path) -> list[int]:
    with OutboxDesk(folder / "history.db") as desk:
        return [row.seq for row in desk.rows()]


def facts(folder: Path) -> OutboxFacts:
    with OutboxDesk(folder / "history.db") as desk:
        return desk.facts()


def pretend_another_boot(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "history.db", isolation_level=None)) as connection:
        connection.execute("UPDATE outbox SET boot = 'another'")


def test_beyond_its_rows_the_oldest_notices_go_first_then_the_oldest_alerts(
    bounded: MakeHistory, tmp_path: Path, clock: ManualClock, message: Message
) -> None:
    history = bounded(max_rows=4)
    notice = Severity.NOTICE
    history.commit(Batch(outgoing=[message(seq=0), message(seq=1, severity=notice), message(seq=2), message(seq=3, severity=notice)]))
    assert seqs(tmp_path) == [0, 1, 2, 3]
    first = clock.advance(5).wall
    history.commit(Batch(outgoing=[message(seq=4)]))
    assert seqs(tmp_path) == [0, 2, 3, 4]
    last = clock.advance(5).wall
    history.commit(Batch(outgoing=[message(seq=5), message(seq=6)]))
    assert seqs(tmp_path) == [2, 4, 5, 6]
    found = facts(tmp_path)
    assert (found.lost_alerts, found.lost_notices, found.lost_since, found.lost_until) == (1, 2, first, last)


def test_beyond_its_size_as_many_go_as_make_room(bounded: MakeHistory, tmp_path: Path, message: Message) -> None:
    history = bounded(max_size=1000)
    history.commit(Batch(outgoing=[message(seq=seq, payload=bytes(300)) for seq in range(3)]))
    assert facts(tmp_path) == OutboxFacts(waiting=3, size=900, oldest=1_700_000_000.0)
    history.commit(Batch(outgoing=[message(seq=3, payload=bytes(500))]))
    assert seqs(tmp_path) == [2, 3]
    assert (facts(tmp_path).size, facts(tmp_path).lost_alerts) == (800, 2)


def test_a_commit_that_was_not_made_counts_no_loss(bounded: MakeHistory, tmp_path: Path, message: Message) -> None:
    history = bounded(max_rows=1)
    history.commit(Batch(outgoing=[message()]))
    history.commit(Batch(outgoing=[message()]))
    assert (seqs(tmp_path), facts(tmp_path).lost_alerts) == ([0], 0)


def test_what_is_past_its_age_goes_and_is_counted(bounded: MakeHistory, tmp_path: Path, clock: ManualClock, message: Message) -> None:
    history = bounded(max_age=30 * DAY)
    history.commit(Batch(outgoing=[message(since=clock.now().mono)]))
    clock.advance(2 * DAY)
    history.commit(Batch(outgoing=[message(seq=1, since=clock.now().mono)]))
    clock.advance(29 * DAY)
    assert history.prune(PLENTY, PLENTY) == 1
    assert (seqs(tmp_path), facts(tmp_path).lost_alerts) == ([1], 1)
    assert history.prune(PLENTY, PLENTY) == 0


def test_a_kept_clock_that_jumps_ahead_drops_nothing_of_this_boot_and_a_tenth_of_others(
    bounded: MakeHistory, tmp_path: Path, clock: ManualClock, message: Message
) -> None:
    history = bounded(max_age=30 * DAY, synchronised=True)
    history.commit(Batch(outgoing=[message(seq=seq) for seq in range(30)]))
    clock.set_wall(clock.now().wall + 3650 * DAY)
    assert history.prune(PLENTY, PLENTY) == 0
    pretend_another_boot(tmp_path)
    assert history.prune(PLENTY, PLENTY) == 3
    assert seqs(tmp_path) == list(range(3, 30))


def test_a_clock_that_nobody_keeps_drops_nothing_by_jumping_ahead(
    bounded: MakeHistory, tmp_path: Path, clock: ManualClock, message: Message
) -> None:
    history = bounded(max_age=30 * DAY)
    history.commit(Batch(outgoing=[message()]))
    pretend_another_boot(tmp_path)
    clock.set_wall(clock.now().wall + 3650 * DAY)
    assert history.prune(PLENTY, PLENTY) == 0


@pytest.mark.parametrize("unset", ["then", "now"])
def test_a_clock_that_nobody_set_gives_no_age(
    bounded: MakeHistory, tmp_path: Path, clock: ManualClock, message: Message, unset: str
) -> None:
    history = bounded(max_age=30 * DAY)
    if unset == "then":
        clock.set_wall(500.0)
    history.commit(Batch(outgoing=[replace(message(), since=0.0)]))
    pretend_another_boot(tmp_path)
    clock.set_wall(500.0 if unset == "now" else 1_800_000_000.0)
    assert history.prune(PLENTY, PLENTY) == 0
    assert seqs(tmp_path) == [0]
