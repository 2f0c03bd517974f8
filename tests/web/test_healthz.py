"""What a container's engine is told: whether a restart would help, and nothing else."""

from __future__ import annotations

from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient

from monitor.web.metrics import blueprint
from monitor.web.window import Json
from tests.web.fakes import FakeWindow


class StuckWindow(FakeWindow):
    """A window onto a daemon of which some workers hang."""

    stuck: tuple[str, ...] = ()
    broker: bool = True

    def status(self) -> Json:
        status = {**super().status(), "stuck": list(self.stuck)}
        return status if self.broker else {**status, "broker": {"connected": False, "detail": "refused"}, "storage": {"trouble": "full"}}


@pytest.fixture
def window(tmp_path: Path) -> StuckWindow:
    return StuckWindow(tmp_path)


@pytest.fixture
def client(window: StuckWindow) -> FlaskClient:
    app = flask.Flask("test")
    app.register_blueprint(blueprint(window))
    return app.test_client()


def test_a_daemon_whose_workers_work_is_well(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_what_no_restart_mends_is_no_ill_health(window: StuckWindow, client: FlaskClient) -> None:
    window.broker = False
    assert client.get("/healthz").json == {"status": "ok"}


def test_a_status_without_a_word_on_workers_is_well(tmp_path: Path) -> None:
    app = flask.Flask("test")
    app.register_blueprint(blueprint(FakeWindow(tmp_path)))
    assert app.test_client().get("/healthz").status_code == 200


def test_workers_that_hang_are_told_by_their_kind_and_not_by_their_camera(window: StuckWindow, client: FlaskClient) -> None:
    window.stuck = ("record", "capture-porch", "capture-yard")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"status": "stuck", "why": ["capture", "record"]})


def test_strangers_are_told_this_and_no_figures(locked: FlaskClient, tokens: list[str]) -> None:
    assert (locked.get("/healthz").status_code, locked.get("/healthz").json) == (200, {"status": "ok"})
    assert locked.get("/metrics").status_code == 401
    scraped = locked.get("/metrics", headers={"Authorization": f"Bearer {tokens[0]}"})
    assert (scraped.status_code, scraped.mimetype) == (200, "text/plain")
