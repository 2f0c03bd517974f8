"""Opening the history for writing: made if missing, checked, brought up to date, moved aside if damaged."""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path

from monitor.clock import iso, stopwatch
from monitor.errors import HistoryRefusedError
from monitor.record.faults import result_code
from monitor.record.schema import APPLICATION_ID, MIGRATIONS

log = logging.getLogger(__name__)

_CHECK_SECONDS = 1.0
_STEPS_PER_LOOK = 10_000


class _DamagedError(Exception):
    """The file is not a sound database."""


def connect(path: Path, wall: float) -> sqlite3.Connection:
    """Open the history at `path` for writing; `wall` (Unix seconds) names a damaged file that is moved aside.

    Raises OSError or sqlite3.Error where the disk refuses, HistoryRefusedError for a file that is sound but not ours to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(path)
    except _DamagedError as damage:
        aside = set_aside(path, wall)
        log.error("history: %s is damaged (%s); it was moved to %s and a new one is started", path, damage, aside.name)
    return _open(path)


def set_aside(path: Path, wall: float) -> Path:
    """Rename a damaged history, together with its -wal and -shm, and return its new name."""
    aside = path.with_name(f"{path.name}.corrupt-{iso(wall, utc=True)[:19].replace(':', '')}")
    number = 1
    while aside.exists():
        number += 1
        aside = aside.with_name(f"{aside.name.partition('~')[0]}~{number}")
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def check_owner(connection: sqlite3.Connection, path: Path) -> int:
    """Return the file's version (0: it holds nothing yet). Raises HistoryRefusedError if it is another program's or newer."""
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    used = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and (owner or used):
        raise HistoryRefusedError(f"{path}: a database of another program; set history.path to a file of its own")
    if version > len(MIGRATIONS):
        raise HistoryRefusedError(
            f"{path}: made by a newer version of monitor (its format is {version}, this one knows {len(MIGRATIONS)});"
            " install that version, or name another file in history.path"
        )
    return version


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        # SQLite would make it 0644, and gives -wal and -shm the mode of the file: a group member who reads while
        # no daemon runs may leave a -shm behind, and the daemon must be able to write to it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660))
    elif path.stat().st_size == 0:
        raise _DamagedError("it is empty")
    connection = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    try:
        version = check_owner(connection, path)
        _check_pages(connection)
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # only takes effect before the first table
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
        connection.execute("PRAGMA journal_size_limit=4194304").fetchone()
        _migrate(connection, version)
    except sqlite3.DatabaseError as error:
        connection.close()
        if result_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise _DamagedError(str(error)) from error
        raise
    except (HistoryRefusedError, _DamagedError):
        connection.close()
        raise
    return connection


def _check_pages(connection: sqlite3.Connection) -> None:
    """Look for damage for a second at most: a big file on a slow card must not hold up the start."""
    deadline = stopwatch() + _CHECK_SECONDS
    connection.set_progress_handler(lambda: stopwatch() > deadline, _STEPS_PER_LOOK)
    try:
        finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if result_code(error) != sqlite3.SQLITE_INTERRUPT:
            raise
        finding = "ok"
    finally:
        connection.set_progress_handler(None, 0)
    if finding != "ok":
        raise _DamagedError(finding)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={number}; COMMIT;"
        )
