"""Live pictures and events, as a viewer gets them, and that nothing is held once the viewer has gone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from monitor.clock import ManualClock
from monitor.web import live
from monitor.web.seats import Seats
from monitor.web.window import Json
from tests.web.fakes import FakeWindow, alert, camera_live, jpeg

STREAM = "/api/cameras/porch/stream.mjpg"


class Closing(threading.Event):
    """Waits by moving the clock on."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.advance(timeout or 0.0)
        return self.is_set()


@dataclass
class CountingWindow(FakeWindow):
    """Counts how often it is asked."""

    asked: int = 0
    shown: dict[str, Any] = field(default_factory=camera_live)

    def live(self) -> Json:
        self.asked += 1
        return {"cameras": {"porch": dict(self.shown)}, "alerts": list(self.alert_rows[-20:])}


@pytest.fixture
def window(tmp_path: Any) -> CountingWindow:
    return CountingWindow(tmp_path)


@pytest.fixture
def closing(clock: ManualClock) -> Closing:
    return Closing(clock)


@pytest.fixture
def seats() -> Seats:
    return Seats(3)


@pytest.fixture
def client(window: CountingWindow, clock: ManualClock, closing: Closing, seats: Seats) -> FlaskClient:
    app = flask.Flask("live", static_folder=None)
    app.register_blueprint(live.blueprint(window, clock, closing, seats))
    return app.test_client()


def events(response: Response) -> Iterator[tuple[str, Any]]:
    """Yield the events of a response with their data; a comment is ("", its text)."""
    for chunk in response.iter_encoded():
        lines = chunk.decode().rstrip("\n").split("\n")
        assert chunk.endswith(b"\n\n")
        if lines[0].startswith("event: "):
            assert len(lines) == 2
            yield lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))
        else:
            yield "", lines[0]


def test_the_first_picture_of_a_camera_comes_alone(client: FlaskClient, window: FakeWindow) -> None:
    response = client.get("/api/cameras/porch/frame.jpg")
    assert (response.mimetype, response.data) == ("image/jpeg", jpeg(50))
    assert response.headers["Cache-Control"] == "no-store"
    assert window.watching == {"porch": 0}


def test_a_camera_that_gives_no_picture_is_waited_for_and_then_said_so(client: FlaskClient, window: FakeWindow) -> None:
    response = client.get("/api/cameras/yard/frame.jpg")
    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert "yard" in response.get_json()["error"]
    assert window.watching == {"yard": 0}


@pytest.mark.parametrize("what", ["frame.jpg", "stream.mjpg"])
def test_an_unknown_camera_is_not_found_and_takes_no_seat(client: FlaskClient, seats: Seats, what: str) -> None:
    response = client.get(f"/api/cameras/attic/{what}")
    assert response.status_code == 404
    assert "porch, yard" in response.get_json()["error"]
    assert seats.taken == 0


def test_a_stream_gives_each_picture_with_its_length_and_ends_it_at_once(client: FlaskClient, window: FakeWindow) -> None:
    response = client.get(STREAM, buffered=False)
    assert response.content_type == "multipart/x-mixed-replace; boundary=frame"
    parts = response.iter_encoded()
    assert next(parts) == b"--frame\r\n"
    for level in (50, 100, 150):
        head, _, rest = next(parts).partition(b"\r\n\r\n")
        assert b"Content-Type: image/jpeg" in head
        assert b"Content-Length: %d" % len(jpeg(level)) in head
        assert rest == jpeg(level) + b"\r\n--frame\r\n"
    assert window.watching == {"porch": 1}
    response.close()
    assert window.watching == {"porch": 0}


def test_a_stream_and_the_events_end_when_the_server_stops(client: FlaskClient, closing: Closing, seats: Seats) -> None:
    with client.get("/api/events", buffered=False) as listener, client.get(STREAM, buffered=False) as viewer:
        heard, seen = events(listener), viewer.iter_encoded()
        next(heard), next(seen)
        closing.set()
        assert len(list(heard)) == 2  # what was under way: live and status
        assert list(seen) == []
    assert seats.taken == 0


@pytest.mark.parametrize("address", ["/api/events", STREAM])
def test_a_viewer_who_has_gone_is_noticed_while_there_is_nothing_to_send(
    client: FlaskClient, window: CountingWindow, seats: Seats, address: str
) -> None:
    window.pictures = []
    with client.get(address, buffered=False, environ_overrides={"waitress.client_disconnected": lambda: True}) as response:
        assert len(list(response.iter_encoded())) <= 3
    assert seats.taken == 0


