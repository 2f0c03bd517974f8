"""Cameras that are none, and secrets that nobody may see."""

from __future__ import annotations

import base64
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.camera.http_camera import HttpCamera, http_camera
from tests.camera.rtsp_server import RtspServer
from tests.end_to_end.conftest import Daemon, Subscriber, settings
from tests.publish.conftest import Mosquitto, Script, ScriptedBroker, free_port

pytestmark = [pytest.mark.real, pytest.mark.slow]

SECRET = "s3cr@t/pa:ss word%"
LOGIN = {"username": "viewer", "password": SECRET}
GIVEAWAYS = (b"s3cr", b"word%", base64.b64encode(f"viewer:{SECRET}".encode()))
"""What any spelling of the secret has in it: as it is, in a URL, in a header."""

REFUSED = {4: b"\x20\x02\x00\x05", 5: b"\x20\x03\x00\x86\x00"}
"""CONNACK packets, by protocol level: bad user name or password."""


@pytest.fixture
def web() -> Iterator[HttpCamera]:
    """A camera that has a web page, a stream with another password than ours, and a redirect without end."""
    with http_camera() as camera:
        yield camera


@pytest.fixture
def locked(h264: Callable[..., Path]) -> Iterator[RtspServer]:
    """A camera that asks for another password than ours."""
    with RtspServer(h264(20, 26, "h264"), fps=10) as camera:
        camera.login = ("viewer", "another")
        yield camera


@pytest.fixture
def refusing_broker() -> Iterator[ScriptedBroker]:
    """A broker that does not like our password."""
    broker = ScriptedBroker(Script(connect=REFUSED.__getitem__))
    yield broker
    broker.close()


def test_bad_sources_are_named_the_good_camera_keeps_its_rate_and_no_secret_is_told(
    daemon: Callable[..., Daemon],
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    refusing_broker: ScriptedBroker,
    web: HttpCamera,
    locked: RtspServer,
    wall_clip: Path,
    tmp_path: Path,
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("once upon a time\n" * 100)
    empty = tmp_path / "empty"
    empty.mkdir()
    good = {"source": str(wall_clip), "loop": True, "motion": {"enabled": False}}
    bad = {
        "page": ({"source": f"{web.url}/page", **LOGIN}, "lost", "is a web page"),
        "private": ({"source": f"{web.url}/private", **LOGIN}, "auth_failed", "refuses the user name or password (401)"),
        "round": ({"source": f"{web.url}/round", **LOGIN}, "lost", "sends us from one address to the next without end"),
        "refused": ({"source": f"rtsp://127.0.0.1:{free_port()}/cam", **LOGIN}, "lost", "connection refused"),
        "locked": ({"source": locked.url, **LOGIN}, "auth_failed", "refuses the user name or password (401)"),
        "inline": (
            {"source": locked.url.replace("//", "//viewer:s3cr%40t%2Fpa%3Ass%20word%25@")},
            "auth_failed",
            "refuses the user name or password (401)",
        ),
        "text": ({"source": str(text)}, "lost", "is not a video that can be decoded"),
        "empty": ({"source": str(empty)}, "lost", "is a folder without videos or pictures"),
        "nowhere": ({"source": "/nowhere/clip.mp4"}, "lost", "there is no file"),
    }
    cameras = {"good": good} | {name: camera for name, (camera, _, _) in bad.items()}
    dashboard = subscribe(mosquitto.port)
    box = daemon(settings(cameras, {"host": "127.0.0.1", "port": mosquitto.port, **LOGIN}))
    lonely = daemon(settings({"good": good}, {"host": "127.0.0.1", "port": refusing_broker.port, **LOGIN}), "lonely")

    for name, (_, reason, _) in bad.items():
        dashboard.wait(f"monitor/{name}/availability", 20, state="offline", reason=reason)
    rates = dashboard.wait("monitor/good/stats").body
    assert rates["camera_fps"] > 5
    assert rates["look_fps"] > 2.5
    assert "refused user name or password" in lonely.line("no connection to the MQTT broker")
    for one in (box, lonely):
        one.stop(signal.SIGTERM)

    for name, (_, reason, words) in bad.items():
        (first,) = box.lines(f" {name}: not connected (") + box.lines(f" {name}: login refused (")
        (second,) = box.lines(f" {name}: offline (")
        assert words in first
        assert f"({reason})" in second
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "config.yaml"]
    assert {"history.db", "monitor.log", "detections.jsonl"} <= {path.name for path in kept}
    told = [box.text.encode(), lonely.text.encode(), *(path.read_bytes() for path in kept)]
    told += [message.topic.encode() + message.payload for message in dashboard.messages]
    assert not [text for text in told for giveaway in GIVEAWAYS if giveaway in text]
