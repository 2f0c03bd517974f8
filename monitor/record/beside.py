"""Opening a history that is there beside its writer: to read it, or to write a little. Never makes a file.

A look at the file itself is a `stat` and no more: a process that opens and closes a database by hand drops the locks of all its own
SQLite connections to it.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from monitor.errors import StorageError
from monitor.record.connect import check_owner
from monitor.record.faults import storage_error
from monitor.record.schema import MIGRATIONS


def open_beside(path: Path, *, writing: bool = False, patience: float = 5.0) -> sqlite3.Connection:
    """Open the history at `path`; `patience`: seconds to wait for another writer.

    Raises StorageError (missing, no permission, older, unreadable), HistoryRefusedError (newer, another program's).
    """
    _check_access(path, writing=writing)
    doing = "write the history" if writing else "read the history"
    address = f"{path.absolute().as_uri()}?mode={'rw' if writing else 'ro'}"
    try:
        connection = sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise storage_error(path, doing, error) from error
    try:
        version = check_owner(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise storage_error(path, doing, error) from error
    except StorageError:
        connection.close()
        raise
    if version < len(MIGRATIONS):
        connection.close()
        raise StorageError(f"{path}: made by an older version of monitor; start `monitor run` once to bring it up to date")
    return connection


def _check_access(path: Path, *, writing: bool) -> None:
    """SQLite says "unable to open database file" for everything; find out what is the matter before it is asked."""
    try:
        path.stat()
    except FileNotFoundError as error:
        raise StorageError(f"{path}: no history there; `monitor run` writes it, and history.path says where") from error
    except PermissionError as error:
        raise _no_permission(path, "read") from error
    except OSError as error:
        raise storage_error(path, "read the history", error) from error
    for right, doing in ((os.R_OK, "read"), (os.W_OK, "write")):
        if (right == os.R_OK or writing) and not os.access(path, right, effective_ids=True):
            raise _no_permission(path, doing)


def _no_permission(path: Path, doing: str) -> StorageError:
    return StorageError(
        f"{path}: no permission to {doing} the history; members of the group `monitor` may:"
        " sudo usermod -aG monitor $USER, then sign in again"
    )
