"""`/`, the page, and `/static/`, what it is made of: a fixed set of files, read once; no name from a request becomes a path."""

from __future__ import annotations

from importlib import resources

import flask

from monitor.web.window import Window

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
"""What `/static/` gives out, by the end of its name. Templates are not among it."""


def blueprint(window: Window) -> flask.Blueprint:
    """Make the routes. The page is the same for everybody; what it shows it asks the API for."""
    routes = flask.Blueprint("page", __name__)
    files = static_files()

    @routes.get("/")
    def page() -> str:
        config = window.config()
        clips = config.get("clips", {}).get("enabled", False)
        csrf = flask.g.get("csrf") or ""
        return flask.render_template("index.html", node=config.get("node", ""), cameras=list(window.cameras()), clips=clips, csrf=csrf)

    @routes.get("/static/<name>")
    def static(name: str) -> flask.Response:
        if name not in files:
            flask.abort(404)
        response = flask.Response(files[name], content_type=f"{TYPES[name.rpartition('.')[2]]}; charset=utf-8")
        # Asked for again each time and answered with 304, so that a page is never made of the files of two versions.
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
        response.make_conditional(flask.request)
        return response

    return routes


def static_files() -> dict[str, bytes]:
    """Read what `/static/` gives out, by name."""
    folder = resources.files("monitor.web") / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in TYPES}
