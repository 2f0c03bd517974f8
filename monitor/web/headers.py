"""What every answer tells the browser it may do with it."""

from __future__ import annotations

import flask

POLICY = "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
"""Nothing of other sites, no script or style inside a page, no frame around it."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def harden(response: flask.Response) -> flask.Response:
    """Put the headers on an answer. What cameras saw is kept nowhere: only the page's own files are."""
    response.headers.update(HEADERS)
    if not flask.request.path.startswith("/static/") or not response.cache_control:
        response.headers["Cache-Control"] = "no-store"
    return response
