"""A broken camera takes nothing from three healthy ones beside it: the faults of cameras, several at a time in one real daemon."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.camera.opencv import READ_TIMEOUT
from monitor.clock import stopwatch
from tests.camera.rtsp_server import RtspServer
from tests.end_to_end.conftest import Daemon, Subscriber, note, settings
from tests.faults.cameras import HTML, Reply, Street, encode, usage, with_resolver
from tests.faults.conftest import FULL
from tests.publish.conftest import Mosquitto

pytestmark = [pytest.mark.real, pytest.mark.slow]

SPIN = 0.05
"""The part of a core that all broken cameras of a test together may take."""

GROWTH = 20_000_000
"""Bytes that a daemon may have grown by after many openings."""

KNOWN = 90.0
"""Seconds after which a camera's view is known, so that a lid or a hand before it is told from a dark room."""

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
    share = street.extra_share(60 if FULL else 6)
    for name, (_, reason, _) in broken.items():
        dashboard.wait(f"monitor/{name}/availability", 15, state="offline", reason=reason)
        dashboard.wait(f"monitor/{name}/red", 1, state=None)
    assert locked.describes <= 4, "one attempt, and one to find out why"

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
    names = ("cut", "stalled", "damaged", "garbled", "resized", "slow", "hasty", "black", "infrared", "still")
    broken = {name: camera() for name in names}
    dashboard = subscribe(mosquitto.port)
    street.run({name: {"source": server.url} for name, server in broken.items()}, mosquitto.port)
    for name in names:
        dashboard.wait(f"monitor/{name}/red", 20, state="ON")
    before, well = usage(street.box), street.extra_share(3)
    broken["hasty"].fps = 500
    street.extra_share(2)
    broken["hasty"].fps = 10

    broke = stopwatch()
    broken["cut"].cut()
    broken["stalled"].pause()
    broken["damaged"].corrupt = True
    broken["garbled"].garbage = True
    broken["resized"].show(scene("large"))
    broken["slow"].fps = 0.2  # a picture every five seconds, and after six it would be given up
    broken["black"].show(scene("black"))
    broken["infrared"].show(scene("infrared"))
    broken["still"].frozen = True  # not for long enough to count as frozen
    assert "the stream broke off" in street.box.line("cut: lost", 2)
    share = street.extra_share(8)
    dashboard.wait("monitor/stalled/availability", 8, since=broke, state="offline", reason="lost")
    dashboard.wait("monitor/stalled/red", 1, since=broke, state=None)
    assert "no picture comes any more" in street.box.line("stalled: lost", 6)
    assert stopwatch() - broke < 2 * READ_TIMEOUT + 1
    dashboard.wait("monitor/black/problem", 10, since=broke, state="ON", kind="black")
    dashboard.wait("monitor/black/red", 1, since=broke, state=None)
    dashboard.wait("monitor/infrared/red", 1, since=broke, state="OFF")

    healed = stopwatch()
    for server in broken.values():
        server.corrupt = server.garbage = server.frozen = False
        server.fps = 10
        server.show(scene("red"))
        server.resume()
    dashboard.wait("monitor/stalled/red", 15, since=healed, state="ON")  # by opening anew: its old connection has long been closed
    dashboard.wait("monitor/garbled/red", 25, since=healed, state="ON")
    dashboard.wait("monitor/black/problem", 15, since=healed, state="OFF")
    dashboard.wait("monitor/black/red", 2, since=healed, state="ON")
    after = usage(street.box)
    street.stop(signal.SIGTERM)

    note(f"ten cameras take {100 * well:.1f} % of a core, and {100 * share:.1f} % while they are broken; {before} -> {after}")
    assert share < well + SPIN
    assert broken["stalled"].connections > 1
    assert after.threads == before.threads
    assert after.descriptors == before.descriptors
    assert after.rss < before.rss + GROWTH
    for name in set(names) - {"stalled", "garbled"}:
        assert len(dashboard.on(f"monitor/{name}/availability")) == 1, "not a second of it was offline"
        assert dashboard.on(f"monitor/{name}/red")[-1].body["state"] == "ON"
    for name in set(names) - {"stalled", "garbled", "cut"}:
        assert not street.box.lines(f" {name}: lost")
    for name in set(names) - {"black"}:
        assert not [told for told in dashboard.on(f"monitor/{name}/problem") if told.body["state"] == "ON"]


