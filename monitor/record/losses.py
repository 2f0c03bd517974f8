"""How many messages had to be dropped before a broker had them, and when: no loss is silent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from monitor.values import Severity


@dataclass(frozen=True, slots=True)
class Losses:
    """since, until: Unix seconds of the first and the last drop, None if there was none."""

    alerts: int = 0
    notices: int = 0
    since: float | None = None
    until: float | None = None

    @classmethod
    def of(cls, severities: Iterable[str], wall: float) -> Self:
        """Count messages dropped at `wall` (Unix seconds), given the severity of each."""
        dropped = list(severities)
        alerts = dropped.count(Severity.ALERT)
        return cls(alerts, len(dropped) - alerts, wall, wall) if dropped else cls()

    def __bool__(self) -> bool:
        return self.until is not None

    def __add__(self, later: Losses) -> Losses:
        since = later.since if self.since is None else self.since
        until = self.until if later.until is None else later.until
        return Losses(self.alerts + later.alerts, self.notices + later.notices, since, until)


def losses_in(connection: sqlite3.Connection) -> Losses:
    """Read what was lost since the history began."""
    return Losses(*connection.execute("SELECT alerts, notices, since, until FROM outbox_losses").fetchone())


def add_losses(connection: sqlite3.Connection, losses: Losses) -> None:
    """Count what was lost, in the caller's transaction."""
    connection.execute(
        "UPDATE outbox_losses SET alerts = alerts + :alerts, notices = notices + :notices,"
        " since = coalesce(since, :since), until = coalesce(:until, until)",
        {"alerts": losses.alerts, "notices": losses.notices, "since": losses.since, "until": losses.until},
    )
