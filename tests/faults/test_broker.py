"""The broker is away at the start, stands still, or is behind a link or a network that fails: no alert is lost, no camera is held up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import SystemClock, stopwatch
from monitor.publish.link import KEEPALIVE
from tests.camera.rtsp_server import RtspServer
from tests.end_to_end.conftest import Daemon, Subscriber, committed_alerts, note, settings, verb
from tests.faults.cameras import encode
from tests.faults.conftest import FULL, Link
from tests.faults.stand_in import stand_in
from tests.publish.conftest import Mosquitto

pytestmark = [pytest.mark.real, pytest.mark.slow]

MODES = ("blackhole", "up-only", "down-only", "reset", "half-close", "latency 0.5", "bandwidth 3000")
NOTICED = 2 * KEEPALIVE + 5
"""Seconds within which a broker that has fallen silent must have been noticed."""

HERE, THERE, MOVED = "10.213.77.1", "10.213.77.2", "10.213.77.3"
NAMESPACE, NEAR, FAR = "monitor-faults", "monfaults0", "monfaults1"

Key = tuple[str, int]


@pytest.fixture
def watching(colours: Path, blinking: Path) -> Callable[..., dict[str, Any]]:
    """A configuration whose three cameras alert several times a second: watching(port of the broker)."""

    def make(port: int, **mqtt: Any) -> dict[str, Any]:
        return settings(
            {name: {"source": str(blinking), "loop": True, "fps": 20, "motion": {"enabled": False}} for name in ("one", "two", "three")},
            {"host": "127.0.0.1", "port": port, **mqtt},
            model={"name": "colours", "weights": str(colours)},
            rules=[{"label": "red", "looks": 1, "hold": "0s", "cooldown": "0s"}],
            snapshots={"enabled": False},
        )

    return make


def keys(alerts: list[dict[str, Any]]) -> set[Key]:
    return {(alert["id"], alert["seq"]) for alert in alerts}


def waiting(box: Daemon) -> int:
    return len(verb(box, "outbox", "list", "--json").splitlines())


def outlast(box: Daemon, seconds: float, fault: str, *, silent: bool) -> float:
    """Let a fault last for so long, or, in full, one that nothing but the silence tells of until it is noticed; give the seconds."""
    began = stopwatch()
    if FULL and silent:
        box.line("no connection to the MQTT broker", NOTICED, after=len(box.said))
        note(f"{fault}: noticed after {stopwatch() - began:.1f} s")
    else:
        threading.Event().wait(seconds)
    return stopwatch() - began


def wait_for_news(dashboard: Subscriber, within: float = 30.0) -> None:
    """Wait for an alert of each camera from later than now: what waited has then gone out."""
    now = SystemClock().now().wall

    def all_there() -> bool:
        return len({alert["camera"] for alert in dashboard.alerts() if alert["time_unix"] > now}) == 3

    dashboard.wait_for(all_there, within, "news of every camera")


def hold_that_all_arrived(box: Daemon, dashboard: Subscriber) -> None:
    """End the daemon and hold that each alert of its history came, those of a camera in their order, and duplicates were equal."""
    box.stop(signal.SIGTERM)
    committed = committed_alerts(box)
    dashboard.wait_for(lambda: keys(committed) <= keys(dashboard.alerts()), what="the last alerts")
    first: dict[Key, dict[str, Any]] = {}
    for alert in dashboard.alerts():
        key = (alert["id"], alert["seq"])
        assert first.setdefault(key, alert) | {"delayed": None} == alert | {"delayed": None}
    for camera in ("one", "two", "three"):
        order = [(alert["id"], alert["seq"]) for alert in committed if alert["camera"] == camera]
        assert [key for key, alert in first.items() if alert["camera"] == camera] == order
    note(f"{len(committed)} committed, {len(dashboard.alerts())} received")


def test_without_a_broker_at_the_start_alerts_wait_on_the_disk_and_arrive_in_order_once_there_is_one(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, watching: Callable[..., dict[str, Any]]
) -> None:
    dashboard = subscribe(mosquitto.port)  # its session outlives the broker
    mosquitto.kill()
    box = daemon(watching(mosquitto.port))
    box.line("no connection to the MQTT broker")
    box.line("three: connected")
    threading.Event().wait(5)  # alerts happen meanwhile
    assert waiting(box) > 10
    back = SystemClock().now().wall
    mosquitto.start()
    wait_for_news(dashboard)
    assert dashboard.alerts()[0]["time_unix"] < back
    assert len(box.lines("no connection to the MQTT broker")) == 1
    hold_that_all_arrived(box, dashboard)


def test_a_broker_that_stands_still_holds_nobody_up_and_gets_everything_when_it_goes_on(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, watching: Callable[..., dict[str, Any]]
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(watching(mosquitto.port))
    dashboard.wait_for_more_alerts(3)
    mosquitto.hang()
    stood = outlast(box, 4, "hangs", silent=True)
    assert waiting(box) > 2 * stood, "the cameras are looked at all the while"
    mosquitto.go_on()
    wait_for_news(dashboard, NOTICED)
    hold_that_all_arrived(box, dashboard)


@pytest.mark.timeout(600)
def test_whatever_the_link_does_no_alert_is_lost(
    daemon: Callable[..., Daemon],
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    link: Callable[..., Link],
    watching: Callable[..., dict[str, Any]],
) -> None:
    proxy = link(mosquitto.port)
    dashboard = subscribe(mosquitto.port)
    box = daemon(watching(proxy.port))
    dashboard.wait_for_more_alerts(3)
    for mode in MODES:
        proxy.be(mode)
        outlast(box, 1.5, mode, silent=mode in ("blackhole", "up-only"))
        proxy.be("pass")
        wait_for_news(dashboard, NOTICED)
    hold_that_all_arrived(box, dashboard)


def test_a_link_that_garbles_everything_ends_no_more_than_connections(
    daemon: Callable[..., Daemon],
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    link: Callable[..., Link],
    watching: Callable[..., dict[str, Any]],
) -> None:
    proxy = link(mosquitto.port)
    box = daemon(watching(proxy.port))
    box.line("connected to the MQTT broker")
    proxy.be("corrupt")
    box.line("no connection to the MQTT broker")
    proxy.be("pass")
    dashboard = subscribe(mosquitto.port)
    wait_for_news(dashboard)
    box.stop(signal.SIGTERM)


def run(command: str) -> None:
    subprocess.run(command.split(), check=True, timeout=10)


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Path]:
    """A program that is this Python in a network of its own, which a cable of two ends joins with this one (veth(4))."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("a network of its own takes root and ip")
    if subprocess.run(["ip", "netns", "add", NAMESPACE], check=False, capture_output=True, timeout=10).returncode:
        pytest.skip("this system does not let us make networks")
    try:
        run(f"ip link add {NEAR} type veth peer name {FAR} netns {NAMESPACE}")
        run(f"ip address add {HERE}/24 dev {NEAR}")
        run(f"ip link set {NEAR} up")
        for command in ("link set lo up", f"address add {THERE}/24 dev {FAR}", f"link set {FAR} up"):
            run(f"ip -n {NAMESPACE} {command}")
        yield stand_in(tmp_path, f'nsenter --net=/run/netns/{NAMESPACE} {sys.executable} "$@"')
    finally:
        subprocess.run(["ip", "link", "delete", NEAR], check=False, capture_output=True, timeout=10)
        run(f"ip netns delete {NAMESPACE}")


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[RtspServer]:
    with RtspServer(encode(tmp_path, "red"), fps=10) as server:
        yield server


