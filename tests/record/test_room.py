"""The room beside the history, and its ballast."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.errors import StorageError
from monitor.record.room import Room
from monitor.record.store import Batch, History
from monitor.values import Alert


def test_the_ballast_takes_the_room_that_it_gives_back(tmp_path: Path) -> None:
    room = Room(tmp_path / "history.db", ballast=1_000_000, short=0)
    room.take_ballast()
    ballast = tmp_path / "history.db.ballast"
    assert ballast.stat().st_blocks * 512 >= 1_000_000
    assert not room.drop_ballast(), "there is room"
    full = Room(tmp_path / "history.db", full=10**18)
    assert full.drop_ballast()
    assert not ballast.exists()
    assert not full.drop_ballast()


def test_there_is_no_ballast_where_it_would_fill_the_disk(small_disk: Path) -> None:
    free = shutil.disk_usage(small_disk).free
    Room(small_disk / "history.db", ballast=free // 2, short=free // 3).take_ballast()
    assert list(small_disk.iterdir()) == []
    Room(small_disk / "history.db", ballast=2 * free, short=0).take_ballast()
    assert list(small_disk.iterdir()) == []


def test_a_folder_that_is_not_there_is_neither_short_nor_full(tmp_path: Path) -> None:
    room = Room(tmp_path / "never" / "history.db")
    room.take_ballast()
    assert (room.free(), room.short, room.full, room.drop_ballast()) == (None, False, False, False)


def test_without_its_ballast_a_full_disk_takes_alerts_and_retention(
    small_disk: Path, clock: ManualClock, alert: Callable[..., Alert]
) -> None:
    room = Room(small_disk / "history.db", ballast=300_000, short=0, full=50_000)
    room.take_ballast()
    history = History(small_disk / "history.db", clock)
    history.commit(Batch([alert(seq=number, time=1.6e9) for number in range(100)]))
    (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free))
    with pytest.raises(StorageError, match="free some space"):
        history.commit(Batch([alert(seq=number) for number in range(100, 300)]))
    assert room.drop_ballast()
    history.commit(Batch([alert(seq=number) for number in range(100, 300)]))
    assert history.prune(60.0, 10**12) == 30
    history.close()
