"""The outbox on the disk: its statements, and how messages become rows and rows become messages again."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from monitor.outgoing import OutboxFacts, Outgoing
from monitor.record.boot import boot_id
from monitor.record.losses import losses_in
from monitor.record.rows import Row
from monitor.values import Severity

MAX_PAYLOAD = 16 * 1000**2
"""Bytes of a payload that is ever read into memory; no broker is sent a larger one."""


class State(StrEnum):
    """What becomes of a message next: it is sent, it is tried again later, or it waits for somebody."""

    WAITING = "waiting"
    REJECTED = "rejected"
    POISON = "poison"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message in the outbox. created: Unix seconds; payload: None if it is too large or was not kept."""

    id: int
    state: State
    episode: str
    seq: int
    camera: str
    topic: str
    payload: bytes | None
    attempts: int
    error: str | None
    created: float


PUT_OUTGOING = (
    "INSERT INTO outbox (episode, seq, camera, severity, topic, created, since, boot, payload)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (episode, seq) DO NOTHING"
)
GET_LINE = (
    "SELECT episode, seq, camera, severity, topic, since, boot, size, CASE WHEN size <= :limit THEN payload END"
    " FROM outbox WHERE camera = :camera AND state = 'waiting' ORDER BY id"
)
GET_PAGE = (
    "SELECT id, state, episode, seq, camera, topic, CASE WHEN size <= :limit THEN payload END, attempts, error, created"
    " FROM outbox WHERE id >= :start ORDER BY id LIMIT :page"
)
GET_CAMERAS = "SELECT camera FROM outbox_totals WHERE state = 'waiting' AND messages > 0"
_GET_OLDEST = (
    "SELECT min((SELECT created FROM outbox WHERE camera = outbox_totals.camera AND state = 'waiting' ORDER BY id LIMIT 1))"
    " FROM outbox_totals WHERE state = 'waiting' AND messages > 0"
)


def outgoing_row(message: Outgoing, wall: float) -> Row:
    """A message as PUT_OUTGOING wants it, put there at `wall` (Unix seconds)."""
    return (
        *(message.id, message.seq, message.camera, message.severity, message.topic),
        *(wall, message.since, boot_id(), message.payload),
    )


def outgoing_of(row: Row) -> Outgoing | None:
    """A row of GET_LINE as a message, None if its payload is too large or is not there."""
    episode, seq, camera, severity, topic, since, boot, _, payload = row
    if payload is None:
        return None
    return Outgoing(episode, seq, camera, Severity(severity), topic, payload, since if boot == boot_id() else float("-inf"))


def outbox_row_of(row: Row) -> OutboxRow:
    """A row of GET_PAGE as it is listed."""
    row_id, state, *rest = row
    return OutboxRow(row_id, State(state), *rest)


def facts_in(connection: sqlite3.Connection) -> OutboxFacts:
    """Read how the outbox stands."""
    totals = connection.execute("SELECT state, sum(messages), sum(size) FROM outbox_totals GROUP BY state").fetchall()
    count = {state: messages for state, messages, _ in totals}
    losses = losses_in(connection)
    return OutboxFacts(
        waiting=count.get(State.WAITING, 0),
        rejected=count.get(State.REJECTED, 0),
        poison=count.get(State.POISON, 0),
        size=sum(size for _, _, size in totals),
        oldest=connection.execute(_GET_OLDEST).fetchone()[0],
        lost_alerts=losses.alerts,
        lost_notices=losses.notices,
        lost_since=losses.since,
        lost_until=losses.until,
    )
