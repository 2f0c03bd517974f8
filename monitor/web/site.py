"""The page and the API as one WSGI application: what is served, and behind which guard."""

from __future__ import annotations

import threading

import flask

from monitor.clock import Clock
from monitor.config.schema import WebSettings
from monitor.web.window import Window

LARGEST_BODY = 8_500_000
"""Bytes of a request: a picture of 8 MB and what a form puts around it."""


def make_site(window: Window, settings: WebSettings, clock: Clock, closing: threading.Event) -> flask.Flask:  # noqa: ARG001
    """Make the application. closing: set when the server stops; a stream that sees it ends.

    Templates are in `static`. Behind the guard `flask.g.csrf` is the value that a page puts into <meta name="csrf">.
    """
    app = flask.Flask("monitor.web", static_folder=None, template_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    return app
