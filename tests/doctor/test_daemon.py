from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.doctor.daemon import Running, check_daemon, find_daemon
from monitor.record.lock import HistoryLock
from tests.doctor.conftest import levels


def test_a_daemon_is_found_by_its_lock_with_its_process(tmp_path: Path) -> None:
    lock = HistoryLock(tmp_path / "history.db")
    lock.acquire()
    assert find_daemon(tmp_path / "history.db") == Running(runs=True, pid=os.getpid())
    lock.release()
    assert find_daemon(tmp_path / "history.db") == Running()


def test_looking_neither_makes_nor_keeps_the_lock(tmp_path: Path) -> None:
    assert find_daemon(tmp_path / "history.db") == Running()
    assert list(tmp_path.iterdir()) == []
    lock = HistoryLock(tmp_path / "history.db")
    lock.acquire()
    lock.release()
    find_daemon(tmp_path / "history.db")
    lock.acquire()
    lock.release()


def test_a_lock_that_may_not_be_read_is_a_warning_to_ask_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr("monitor.doctor.daemon.os.open", refuse)
    (finding,) = check_daemon(find_daemon(tmp_path / "history.db"))
    assert (finding.level, finding.remedy) == ("warning", "run this with sudo")


@pytest.mark.parametrize("running", [Running(), Running(runs=True, pid=7), Running(runs=True)])
def test_whether_it_runs_is_told_and_either_is_fine(running: Running) -> None:
    assert levels(check_daemon(running)) == ["ok"]
