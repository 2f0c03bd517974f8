"""SIGTERM is obeyed within three seconds, whatever the daemon is in the middle of."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.classify.card import find_card, weights_path
from tests.end_to_end.conftest import EMBEDDED, MODEL, WEIGHTS, Daemon, Subscriber, note, settings
from tests.publish.conftest import Mosquitto, free_port

pytestmark = pytest.mark.slow


def test_a_camera_that_hangs_while_it_is_opened_does_not_hold_up_the_end(
    daemon: Callable[..., Daemon], silent_server: socket.socket, wall_clip: Path
) -> None:
    port = silent_server.getsockname()[1]
    cameras = {"rtsp": {"source": f"rtsp://127.0.0.1:{port}/cam"}, "http": {"source": f"http://127.0.0.1:{port}/cam"}}
    box = daemon(settings(cameras | {"well": {"source": str(wall_clip), "loop": True}}))
    box.line("well: connected")
    note(f"{box.stop(signal.SIGTERM):.2f} s")


def test_a_camera_that_opencv_never_comes_back_from_holds_up_neither_a_reload_nor_the_end(
    daemon: Callable[..., Daemon], tmp_path: Path, wall_clip: Path
) -> None:
    """Opening a pipe waits for somebody who writes into it, without a time limit."""
    pipe = tmp_path / "pipe.avi"
    os.mkfifo(pipe)
    well = {"source": str(wall_clip), "loop": True}
    box = daemon(settings({"stuck": {"source": str(pipe)}, "well": well}))
    box.line("well: connected")
    box.write(settings({"well": well, "hall": well}))
    box.process.send_signal(signal.SIGHUP)
    box.line("hall: connected")
    note(f"{box.stop(signal.SIGTERM):.2f} s")
    assert len(box.lines("well: connected")) == 1


def test_a_broker_that_is_down_or_silent_does_not_hold_up_the_end(
    daemon: Callable[..., Daemon], silent_server: socket.socket, cat_clip: Path
) -> None:
    camera = {"hall": {"source": str(cat_clip), "loop": True}}
    boxes = {
        "nobody there": daemon(settings(camera, free_port()), "down"),
        "no answer": daemon(settings(camera, silent_server.getsockname()[1]), "silent"),
    }
    for box in boxes.values():
        box.line("cat start")
    for name, box in boxes.items():
        note(f"{name}: {box.stop(signal.SIGTERM):.2f} s")
        assert "had not acknowledged at the end: 1" in box.text


@pytest.mark.real
def test_a_broker_that_hangs_does_not_hold_up_the_end(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, visits_clip: Path
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(settings({"hall": {"source": str(visits_clip), "loop": True}}, mosquitto.port))
    dashboard.wait("monitor/hall/alert", event_type="start")
    mosquitto.hang()
    try:
        box.line("cat end")
        note(f"{box.stop(signal.SIGTERM):.2f} s")
    finally:
        mosquitto.go_on()


def test_a_stop_before_the_model_is_loaded_is_obeyed_at_once(daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    """A checkpoint without an export takes torch many seconds, and on a Raspberry Pi a minute."""
    bare = tmp_path / "weights"
    bare.mkdir()
    shutil.copy2(weights_path(find_card(MODEL, WEIGHTS), WEIGHTS), bare)
    config = settings({"demo": {"source": "demo"}}) | {"model": {"name": "resnet18", "fallback": MODEL, "weights": str(bare)}}
    box = daemon(config)
    box.line("resnet18 cannot be used")
    note(f"{box.stop(signal.SIGTERM):.2f} s")
    assert len(list(bare.iterdir())) == 1, "an export that was not finished lies about"


def test_a_stop_right_at_the_start_is_obeyed(daemon: Callable[..., Daemon]) -> None:
    box = daemon(settings({"demo": {"source": "demo"}}, EMBEDDED))
    box.line("model")
    note(f"{box.stop(signal.SIGTERM):.2f} s")
