"""What goes back as JSON: values, and refusals that say what to do."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import flask


def as_json(value: Any) -> str:
    """Write a value as JSON on one line, keys in their order: cameras come as they are configured."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict)


def answer(value: Any, status: int = 200) -> flask.Response:
    """Give a value as JSON; it is of this moment, so nobody keeps it."""
    response = flask.Response(as_json(value), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refuse(status: int, sentence: str, retry_after: int | None = None) -> NoReturn:
    """End the request with a sentence that says what to do; retry_after: seconds."""
    response = answer({"error": sentence}, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    flask.abort(response)
