"""What the outbox lets go of: what is too much for it, and what is too old. Notices go before alerts, the oldest first.

Each function runs inside the caller's transaction, which counts the loss as well.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from monitor.config.schema import OutboxSettings
from monitor.record.age import CLOCK_WAS_SET
from monitor.record.boot import boot_id
from monitor.record.losses import Losses, add_losses
from monitor.values import Moment, Severity

_SHARE = 10  # one row in so many goes per call for its age, at most
_MOST = 2000

Dropped = Sequence[tuple[int, str]]  # row id, severity


def bound(connection: sqlite3.Connection, settings: OutboxSettings, wall: float) -> None:
    """Drop what is beyond `max_rows` and `max_size` as of `wall` (Unix seconds)."""
    rows, size = used(connection)
    dropped: list[tuple[int, str]] = []
    for severity in (Severity.NOTICE, Severity.ALERT):
        if rows <= settings.max_rows and size <= settings.max_size:
            break
        for row, its_size in connection.execute("SELECT id, size FROM outbox WHERE severity = ? ORDER BY id", (severity,)):
            dropped.append((row, severity))
            rows, size = rows - 1, size - its_size
            if rows <= settings.max_rows and size <= settings.max_size:
                break
    _drop(connection, dropped, wall)


def drop_old(connection: sqlite3.Connection, settings: OutboxSettings, now: Moment) -> int:
    """Drop a part of what is older than `max_age`, a tenth at most; return how many rows went.

    A wall clock that jumps must not empty the outbox: what was written since the machine was started has its age from the monotonic
    clock as well.
    """
    rows, _ = used(connection)
    dropped = connection.execute(
        "SELECT id, severity FROM outbox WHERE created BETWEEN ? AND ? AND (boot != ? OR since < ?) ORDER BY created LIMIT ?",
        (
            *(CLOCK_WAS_SET, now.wall - settings.max_age, boot_id(), now.mono - settings.max_age),
            min(max(rows // _SHARE, 1), _MOST),
        ),
    ).fetchall()
    _drop(connection, dropped, now.wall)
    return len(dropped)


def used(connection: sqlite3.Connection) -> tuple[int, int]:
    """Give the rows of the outbox and the bytes of their payloads."""
    rows, size = connection.execute("SELECT coalesce(sum(messages), 0), coalesce(sum(size), 0) FROM outbox_totals").fetchone()
    return rows, size


def _drop(connection: sqlite3.Connection, dropped: Dropped, wall: float) -> None:
    connection.executemany("DELETE FROM outbox WHERE id = ?", ((row,) for row, _ in dropped))
    if losses := Losses.of((severity for _, severity in dropped), wall):
        add_losses(connection, losses)
