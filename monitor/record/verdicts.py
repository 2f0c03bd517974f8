"""What became of messages that were sent, and how that is written down."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.record.held import Key
from monitor.record.outbox_rows import State

AT_ONCE = 1000
"""Rows changed in one transaction, at most, so that nobody waits for long."""

_DELETE = "DELETE FROM outbox WHERE episode = ? AND seq = ? RETURNING camera, attempts"
_SET_ASIDE = "UPDATE outbox SET state = ?, error = ?, attempts = attempts + ? WHERE episode = ? AND seq = ?"
_EMPTY = "UPDATE outbox SET state = 'poison', error = ?, payload = NULL WHERE episode = ? AND seq = ?"
_TRY_ONE_OF_EACH_CAMERA = (
    "UPDATE outbox SET state = 'waiting' WHERE id IN (SELECT"
    " (SELECT id FROM outbox WHERE camera = outbox_totals.camera AND state = 'rejected' ORDER BY attempts, id LIMIT 1)"
    " FROM outbox_totals WHERE state = 'rejected' AND messages > 0)"
)
_TRY_ALL = (
    "UPDATE outbox SET state = 'waiting' WHERE id IN (SELECT id FROM outbox WHERE camera = ? AND state = 'rejected' ORDER BY id LIMIT ?)"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """aside: where the message goes, None if the broker has it. why: in words. keep: False for a payload that nobody may read."""

    aside: State | None = None
    why: str = ""
    keep: bool = True


DELIVERED = Verdict()


def apply(connection: sqlite3.Connection, verdicts: Mapping[Key, Verdict]) -> None:
    """Write verdicts down, in the caller's transaction. A message that is no longer there is no error.

    A broker that takes what it had refused may take all that it refused of that camera: a part waits again, and each of these that is
    acknowledged brings more.
    """
    relenting: set[str] = set()
    for key, verdict in verdicts.items():
        if verdict.aside is None:
            relenting |= {camera for camera, attempts in connection.execute(_DELETE, key).fetchall() if attempts}
        elif verdict.keep:
            connection.execute(_SET_ASIDE, (verdict.aside, verdict.why, verdict.aside is State.REJECTED, *key))
        else:
            # A payload that is left where it is would be read into memory to write the row anew.
            connection.execute(_EMPTY, (verdict.why, *key))
    connection.executemany(_TRY_ALL, ((camera, AT_ONCE) for camera in relenting))


def try_refused(connection: sqlite3.Connection) -> None:
    """Let the least-tried refused message of each camera wait again, in the caller's transaction; of several, the oldest."""
    connection.execute(_TRY_ONE_OF_EACH_CAMERA)
