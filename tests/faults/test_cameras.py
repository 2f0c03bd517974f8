"""A broken camera takes nothing from three healthy ones beside it: the faults of cameras, several at a time in one real daemon."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.clock import stopwatch
from tests.camera.rtsp_server import RtspServer
from tests.end_to_end.conftest import Daemon, Subscriber, note
from tests.faults.cameras import HTML, Reply, Street, encode, usage
from tests.faults.conftest import FULL
from tests.publish.conftest import Mosquitto

pytestmark = [pytest.mark.real, pytest.mark.slow]

SPIN = 0.05
"""The part of a core that all broken cameras of a test together may take."""

GROWTH = 20_000_000
"""Bytes that a daemon may have grown by after many openings."""

PASSWORD = "s3cr@t/pass"
GIVEAWAYS = ("s3cr", "t/pass", "t%2Fpass")


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Encode a scene, once: scene("red")."""
    folder, made = tmp_path_factory.mktemp("scenes"), dict[str, Path]()
    return lambda name: made.get(name) or made.setdefault(name, encode(folder, name))


@pytest.fixture
def street(daemon: Callable[..., Daemon], colours: Path, scene: Callable[[str], Path]) -> Iterator[Street]:
    made = Street(daemon, colours, scene)
    yield made
    made.close()


@pytest.fixture
def camera(scene: Callable[[str], Path]) -> Iterator[Callable[[], RtspServer]]:
    """Put up one more camera: camera(). Its pictures are red, ten a second."""
    servers: list[RtspServer] = []

    def start() -> RtspServer:
        servers.append(RtspServer(scene("red"), fps=10))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def reply() -> Iterator[Callable[[bytes], Reply]]:
    """Put up a server that knows one answer: reply(answer)."""
    servers: list[Reply] = []

    def start(answer: bytes) -> Reply:
        servers.append(Reply(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.mark.timeout(240)
def test_cameras_that_cannot_be_opened_are_named_once_and_come_when_they_can(
    street: Street,
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    camera: Callable[[], RtspServer],
    reply: Callable[[bytes], Reply],
) -> None:
    away, locked, sound = camera(), camera(), camera()
    away.stop()
    locked.login = ("viewer", "another")
    sound.offer = "audio"
    login = {"username": "viewer", "password": PASSWORD}
    broken = {
        "away": ({"source": away.url, **login}, "lost", "connection refused by"),
        "locked": ({"source": locked.url, **login}, "auth_failed", "refuses the user name or password (401)"),
        "nameless": ({"source": "rtsp://no-such-camera.invalid/cam", **login}, "lost", "no-such-camera.invalid is not known"),
        "sound": ({"source": sound.url, **login}, "lost", "sends no video that can be decoded"),
        "page": ({"source": f"http://127.0.0.1:{reply(HTML).port}/video", **login}, "lost", "is a web page"),
        "noise": ({"source": f"rtsp://127.0.0.1:{reply(bytes(range(256)) * 9).port}/cam", **login}, "lost", "does not speak RTSP"),
        "unplugged": ({"source": "/dev/v4l/by-id/usb-nobody-video-index0"}, "lost", "is the camera plugged in?"),
    }
    dashboard = subscribe(mosquitto.port)
    street.run({name: source for name, (source, _, _) in broken.items()}, mosquitto.port)
    for name, (_, reason, _) in broken.items():
        dashboard.wait(f"monitor/{name}/availability", 15, state="offline", reason=reason)
        dashboard.wait(f"monitor/{name}/red", 1, state=None)
    knocks = locked.describes
    share = street.extra_share(60 if FULL else 6)
    assert locked.describes == knocks or FULL

    returned = stopwatch()
    away.start()
    sound.offer, locked.login = "h264", None
    for name in ("away", "locked", "sound") if FULL else ("away",):
        dashboard.wait(f"monitor/{name}/availability", 75 if FULL else 8, since=returned, state="online")
        dashboard.wait(f"monitor/{name}/red", since=returned, state="ON")
    street.stop(signal.SIGTERM)

    note(f"seven cameras that cannot be opened take {100 * share:.1f} % of a core")
    assert share < SPIN
    for name, (_, _, words) in broken.items():
        (said,) = [line for line in street.box.lines(f" {name}: ") if "trying again" in line]
        assert words in said
        assert len(street.box.lines(f" {name}: offline")) == 1
    street.check_secrets(*GIVEAWAYS)


@pytest.mark.timeout(240)
def test_cameras_that_break_are_seen_to_and_come_back_and_nothing_of_it_stays(
    street: Street,
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    camera: Callable[[], RtspServer],
    scene: Callable[[str], Path],
) -> None:
    names = ("cut", "stalled", "damaged", "garbled", "resized", "slow", "hasty")
    broken = {name: camera() for name in names}
    dashboard = subscribe(mosquitto.port)
    street.run({name: {"source": server.url} for name, server in broken.items()}, mosquitto.port)
    for name in names:
        dashboard.wait(f"monitor/{name}/red", 20, state="ON")
    before, well = usage(street.box), street.extra_share(4)
    broken["hasty"].fps = 500
    street.extra_share(2)
    broken["hasty"].fps = 10

    broke = stopwatch()
    broken["cut"].cut()
    broken["stalled"].pause()
    broken["damaged"].corrupt = True
    broken["garbled"].garbage = True
    broken["resized"].show(scene("large"))
    broken["slow"].fps = 0.25  # a picture every four seconds, and after five it would be given up
    assert "the stream broke off" in street.box.line("cut: lost", 2)
    share = street.extra_share(8)
    dashboard.wait("monitor/stalled/availability", 8, since=broke, state="offline", reason="lost")
    dashboard.wait("monitor/stalled/red", 1, since=broke, state=None)
    assert "no picture comes any more" in street.box.line("stalled: lost", 4)
    assert stopwatch() - broke < 2 * 5 + 1

    healed = stopwatch()
    for server in broken.values():
        server.corrupt = server.garbage = False
        server.fps = 10
        server.resume()
    broken["resized"].show(scene("red"))
    dashboard.wait("monitor/stalled/red", 15, since=healed, state="ON")  # by opening anew: its old connection has long been closed
    dashboard.wait("monitor/garbled/red", 25, since=healed, state="ON")
    street.extra_share(3)
    after = usage(street.box)
    street.stop(signal.SIGTERM)

    note(f"seven cameras take {100 * well:.1f} % of a core, and {100 * share:.1f} % while they are broken; {before} -> {after}")
    assert share < well + SPIN
    assert broken["stalled"].connections > 1
    assert after.threads == before.threads
    assert after.descriptors == before.descriptors
    assert after.rss < before.rss + GROWTH
    for name in ("cut", "damaged", "resized", "slow", "hasty"):
        assert len(dashboard.on(f"monitor/{name}/availability")) == 1, "not a second of it was offline"
        assert dashboard.on(f"monitor/{name}/red")[-1].body["state"] == "ON"
    for name in ("damaged", "resized", "slow", "hasty"):
        assert not street.box.lines(f" {name}: lost")
