"""Values to record, and a disk small enough to fill."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.outgoing import Outgoing
from monitor.record.outbox import Outbox
from monitor.record.second import SecondConnection
from monitor.record.store import History
from monitor.values import Alert, EventType, OpenEpisode, Place, Severity, Sighting

PLACE = Place("porch", "frame", "cat")
ALERT = Alert(EventType.START, "e1", 0, PLACE, "tabby", 0.9, Severity.ALERT, 1_700_000_000.25, 1_700_000_000.25, 0.0)
SIGHTING = Sighting("porch", "frame", "tabby", 281, 1_700_000_000.0, 1_700_000_004.5, 0.91, 12, "e1", "resnet18")
EPISODE = OpenEpisode("e1", 0, PLACE, "tabby", 0.9, Severity.ALERT, 1_700_000_000.25, 1_700_000_003.0)
MESSAGE = Outgoing("e1", 0, "porch", Severity.ALERT, "monitor/porch/alert", b'{"id":"e1","seq":0,"delayed":false}', 990.0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def history(tmp_path: Path, clock: ManualClock) -> Iterator[History]:
    """An open history in `tmp_path/history.db`, on a box whose clock nobody keeps."""
    history = History(tmp_path / "history.db", clock, synchronised=lambda: False)
    history.open()
    yield history
    history.close()


@pytest.fixture
def alert() -> Callable[..., Alert]:
    """Makes an alert; name what is to differ."""
    return lambda **changes: replace(ALERT, **changes)


@pytest.fixture
def sighting() -> Callable[..., Sighting]:
    """Makes a sighting; name what is to differ."""
    return lambda **changes: replace(SIGHTING, **changes)


@pytest.fixture
def episode() -> Callable[..., OpenEpisode]:
    """Makes an open episode; name what is to differ."""
    return lambda **changes: replace(EPISODE, **changes)


@pytest.fixture
def message() -> Callable[..., Outgoing]:
    """Makes a message for the outbox; name what is to differ."""
    return lambda **changes: replace(MESSAGE, **changes)


@pytest.fixture
def second(tmp_path: Path) -> Iterator[SecondConnection]:
    """The publisher thread's connection to `tmp_path/history.db`."""
    second = SecondConnection(tmp_path / "history.db")
    yield second
    second.close()


@pytest.fixture
def outbox(second: SecondConnection, clock: ManualClock) -> Outbox:
    """The publisher's end of the outbox in `tmp_path/history.db`."""
    return Outbox(second, clock)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False).returncode:
        pytest.skip("this sandbox does not let root mount a file system")
    try:
        yield disk
    finally:
        # Lazily: a test that failed may still have a file open there.
        subprocess.run(["umount", "--lazy", disk], check=True)
