"""What a request asks of the history: camera, label, since, until, limit."""

from __future__ import annotations

import re
from collections.abc import Collection

import flask

from monitor.clock import from_iso
from monitor.web.answers import refuse
from monitor.web.window import Query

MOST_ROWS = 1000
"""Of one answer in JSON."""
USUAL_ROWS = 100
MOST_LINES = 10_000_000
"""Of one answer in CSV, which is sent as it is read."""

_EARLIEST = from_iso("1970-01-01T00:00:00+00:00")
_LATEST = from_iso("2200-01-01T00:00:00+00:00")
_LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")
"""Where the + of an offset was: in a URL it means a space, and few people write %2B."""


def read_query(cameras: Collection[str], most: int, usual: int | None) -> Query:
    """Read the present request's filters; usual: the limit where none is asked for. 400: a bad value; 404: no such camera."""
    camera = flask.request.args.get("camera") or None
    if camera is not None and camera not in cameras:
        refuse(404, f"there is no camera {camera!r}; there are {', '.join(cameras) or 'none'}")
    return Query(
        camera=camera,
        label=flask.request.args.get("label") or None,
        since=_time("since"),
        until=_time("until"),
        limit=number("limit", most, usual),
    )


def number(name: str, most: int, usual: int | None) -> int | None:
    """Read a whole number from 1 to `most`, or give the usual one. 400: it is none."""
    text = flask.request.args.get(name)
    if not text:
        return usual
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        refuse(400, f"`{name}` must be a whole number from 1 to {most}")
    return int(text)


def _time(name: str) -> float | None:
    text = flask.request.args.get(name)
    if not text:
        return None
    try:
        wall = from_iso(_LOST_PLUS.sub("+", text) if "T" in text else text)
    except ValueError:
        refuse(400, f"`{name}` is no time; write 2026-11-22, 2026-11-22T18:30 or 2026-11-22T18:30:00+01:00 (in a URL + is written %2B)")
    if not _EARLIEST <= wall < _LATEST:
        refuse(400, f"`{name}` must be a time of the years 1970 to 2199")
    return wall
