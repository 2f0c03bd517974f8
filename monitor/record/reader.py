"""Reading the history beside a running daemon, which is neither hindered nor waited for.

Rows are read a page at a time: a listing that someone leaves open in a pager holds no transaction, which would keep the
daemon's write-ahead log growing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor.record.beside import open_beside
from monitor.record.faults import storage_error
from monitor.record.rows import Row, alert_of, sighting_of
from monitor.values import Alert, Sighting

_PAGE = 500

_SIGHTINGS_PAGE = (
    "SELECT id, camera, zone, label, class_id, first, last, best_score, looks, episode, model FROM sightings"
    " WHERE id >= :start AND (:camera IS NULL OR camera = :camera) AND (:label IS NULL OR label = :label)"
    " AND (:since IS NULL OR last >= :since) AND (:until IS NULL OR first < :until) ORDER BY id LIMIT :page"
)
_SIGHTINGS_START = (
    "SELECT min(id) FROM (SELECT id FROM sightings"
    " WHERE (:camera IS NULL OR camera = :camera) AND (:label IS NULL OR label = :label)"
    " AND (:since IS NULL OR last >= :since) AND (:until IS NULL OR first < :until) ORDER BY id DESC LIMIT :limit)"
)
_ALERTS_PAGE = (
    "SELECT id, event_type, episode, seq, camera, zone, rule, label, score, severity, started_at, time, duration, reason, snapshot"
    " FROM alerts"
    " WHERE id >= :start AND (:camera IS NULL OR camera = :camera) AND (:label IS NULL OR label = :label OR rule = :label)"
    " AND (:since IS NULL OR time >= :since) AND (:until IS NULL OR time < :until) ORDER BY id LIMIT :page"
)
_ALERTS_START = (
    "SELECT min(id) FROM (SELECT id FROM alerts"
    " WHERE (:camera IS NULL OR camera = :camera) AND (:label IS NULL OR label = :label OR rule = :label)"
    " AND (:since IS NULL OR time >= :since) AND (:until IS NULL OR time < :until) ORDER BY id DESC LIMIT :limit)"
)


class HistoryReader:
    """The reading end of the history: opens the file read-only and only when made; close it, or use it in a `with`."""

    def __init__(self, path: Path) -> None:
        """Open the history at `path`. Raises StorageError (missing, no permission, older, unreadable), HistoryRefusedError (newer)."""
        self._path = path
        self._connection = open_beside(path)

    def sightings(
        self,
        camera: str | None = None,
        label: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int | None = None,
    ) -> Iterator[Sighting]:
        """Yield the sightings that touch [since, until) (Unix seconds), in the order written; only the newest `limit`."""
        filters = {"camera": camera, "label": label, "since": since, "until": until}
        return map(sighting_of, self._rows(_SIGHTINGS_START, _SIGHTINGS_PAGE, filters, limit))

    def alerts(
        self,
        camera: str | None = None,
        label: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int | None = None,
    ) -> Iterator[Alert]:
        """Yield the committed alert messages in the order committed; `label` is that of the alert or the name of its rule."""
        filters = {"camera": camera, "label": label, "since": since, "until": until}
        return map(alert_of, self._rows(_ALERTS_START, _ALERTS_PAGE, filters, limit))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _rows(self, find_start: str, page: str, filters: dict[str, str | float | None], limit: int | None) -> Iterator[Row]:
        """Yield the rows of `page` without their id; `find_start` gives the id of the first of the newest `limit`."""
        start = 0
        try:
            if limit is not None:
                found = self._connection.execute(find_start, {**filters, "limit": limit}).fetchone()[0]
                if found is None:
                    return
                start = found
            while rows := self._connection.execute(page, {**filters, "start": start, "page": _PAGE}).fetchall():
                yield from (row[1:] for row in rows)
                start = rows[-1][0] + 1
        except sqlite3.Error as error:
            raise storage_error(self._path, "read the history", error) from error
