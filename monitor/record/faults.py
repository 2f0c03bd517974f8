"""One sentence for what a disk or SQLite says, naming the file and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from monitor.errors import StorageError

_ADVICE = {
    sqlite3.SQLITE_FULL: "free some space",
    sqlite3.SQLITE_READONLY: "check that the file system is not read-only and that this user may write there",
    sqlite3.SQLITE_CANTOPEN: "check that the file system is not read-only and that this user may write in the folder",
    sqlite3.SQLITE_IOERR: "the disk may be failing or full, see the kernel's log",
    sqlite3.SQLITE_CORRUPT: "the file is damaged, it is moved aside when it is next opened",
    sqlite3.SQLITE_NOTADB: "the file is damaged, it is moved aside when it is next opened",
}


def result_code(error: sqlite3.Error) -> int:
    """The primary SQLite result code (`SQLITE_FULL`, `SQLITE_IOERR`, ...); 0 where Python raised the error itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def storage_error(path: Path, doing: str, error: sqlite3.Error | OSError) -> StorageError:
    """Say that `doing` (such as "write the history") failed on `path`, with the system's own words and what to do."""
    if isinstance(error, OSError):
        return StorageError(f"{path}: cannot {doing}: {error.strerror or error}")
    advice = _ADVICE.get(result_code(error))
    return StorageError(f"{path}: cannot {doing}: {error}" + (f"; {advice}" if advice else ""))
