"""What is written a day."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.observe.wear import SOON, bytes_per_day, written_bytes


def test_what_is_forced_to_a_disk_is_counted(tmp_path: Path) -> None:
    before = written_bytes()
    if before is None:
        pytest.skip("this system does not tell what a process writes")
    with (tmp_path / "file").open("wb") as file:
        file.write(os.urandom(1_000_000))
        file.flush()
        os.fsync(file.fileno())
    after = written_bytes()
    if after == before:
        pytest.skip("the folder for temporary files is not on a disk")
    assert after is not None
    assert after - before >= 900_000


@pytest.mark.parametrize("text", ["", "rchar: 5\n", "write_bytes: many\n", "nonsense\n"])
def test_a_system_that_does_not_tell_gives_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "io").write_text(text)
    assert written_bytes(tmp_path / "io") is None
    assert written_bytes(tmp_path / "missing") is None


def test_a_day_is_estimated_from_the_time_so_far_and_not_from_the_start_alone() -> None:
    assert bytes_per_day(1_000_000, 3600.0) == 24_000_000
    assert bytes_per_day(0, 3600.0) == 0
    assert bytes_per_day(1_000_000, SOON - 1) is None
    assert bytes_per_day(None, 3600.0) is None
