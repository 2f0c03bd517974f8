"""Cameras that die and come back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.clock import stopwatch
from tests.camera.conftest import GstCamera
from tests.camera.rtsp_server import RtspServer
from tests.end_to_end.conftest import Daemon, Subscriber, note, settings
from tests.publish.conftest import Mosquitto

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def yard(h264: Callable[..., Path]) -> Iterator[GstCamera]:
    """GStreamer's camera, on what the demo clip shows after the cat."""
    camera = GstCamera(h264(20, 60, "mp4"))
    camera.start()
    yield camera
    camera.kill()


@pytest.fixture
def hall(h264: Callable[..., Path]) -> Iterator[RtspServer]:
    """A camera that shows a cat all the time."""
    with RtspServer(h264(8, 14, "h264"), fps=10) as camera:
        yield camera


def test_cameras_that_died_are_back_in_ten_seconds_and_nothing_is_invented(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, yard: GstCamera, hall: RtspServer
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(settings({"yard": {"source": yard.url}, "hall": {"source": hall.url}}, mosquitto.port))
    dashboard.wait("monitor/yard/cat", state="OFF")
    start = dashboard.wait("monitor/hall/alert", event_type="start")

    died = stopwatch()
    yard.kill()
    hall.stop()
    for camera in ("yard", "hall"):
        gone = dashboard.wait(f"monitor/{camera}/availability", 15, since=died, state="offline", reason="lost")
        unknown = dashboard.wait(f"monitor/{camera}/cat", 1, since=died, state=None)
        assert 9 < gone.at - died < 13
        assert unknown.at - gone.at < 1
    used, began = box.cpu_seconds(), stopwatch()
    threading.Event().wait(6)  # the time over which the processor's use is measured
    share = (box.cpu_seconds() - used) / (stopwatch() - began)

    returned = stopwatch()
    yard.start()
    hall.start()
    for camera in ("yard", "hall"):
        dashboard.wait(f"monitor/{camera}/availability", since=returned, state="online")
    quiet = dashboard.wait("monitor/yard/cat", since=returned, state="OFF")
    there = dashboard.wait("monitor/hall/cat", since=returned, state="ON", episode=start.body["id"])
    assert max(quiet.at, there.at) - returned < 10
    assert [alert["event_type"] for alert in dashboard.alerts()] == ["start"]
    assert share < 0.25
    box.stop(signal.SIGTERM)
    note(f"CPU while both were away {100 * share:.1f} %, back after {quiet.at - returned:.1f} s and {there.at - returned:.1f} s")