@pytest.mark.timeout(300)
@pytest.mark.parametrize("moves", [False, True] if FULL else [False])
def test_after_a_partition_camera_and_broker_are_there_again_and_no_alert_is_missing(
    daemon: Callable[..., Daemon],
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    link: Callable[..., Link],
    watching: Callable[..., dict[str, Any]],
    camera: RtspServer,
    apart: Path,
    monkeypatch: pytest.MonkeyPatch,
    moves: bool,
) -> None:
    dashboard = subscribe(mosquitto.port)
    to_broker, to_camera = link(mosquitto.port, HERE), link(camera.port, HERE)
    monkeypatch.setattr(sys, "executable", str(apart))
    config = watching(to_broker.port, host=HERE)
    config["cameras"]["far"] = {"source": f"rtsp://{HERE}:{to_camera.port}/cam"}
    box = daemon(config)
    dashboard.wait("monitor/far/availability", 20, state="online")
    dashboard.wait_for_more_alerts(3)

    said = len(box.said)
    run(f"ip link set {NEAR} down")
    box.line("far: lost", 20, after=said)
    if moves:
        box.line("no connection to the MQTT broker", NOTICED, after=said)
        run(f"ip -n {NAMESPACE} address delete {THERE}/24 dev {FAR}")
        run(f"ip -n {NAMESPACE} address add {MOVED}/24 dev {FAR}")
    assert waiting(box) > 10
    healed = stopwatch()
    run(f"ip link set {NEAR} up")
    back = dashboard.wait("monitor/far/availability", 70, since=healed, state="online")
    wait_for_news(dashboard, 70)
    note(f"the camera is back {back.at - healed:.1f} s after the network, and with it the broker")
    hold_that_all_arrived(box, dashboard)