@pytest.mark.parametrize("address", ["/api/events", STREAM])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_seat_comes_back_also_when_nothing_was_read(client: FlaskClient, seats: Seats, address: str, method: str) -> None:
    for _ in range(5):
        with client.open(address, method=method, buffered=False) as response:
            assert response.status_code == 200
            assert seats.taken == 1
        assert seats.taken == 0


def test_a_seat_comes_back_when_the_pictures_fail(client: FlaskClient, window: FakeWindow, seats: Seats) -> None:
    window.pictures = [None]  # type: ignore[list-item]
    window.pictures.append("no bytes")  # type: ignore[arg-type]
    with client.get(STREAM, buffered=False) as response:
        parts = response.iter_encoded()
        next(parts)
        with pytest.raises(TypeError):
            next(parts)
    assert seats.taken == 0
    assert window.watching == {"porch": 0}


def test_streams_and_listeners_share_the_seats(client: FlaskClient, window: FakeWindow) -> None:
    held = [client.get(address, buffered=False) for address in (STREAM, "/api/events", STREAM)]
    for address in (STREAM, "/api/events"):
        refused = client.get(address)
        assert refused.status_code == 503
        assert "Retry-After" in refused.headers
    assert window.watching == {"porch": 2}
    held.pop().close()
    with client.get("/api/events", buffered=False) as response:
        assert response.status_code == 200
    for response in held:
        response.close()


def test_a_listener_is_told_at_once_what_there_is(client: FlaskClient) -> None:
    with client.get("/api/events", buffered=False) as response:
        assert response.mimetype == "text/event-stream"
        heard = events(response)
        assert next(heard) == ("", "retry: 3000")
        name, data = next(heard)
        assert (name, data["cameras"]["porch"]["state"]) == ("live", "online")
        name, data = next(heard)
        assert (name, data["id"]) == ("status", "monitor-shed-0a1b2c")


def test_live_is_sent_when_it_changed_and_the_status_every_five_seconds(
    client: FlaskClient, window: CountingWindow, clock: ManualClock
) -> None:
    with client.get("/api/events", buffered=False) as response:
        heard = events(response)
        began = [next(heard) for _ in range(3)]
        assert [name for name, _ in began] == ["", "live", "status"]
        start = clock.now().mono
        assert next(heard)[0] == "status"
        assert clock.now().mono == start + 5
        window.shown["state"] = "offline"
        name, data = next(heard)
        assert (name, data["cameras"]["porch"]["state"]) == ("live", "offline")
        assert clock.now().mono == start + 5.5


def test_there_is_a_sign_of_life_every_fifteen_seconds(client: FlaskClient, clock: ManualClock) -> None:
    with client.get("/api/events", buffered=False) as response:
        heard = events(response)
        next(heard)
        start = clock.now().mono
        signs: list[float] = []
        while len(signs) < 2:
            name, text = next(heard)
            if not name:
                assert text.startswith(":")
                signs.append(clock.now().mono - start)
        assert signs == [15, 30]


def test_only_alerts_that_are_new_since_the_listener_came_are_told_each_once(client: FlaskClient, window: CountingWindow) -> None:
    with client.get("/api/events", buffered=False) as response:
        heard = events(response)
        assert [next(heard)[0] for _ in range(3)] == ["", "live", "status"]
        window.alert_rows += [alert(3), alert(3, "end")]
        told = [next(heard) for _ in range(4)]
        assert [name for name, _ in told] == ["live", "alert", "alert", "status"]
        assert [(data["id"][-1], data["seq"]) for name, data in told if name == "alert"] == [("3", 0), ("3", 1)]


def test_however_many_listen_the_daemon_is_asked_at_most_twice_a_second(client: FlaskClient, window: CountingWindow) -> None:
    with client.get("/api/events", buffered=False) as one, client.get("/api/events", buffered=False) as other:
        heard = [events(one), events(other)]
        for _ in range(3):
            for listener in heard:
                next(listener)
        assert window.asked == 1


def test_few_may_wait_for_a_single_picture_at_once(client: FlaskClient, window: FakeWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []

    class Nested:
        """Asks once more while somebody waits."""

        def next(self, timeout: float) -> bytes | None:
            assert timeout <= 0.5
            answers.append(client.get("/api/cameras/porch/frame.jpg").status_code)
            return jpeg()

    monkeypatch.setattr("tests.web.fakes.FakePictures", lambda pictures: Nested())
    assert client.get("/api/cameras/porch/frame.jpg").status_code == 200
    assert answers == [503, 200, 200, 200][: live.WAITING]
    assert window.watching == {"porch": 0}
