"""Making sure that the disk has what the file system says it has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.record.force import write_again


def test_a_file_is_the_same_afterwards_and_forced_to_the_disk_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, content = tmp_path / "history.db-wal", os.urandom((2 << 20) + 123)
    path.write_bytes(content)
    written: list[bytes] = []
    forced: list[int] = []
    pwrite = os.pwrite

    def noting(file: int, data: bytes, place: int) -> int:
        written.append(data)
        return pwrite(file, data, place)

    monkeypatch.setattr(os, "pwrite", noting)
    monkeypatch.setattr(os, "fdatasync", lambda file: forced.append(len(written)))
    write_again(path)
    assert path.read_bytes() == content
    assert b"".join(written) == content
    assert forced == [len(written)], "once all of it is written"


def test_a_file_that_is_not_there_needs_nothing(tmp_path: Path) -> None:
    write_again(tmp_path / "none")
    assert not list(tmp_path.iterdir())
