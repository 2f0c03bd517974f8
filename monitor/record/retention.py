"""What the history lets go of: rows past their age, the oldest rows of a file past its size, sightings of a disk that is nearly full.

Each call is short, and takes at most a tenth of a table by age: should a clock that a time service vouches for be years ahead, that
costs a part of the history, and not all of it before someone notices. What was written by a clock that nobody had set has no age.
"""

from __future__ import annotations

import sqlite3

from monitor.record.age import CLOCK_WAS_SET
from monitor.record.bounds import used

_SHARE = 10  # one row in so many goes per call, at most
_FEWEST = 10
_MOST = 2000
_PAGES = 512  # given back to the file system per call
_OUTBOX_ROW = 350  # bytes of a row of the outbox beside its payload, with its indexes, about

_OLDEST_SIGHTINGS = "DELETE FROM sightings WHERE id IN (SELECT id FROM sightings ORDER BY id LIMIT ?)"
_TABLES = (
    (
        "SELECT max(id) - min(id) + 1 FROM camera_problems",
        "DELETE FROM camera_problems WHERE id IN (SELECT id FROM camera_problems WHERE at BETWEEN ? AND ? ORDER BY at LIMIT ?)",
        "DELETE FROM camera_problems WHERE id IN (SELECT id FROM camera_problems ORDER BY id LIMIT ?)",
    ),
    (
        "SELECT max(id) - min(id) + 1 FROM sightings",
        "DELETE FROM sightings WHERE id IN (SELECT id FROM sightings WHERE last BETWEEN ? AND ? ORDER BY last LIMIT ?)",
        _OLDEST_SIGHTINGS,
    ),
    (
        "SELECT max(id) - min(id) + 1 FROM alerts",
        "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE time BETWEEN ? AND ? ORDER BY time LIMIT ?)",
        "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts ORDER BY id LIMIT ?)",
    ),
    (
        "SELECT max(id) - min(id) + 1 FROM camera_events",
        "DELETE FROM camera_events WHERE id IN (SELECT id FROM camera_events WHERE at BETWEEN ? AND ? ORDER BY at LIMIT ?)",
        "DELETE FROM camera_events WHERE id IN (SELECT id FROM camera_events ORDER BY id LIMIT ?)",
    ),
)


def prune(connection: sqlite3.Connection, before: float, max_bytes: int) -> int:
    """Delete rows that ended before `before` (Unix seconds), or the oldest of the longest table while the data exceed `max_bytes`.

    Runs inside the caller's transaction and returns how many rows went; call it again later, one call does only a part.
    """
    gone = longest = 0
    oldest = ""
    for span, by_age, by_place in _TABLES:
        rows = connection.execute(span).fetchone()[0] or 0
        gone += connection.execute(by_age, (CLOCK_WAS_SET, before, _share(rows))).rowcount
        if rows > longest:
            longest, oldest = rows, by_place
    if oldest and _used_bytes(connection) > max_bytes:
        gone += connection.execute(oldest, (_share(longest),)).rowcount
    return gone


def make_room(connection: sqlite3.Connection) -> int:
    """Delete a part of the oldest sightings, in the caller's transaction; return how many went. Alerts are left alone."""
    rows = connection.execute("SELECT count(*) FROM sightings").fetchone()[0]
    return connection.execute(_OLDEST_SIGHTINGS, (_share(rows),)).rowcount


def shrink(connection: sqlite3.Connection) -> None:
    """Give some of the pages that deleted rows left behind back to the file system."""
    # This pragma frees one page per step, and only executescript steps on through rows that have no columns.
    connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")


def _share(rows: int) -> int:
    return min(max(rows // _SHARE, _FEWEST), _MOST)


def _used_bytes(connection: sqlite3.Connection) -> int:
    """The bytes in use, without those of the outbox, which has bounds of its own."""
    rows, payloads = used(connection)
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size"))
    return int((pages - free) * size) - payloads - rows * _OUTBOX_ROW
