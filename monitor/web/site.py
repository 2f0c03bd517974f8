"""The page and the API as one WSGI application: what is served, and behind which guard."""

from __future__ import annotations

import logging
import threading

import flask
from werkzeug.exceptions import HTTPException

from monitor.clock import Clock
from monitor.config.schema import WebSettings
from monitor.web import api, headers, live, login, metrics, openapi, page, predict
from monitor.web.answers import answer
from monitor.web.guard import Guard
from monitor.web.window import Window

log = logging.getLogger(__name__)

LARGEST_BODY = 8_500_000
"""Bytes of a request: a picture of 8 MB and what a form puts around it."""

_SENTENCES = {
    404: "there is nothing at this address; /api/openapi.json lists what there is",
    405: "this address is not asked in this way; /api/openapi.json says how",
    413: "that is too large: a picture may have 8 MB, anything else 64 kB",
    500: "this is a bug; the log of the daemon says more",
}


def make_site(window: Window, settings: WebSettings, clock: Clock, closing: threading.Event) -> flask.Flask:
    """Make the application. closing: set when the server stops; a stream that sees it ends.

    Templates are in `static`. Behind the guard `flask.g.csrf` is the value that a page puts into <meta name="csrf">.
    """
    app = flask.Flask("monitor.web", static_folder=None, template_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    guard = Guard(settings, clock)
    app.before_request(guard.judge)
    app.after_request(headers.harden)
    app.register_error_handler(HTTPException, _explain)
    for routes in (
        api.blueprint(window),
        live.blueprint(window, clock, closing),
        login.blueprint(window, settings, guard, clock),
        metrics.blueprint(window),
        openapi.blueprint(),
        page.blueprint(window),
        predict.blueprint(window),
    ):
        app.register_blueprint(routes)
    return app


def _explain(error: HTTPException) -> flask.Response:
    """Say in a sentence what is wrong with a request. Flask has logged what was wrong with us."""
    if error.response is not None:
        return flask.make_response(error.response)
    status = error.code or 500
    response = answer({"error": _SENTENCES.get(status, error.description or error.name)}, status)
    # Which ways a 405 allows, say.
    response.headers.extend((name, value) for name, value in error.get_headers() if name not in ("Content-Type",))
    return response
