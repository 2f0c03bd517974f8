from __future__ import annotations

from pathlib import Path

from monitor.clock import ManualClock
from monitor.config.schema import OutboxSettings
from monitor.doctor.history import check_history, judge
from monitor.outgoing import OutboxFacts
from monitor.record.store import History
from tests.doctor.conftest import levels


def test_one_that_is_not_there_yet_is_no_fault_and_is_not_made(tmp_path: Path) -> None:
    assert levels(check_history(tmp_path / "history.db")) == ["ok"]
    assert list(tmp_path.iterdir()) == []


def test_a_sound_one_is_opened_beside_its_daemon(tmp_path: Path) -> None:
    history = History(tmp_path / "history.db", ManualClock(), OutboxSettings())
    history.open()
    assert levels(check_history(tmp_path / "history.db")) == ["ok"]
    history.close()


def test_an_empty_or_damaged_one_is_a_warning_as_the_daemon_begins_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    for content in (b"", b"no database at all " * 100):
        path.write_bytes(content)
        assert levels(check_history(path)) == ["warning"]


def test_what_does_not_get_through_is_told_with_the_command_that_shows_it(tmp_path: Path) -> None:
    assert levels(judge(tmp_path, OutboxFacts(waiting=3))) == ["ok"]
    _, stuck, lost = judge(tmp_path, OutboxFacts(rejected=1, poison=2, lost_alerts=4))
    assert (stuck.level, lost.level) == ("warning", "warning")
    assert "refused: 3" in stuck.told
    assert "monitor outbox" in stuck.remedy
