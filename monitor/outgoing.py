"""The words of the outbox: a message on its way to the broker, and how those that wait for it stand."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.values import Severity


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An alert as a message on its way to the broker. payload: its JSON, with `delayed` false.

    since: the monotonic second of what it tells of; -inf if that was before this machine was started.
    """

    id: str
    seq: int
    camera: str
    severity: Severity
    topic: str
    payload: bytes
    since: float

    @property
    def key(self) -> tuple[str, int]:
        """What duplicates are known by."""
        return self.id, self.seq


@dataclass(frozen=True, slots=True)
class OutboxFacts:
    """How the outbox stands. waiting, rejected, poison: alerts in each state; size: their payloads in bytes.

    oldest: Unix seconds of the oldest that waits, None if none does. lost_alerts, lost_notices: dropped because there was no more room,
    since the history began; lost_since, lost_until: Unix seconds of the first and the last drop, None if there was none.
    """

    waiting: int = 0
    rejected: int = 0
    poison: int = 0
    size: int = 0
    oldest: float | None = None
    lost_alerts: int = 0
    lost_notices: int = 0
    lost_since: float | None = None
    lost_until: float | None = None