if FULL:

    @pytest.mark.timeout(400)
    def test_frozen_and_covered_cameras_are_told_of_and_alert_nothing(
        street: Street,
        subscribe: Callable[..., Subscriber],
        mosquitto: Mosquitto,
        camera: Callable[[], RtspServer],
        scene: Callable[[str], Path],
    ) -> None:
        frozen, covered, lid = camera(), camera(), camera()
        dashboard = subscribe(mosquitto.port)
        street.run({"frozen": {"source": frozen.url}, "covered": {"source": covered.url}, "lid": {"source": lid.url}}, mosquitto.port)
        street.extra_share(KNOWN)

        broke = stopwatch()
        frozen.frozen = True
        covered.show(scene("covered"))
        lid.show(scene("lid"))
        for name, kind, within in (("covered", "covered", 25), ("lid", "black", 5), ("frozen", "frozen", 75)):
            told = dashboard.wait(f"monitor/{name}/problem", within, since=broke, state="ON", kind=kind)
            dashboard.wait(f"monitor/{name}/red", 2, since=broke, state=None)
            note(f"{name} after {told.at - broke:.1f} s")
        dashboard.wait("monitor/frozen/availability", 2, since=broke, state="offline", reason="frozen")
        street.extra_share(10)
        assert [alert["event_type"] for alert in dashboard.alerts() if alert["camera"] == "frozen"] in (["start"], ["start", "end"])

        healed = stopwatch()
        frozen.frozen = False
        covered.show(scene("red"))
        lid.show(scene("red"))
        dashboard.wait("monitor/frozen/availability", 5, since=healed, state="online")
        for name in ("frozen", "covered", "lid"):
            dashboard.wait(f"monitor/{name}/problem", 25, since=healed, state="OFF")
            dashboard.wait(f"monitor/{name}/red", 5, since=healed, state="ON")
        street.stop(signal.SIGTERM)
        for name in ("covered", "lid"):
            assert len(dashboard.on(f"monitor/{name}/availability")) == 1, "only a frozen one counts as away"


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="a resolver of its own takes root and unshare")
@pytest.mark.timeout(200)
def test_a_name_server_that_never_answers_holds_up_one_camera_and_not_the_stop(
    street: Street, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.77", 53))
        monkeypatch.setattr(sys, "executable", str(with_resolver(tmp_path, "127.0.0.77", times=3 if FULL else 1)))
        street.run({"nameless": {"source": "rtsp://camera.example/cam"}}, None, {"WATCHDOG_USEC": "20000000"})
        share = street.extra_share(60 if FULL else 5)
        line = street.box.line("nameless: not connected", 30)
        street.extra_share(2)
        street.stop(signal.SIGTERM)  # while it asks again
    assert "the host name camera.example is not known" in line
    assert not street.box.lines("hung: ")
    assert share < SPIN


def test_a_source_that_makes_no_sense_is_refused_with_its_line(daemon: Callable[..., Daemon], colours: Path) -> None:
    cameras = {
        "scheme": {"source": "ftp://viewer:s3cr@t/pass@cam.example/video"},
        "port": {"source": "rtsp://cam.example:70000/cam"},
        "host": {"source": "rtsp:///cam"},
    }
    box = daemon(settings(cameras, model={"name": "colours", "weights": str(colours)}))
    assert box.wait(10) == 78
    for name in cameras:
        assert len(box.lines(f"cameras.{name}.source")) == 1
    assert not [giveaway for giveaway in GIVEAWAYS if giveaway in box.text]
