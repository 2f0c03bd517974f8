"""What is known of the daemon as JSON, CSV, pictures and clips: status, configuration, history, alerts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import flask
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from monitor.errors import StorageError
from monitor.values import SIGHTING_COLUMNS
from monitor.web.answers import answer, refuse
from monitor.web.queries import MOST_LINES, MOST_ROWS, USUAL_ROWS, read_query
from monitor.web.window import Json, Window

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_SEQ = re.compile(r"[0-9]{1,9}")
_LINES_AT_ONCE = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would compute instead of show."""


def blueprint(window: Window) -> flask.Blueprint:
    """Serve what the daemon knows under /api."""
    routes = flask.Blueprint("api", __name__, url_prefix="/api")

    @routes.get("/status")
    def status() -> flask.Response:
        return answer(window.status())

    @routes.get("/config")
    def config() -> flask.Response:
        return answer(window.config())

    @routes.get("/history")
    def history() -> flask.Response:
        query = read_query(window.cameras(), MOST_ROWS, USUAL_ROWS)
        with _readable():
            return answer({"sightings": list(window.sightings(query))})

    @routes.get("/history.csv")
    def history_csv() -> flask.Response:
        query = read_query(window.cameras(), MOST_LINES, None)
        with _readable():
            rows = window.sightings(query)
            first = list(islice(rows, _LINES_AT_ONCE))  # before anything is sent: that nothing can be read is still told then
        response = flask.Response(_csv(chain(first, rows)), mimetype="text/csv")
        response.headers["Content-Disposition"] = "attachment; filename=history.csv"
        response.headers["Cache-Control"] = "no-store"
        return response

    @routes.get("/alerts")
    def alerts() -> flask.Response:
        query = read_query(window.cameras(), MOST_ROWS, USUAL_ROWS)
        with _readable():
            return answer({"alerts": list(window.alerts(query))})

    @routes.get("/alerts/<alert_id>/<seq>.jpg")
    def snapshot(alert_id: str, seq: str) -> flask.Response:
        known = _ID.fullmatch(alert_id) and _SEQ.fullmatch(seq)
        return _send(window.snapshot(alert_id, int(seq)) if known else None, "image/jpeg", "this alert has no picture (any more)")

    @routes.get("/alerts/<alert_id>/clip")
    def clip(alert_id: str) -> flask.Response:
        known = _ID.fullmatch(alert_id)
        return _send(window.clip(alert_id) if known else None, "video/webm", "this alert has no clip (yet, or any more)")

    return routes


@contextmanager
def _readable() -> Iterator[None]:
    """Answer 503 if the history cannot be read."""
    try:
        yield
    except StorageError as error:
        refuse(503, str(error))


def _csv(rows: Iterator[Json]) -> Iterator[str]:
    """Write rows as `monitor history --csv` does, a few hundred lines at a time."""
    page = io.StringIO()
    writer = csv.DictWriter(page, SIGHTING_COLUMNS, lineterminator="\n")
    writer.writeheader()
    while True:
        some = [{key: _harmless(cell) for key, cell in row.items()} for row in islice(rows, _LINES_AT_ONCE)]
        writer.writerows(some)
        yield page.getvalue()
        if not some:
            return
        page.seek(0)
        page.truncate()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _send(path: Path | None, kind: str, otherwise: str) -> flask.Response:
    """Send a file that never changes, or the part of it that is asked for."""
    if path is None:
        refuse(404, otherwise)
    try:
        # Absolute, as Flask takes a relative path from the package's folder.
        return flask.send_file(path.absolute(), mimetype=kind, conditional=True)
    except OSError:  # cleared away since it was found
        refuse(404, otherwise)
    except RequestedRangeNotSatisfiable as error:
        refuse(416, f"the file has only {error.length} bytes")
