"""Reading the history beside a running daemon, which is neither hindered nor waited for.

Rows are read a page at a time: a listing that someone leaves open in a pager holds no transaction, which would keep the
daemon's write-ahead log growing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict, Unpack

from monitor.record.beside import open_beside
from monitor.record.faults import storage_error
from monitor.record.rows import Row, alert_of, sighting_of
from monitor.values import Alert, Sighting

_PAGE = 500

_SIGHTINGS_PAGE = (
    "SELECT id, camera, zone, label, class_id, first, last, best_score, looks, episode, model, time_quality FROM sightings"
    " WHERE id >= :start AND (:camera IS NULL OR camera = :camera) AND (:label IS NULL OR label = :label)"
    " AND (:since IS NULL OR last >= :since) AND (:until IS NULL OR first < :until) ORDER BY id LIMIT :page"
)
_SIGHTINGS_START = (
    "SELECT min(id) FROM (SELECT id FROM sightings"
    " WHERE (:camera IS NULL OR camera = :camera) AND (:label IS NULL OR label = :label)"
    " AND (:since IS NULL OR last >= :since) AND (:until IS NULL OR first < :until) ORDER BY id DESC LIMIT :limit)"
)
_ALERTS_PAGE = (
    "SELECT id, event_type, episode, seq, camera, zone, rule, label, score, severity, started_at, time, duration, reason, snapshot,"
    " time_quality FROM alerts"
    " WHERE id >= :start AND (:camera IS NULL OR camera = :camera) AND (:label IS NULL OR label = :label OR rule = :label)"
    " AND (:since IS NULL OR time >= :since) AND (:until IS NULL OR time < :until) ORDER BY id LIMIT :page"
)
_ALERTS_START = (
    "SELECT min(id) FROM (SELECT id FROM alerts"
    " WHERE (:camera IS NULL OR camera = :camera) AND (:label IS NULL OR label = :label OR rule = :label)"
    " AND (:since IS NULL OR time >= :since) AND (:until IS NULL OR time < :until) ORDER BY id DESC LIMIT :limit)"
)


class Filters(TypedDict, total=False):
    """What is asked for. since, until: Unix seconds; limit: only the newest so many."""

    camera: str | None
    label: str | None
    since: float | None
    until: float | None
    limit: int | None


_ANY: Filters = {"camera": None, "label": None, "since": None, "until": None, "limit": None}


class HistoryReader:
    """The reading end of the history: opens the file read-only and only when made; close it, or use it in a `with`."""

    def __init__(self, path: Path) -> None:
        """Open the history at `path`. Raises StorageError (missing, no permission, older, unreadable), HistoryRefusedError (newer)."""
        self._path = path
        self._connection = open_beside(path)

    def sightings(self, **filters: Unpack[Filters]) -> Iterator[Sighting]:
        """Yield the sightings that touch [since, until), in the order written."""
        return (sighting for sighting, _ in self.rated_sightings(**filters))

    def alerts(self, **filters: Unpack[Filters]) -> Iterator[Alert]:
        """Yield the committed alert messages in the order committed; `label` is that of the alert or the name of its rule."""
        return (alert for alert, _ in self.rated_alerts(**filters))

    def rated_sightings(self, **filters: Unpack[Filters]) -> Iterator[tuple[Sighting, str | None]]:
        """Yield the same with how good the time was (`TimeQuality`); None where nobody could tell."""
        return ((sighting_of(row), quality) for *row, quality in self._rows(_SIGHTINGS_START, _SIGHTINGS_PAGE, filters))

    def rated_alerts(self, **filters: Unpack[Filters]) -> Iterator[tuple[Alert, str | None]]:
        """Yield the same with how good the time was (`TimeQuality`); None where nobody could tell."""
        return ((alert_of(row), quality) for *row, quality in self._rows(_ALERTS_START, _ALERTS_PAGE, filters))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _rows(self, find_start: str, page: str, filters: Filters) -> Iterator[Row]:
        """Yield the rows of `page` without their id; `find_start` gives the id of the first of the newest `limit`."""
        start = 0
        asked = _ANY | filters
        try:
            if asked["limit"] is not None:
                found = self._connection.execute(find_start, asked).fetchone()[0]
                if found is None:
                    return
                start = found
            while rows := self._connection.execute(page, {**asked, "start": start, "page": _PAGE}).fetchall():
                yield from (row[1:] for row in rows)
                start = rows[-1][0] + 1
        except sqlite3.Error as error:
            raise storage_error(self._path, "read the history", error) from error
