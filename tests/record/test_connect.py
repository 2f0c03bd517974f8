"""What a start makes of the file it finds."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.errors import HistoryRefusedError, StorageError
from monitor.outgoing import Outgoing
from monitor.record.outbox_desk import OutboxDesk
from monitor.record.reader import HistoryReader
from monitor.record.schema import APPLICATION_ID, MIGRATIONS
from monitor.record.store import Batch, History
from monitor.values import Alert


@pytest.fixture
def used(tmp_path: Path, clock: ManualClock, alert: Callable[..., Alert]) -> Path:
    """A history with 2000 alerts, closed."""
    path = tmp_path / "history.db"
    history = History(path, clock)
    history.commit(Batch([alert(seq=number) for number in range(2000)]))
    history.close()
    return path


def write_header(path: Path, clock: ManualClock) -> None:
    with path.open("r+b") as file:
        file.write(bytes(100))


def write_text(path: Path, clock: ManualClock) -> None:
    path.write_text("this was a database once\n" * 100)


def write_rubbish_inside(path: Path, clock: ManualClock) -> None:
    with path.open("r+b") as file:
        for page in range(2, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xde\xad" * 2048)


def cut_off(path: Path, clock: ManualClock) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def empty(path: Path, clock: ManualClock) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [write_header, write_text, write_rubbish_inside, cut_off, empty])
def test_a_damaged_history_is_moved_aside_and_a_new_one_is_started(
    used: Path, clock: ManualClock, alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture, harm: Callable[[Path, ManualClock], None]
) -> None:
    harm(used, clock)
    remains = used.read_bytes()

    history = History(used, clock)
    with caplog.at_level(logging.ERROR):
        history.open()
    assert history.last_run is None
    history.commit(Batch([alert()]))
    history.close()

    aside = used.with_name("history.db.corrupt-2023-11-14T221320")
    assert aside.read_bytes() == remains
    assert [record.getMessage().partition(" is damaged (")[0] for record in caplog.records] == [f"history: {used}"]
    assert "was moved to history.db.corrupt-2023-11-14T221320" in caplog.text
    with HistoryReader(used) as reader:
        assert list(reader.alerts()) == [alert()]


def test_an_emptied_history_takes_its_write_ahead_log_along(used: Path, clock: ManualClock) -> None:
    empty(used, clock)
    used.with_name("history.db-wal").write_bytes(b"what is left")
    history = History(used, clock)
    history.open()
    history.close()
    assert used.with_name("history.db.corrupt-2023-11-14T221320-wal").read_bytes() == b"what is left"


def test_a_second_damaged_file_in_the_same_second_does_not_overwrite_the_first(used: Path, clock: ManualClock) -> None:
    for _ in range(3):
        used.write_text("damaged")
        history = History(used, clock)
        history.open()
        history.close()
    assert len(list(used.parent.glob("history.db.corrupt-*"))) == 3


def test_a_file_of_a_newer_version_is_refused_and_left_alone(used: Path, clock: ManualClock) -> None:
    with closing(sqlite3.connect(used)) as connection:
        connection.execute("PRAGMA user_version=99")
    before = used.read_bytes()
    message = r"history\.db: made by a newer version of monitor \(its format is 99, this one knows 5\)"
    with pytest.raises(HistoryRefusedError, match=message):
        HistoryReader(used)
    history = History(used, clock)
    with pytest.raises(HistoryRefusedError, match=message):
        history.open()
    history.close()
    assert used.read_bytes() == before
    assert not list(used.parent.glob("*corrupt*"))


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "firefox.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE places (url TEXT)")
    before = path.read_bytes()
    history = History(path, clock)
    with pytest.raises(HistoryRefusedError, match="a database of another program"):
        history.open()
    history.close()
    assert path.read_bytes() == before


def test_a_new_file_is_marked_as_ours_and_can_give_space_back(history: History, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        marks = [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version", "auto_vacuum", "journal_mode")
        ]
    assert marks == [0x6D6F6E69, 5, 2, "wal"]


def test_a_file_of_the_first_version_is_brought_up_to_date_and_keeps_its_rows(
    used: Path, clock: ManualClock, alert: Callable[..., Alert], message: Callable[..., Outgoing]
) -> None:
    path = used.with_name("old.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{MIGRATIONS[0]}; PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version=1")
        connection.execute(f"ATTACH '{used}' AS used")
        connection.execute("ALTER TABLE used.alerts DROP COLUMN time_quality")
        connection.execute("INSERT INTO main.alerts SELECT * FROM used.alerts")
        connection.commit()
    with pytest.raises(StorageError, match="made by an older version of monitor; start `monitor run` once"):
        HistoryReader(path)

    history = History(path, clock)
    history.commit(Batch([alert(id="e2")], outgoing=[message(id="e2")]))
    history.close()
    with HistoryReader(path) as reader:
        assert list(reader.alerts()) == [*(alert(seq=number) for number in range(2000)), alert(id="e2")]
    with OutboxDesk(path) as desk:
        assert [row.episode for row in desk.rows()] == ["e2"]


def test_a_start_that_was_killed_before_the_tables_were_made_is_taken_up(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "history.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    history = History(path, clock)
    history.commit(Batch())
    history.close()
    assert not list(tmp_path.glob("*corrupt*"))
