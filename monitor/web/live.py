"""The live picture of a camera, once or for as long as somebody looks, and the events of all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

import flask

from monitor.clock import Clock
from monitor.web.answers import refuse
from monitor.web.events import Events
from monitor.web.seats import Seats
from monitor.web.window import Pictures, Window

STREAMS = 8
"""Streams and event clients at once; each holds a thread of the server."""
WAITING = 4
"""Who may wait for a single picture at once: with no camera online each holds a thread for seconds."""

_SLICE = 0.5
"""Seconds of one wait, after which the server may have stopped or the viewer gone."""
_SLICES = 10
"""Of a wait for a single picture: 5 s."""
_BOUNDARY = b"--frame\r\n"


def blueprint(window: Window, clock: Clock, closing: threading.Event, seats: Seats | None = None) -> flask.Blueprint:
    """Serve frame.jpg, stream.mjpg and events. closing: set when the server stops; seats: for streams and events, else `STREAMS`."""
    routes = flask.Blueprint("live", __name__, url_prefix="/api")
    seats = Seats(STREAMS) if seats is None else seats
    waiting = Seats(WAITING)
    events = Events(window, clock)

    @routes.get("/cameras/<camera>/frame.jpg")
    def frame(camera: str) -> flask.Response:
        with ExitStack() as held:
            picture = _first(_watch(window, camera, waiting, held), _ending(closing))
        if picture is None:
            refuse(503, f"camera {camera} gives no picture at present; /api/status says why", 5)
        response = flask.Response(picture, mimetype="image/jpeg")
        response.headers["Cache-Control"] = "no-store"
        return response

    @routes.get("/cameras/<camera>/stream.mjpg")
    def stream(camera: str) -> flask.Response:
        held = ExitStack()
        parts = _parts(_watch(window, camera, seats, held), _ending(closing))
        return _endless(parts, "multipart/x-mixed-replace; boundary=frame", held)

    @routes.get("/events")
    def listen() -> flask.Response:
        held = ExitStack()
        held.enter_context(seats.take())
        over = _ending(closing)
        return _endless(events.listen(lambda rest: closing.wait(rest) or over()), "text/event-stream", held)

    return routes


def _watch(window: Window, camera: str, seats: Seats, held: ExitStack) -> Pictures:
    """Take a seat and watch a camera, until `held` is closed. 404: there is no such camera; 503: no seat."""
    with ExitStack() as taken:
        try:
            taken.enter_context(seats.take())
            pictures = taken.enter_context(window.watch(camera))
        except KeyError:
            refuse(404, f"there is no camera {camera!r}; there are {', '.join(window.cameras()) or 'none'}")
        held.push(taken.pop_all())
    return pictures


def _ending(closing: threading.Event) -> Callable[[], bool]:
    """Give what tells whether there is nobody left to send to, or the server stops."""
    gone: Callable[[], bool] = flask.request.environ.get("waitress.client_disconnected", lambda: False)
    return lambda: closing.is_set() or gone()


def _first(pictures: Pictures, over: Callable[[], bool]) -> bytes | None:
    for _ in range(_SLICES):
        if (picture := pictures.next(_SLICE)) is not None or over():
            return picture
    return None


def _parts(pictures: Pictures, over: Callable[[], bool]) -> Iterator[bytes]:
    """Yield pictures as parts of multipart/x-mixed-replace. A boundary follows at once: browsers show a part only when it has ended."""
    yield _BOUNDARY
    while not over():
        picture = pictures.next(_SLICE)
        if picture is not None:
            yield b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(picture), picture) + _BOUNDARY


def _endless(chunks: Iterable[bytes] | Iterable[str], kind: str, held: ExitStack) -> flask.Response:
    """Send chunks as they come. What is held is let go when the response is closed: also of one that never began, such as to HEAD."""
    response = flask.Response(chunks, content_type=kind)
    response.call_on_close(held.close)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would collect pictures before it passes them on
    return response
