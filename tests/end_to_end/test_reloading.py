"""SIGHUP, and what systemd is told."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.clock import stopwatch
from tests.end_to_end.conftest import Daemon, Subscriber, note, settings
from tests.publish.conftest import Mosquitto

pytestmark = [pytest.mark.real, pytest.mark.slow]


class Systemd:
    """A socket such as systemd listens on. `heard`: the datagrams so far."""

    def __init__(self, path: Path) -> None:
        self.heard: list[str] = []
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "4000000"}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(20)

    def wait(self, assignment: str, after: int = 0) -> int:
        """Wait for a datagram that holds `assignment` among those that come after the first `after`; give how many came up to it."""
        while not any(assignment in datagram.splitlines() for datagram in self.heard[after:]):
            self.heard.append(self._socket.recv(4096).decode())
        return 1 + next(number for number, datagram in enumerate(self.heard) if number >= after and assignment in datagram.splitlines())

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    listener = Systemd(tmp_path / "notify")
    yield listener
    listener.close()


def test_a_reload_is_refused_line_by_line_or_in_force_and_systemd_hears_of_each_step(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, systemd: Systemd, cat_clip: Path
) -> None:
    config = settings({"hall": {"source": str(cat_clip), "loop": True}}, mosquitto.port)
    dashboard = subscribe(mosquitto.port)
    box = daemon(config, environment=systemd.environment)
    came = systemd.wait("READY=1")
    started = dashboard.wait("monitor/hall/alert", event_type="start", rule="cat").body
    came = systemd.wait("WATCHDOG=1", came)

    box.write("cameras:\n  hall:\n    source: demo\n    fsp: 5\nrules:\n  - label: cta\n    threshold: 2\n")
    box.process.send_signal(signal.SIGHUP)
    came = systemd.wait("READY=1", systemd.wait("RELOADING=1", came))
    assert "STATUS=watching; the new configuration was refused" in systemd.heard[came - 1]
    box.line("config.yaml:4: cameras.hall.fsp")
    box.line("config.yaml:7: rules[0].threshold")
    assert "\\n" not in box.text

    box.write(config | {"rules": [{"label": "cta"}]})
    box.process.send_signal(signal.SIGHUP)
    box.line("did you mean cat")
    came = systemd.wait("READY=1", systemd.wait("RELOADING=1", came))

    box.write(config | {"rules": [{"label": "cat", "name": "pussycat"}]})
    box.process.send_signal(signal.SIGHUP)
    came = systemd.wait("READY=1", systemd.wait("RELOADING=1", came))
    ended = dashboard.wait("monitor/hall/alert", event_type="end", rule="cat").body
    assert (ended["id"], ended["reason"]) == (started["id"], "rule_removed")
    dashboard.wait("monitor/hall/alert", event_type="start", rule="pussycat")
    dashboard.wait_for(lambda: dashboard.on("monitor/hall/cat")[-1].payload == b"", what="an empty topic of the rule that went")

    box.stop(signal.SIGTERM)
    systemd.wait("STOPPING=1", came)
    assert [alert["event_type"] for alert in dashboard.alerts()] == ["start", "end", "start"]


def test_a_reload_touches_only_the_cameras_that_changed(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, cat_clip: Path, wall_clip: Path
) -> None:
    cat, wall = {"source": str(cat_clip), "loop": True}, {"source": str(wall_clip), "loop": True}
    dashboard = subscribe(mosquitto.port)
    box = daemon(settings({"hall": cat, "yard": wall, "shed": cat}, mosquitto.port))
    started = {camera: dashboard.wait(f"monitor/{camera}/alert", event_type="start").body for camera in ("hall", "shed")}
    box.line("yard: connected")

    box.write(settings({"hall": cat, "yard": wall | {"fps": 2}, "barn": cat}, mosquitto.port))
    assert dashboard.ask("reload")["status"] == "ok"
    dashboard.wait("monitor/barn/alert", event_type="start")
    dashboard.wait_for(lambda: dashboard.on("monitor/shed/cat")[-1].payload == b"", what="an empty topic of the camera that went")
    ended = dashboard.wait("monitor/shed/alert", event_type="end").body
    assert (ended["id"], ended["reason"]) == (started["shed"]["id"], "rule_removed")
    assert {camera: len(box.lines(f"{camera}: connected")) for camera in ("hall", "yard", "shed", "barn")} == {
        "hall": 1,
        "yard": 2,
        "shed": 1,
        "barn": 1,
    }
    assert [alert["event_type"] for alert in dashboard.alerts() if alert["camera"] == "hall"] == ["start"]
    assert dashboard.on("monitor/hall/cat")[-1].body["episode"] == started["hall"]["id"]
    assert [message.body["state"] for message in dashboard.on("monitor/bridge/state")] == ["online"]
    assert "shed" not in dashboard.on("monitor/bridge/info")[-1].body["config"]["cameras"]

    dashboard.say("monitor/barn/detect/set", "OFF")
    dashboard.wait_for(lambda: dashboard.on("monitor/barn/detect/state")[-1].payload == b"OFF", what="detection off")
    dashboard.say("monitor/shed/detect/set", "OFF")
    assert "no camera 'shed'" in dashboard.wait("monitor/bridge/response/set").body["error"]
    note(f"{box.stop(signal.SIGTERM):.2f} s")


def test_where_only_rules_change_the_connection_stays_and_so_does_what_is_on(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, cat_clip: Path
) -> None:
    cameras = {"hall": {"source": str(cat_clip), "loop": True}}
    dashboard = subscribe(mosquitto.port)
    box = daemon(settings(cameras, mosquitto.port))
    started = dashboard.wait("monitor/hall/alert", event_type="start").body
    dashboard.say("monitor/hall/threshold/cat/set", "0.45")
    dashboard.wait_for(lambda: dashboard.on("monitor/hall/threshold/cat/state")[-1].payload == b"0.45", what="the threshold")

    for rule in ({"label": "cat", "looks": 3}, {"label": "cat", "threshold": 0.3, "hold": "2s"}):
        box.write(settings(cameras, mosquitto.port) | {"rules": [rule]})
        asked = stopwatch()
        assert dashboard.ask("reload")["status"] == "ok"
        unknown = dashboard.wait("monitor/hall/cat", since=asked, state=None)
        dashboard.wait("monitor/hall/cat", since=unknown.at, state="ON", episode=started["id"])
    assert len(box.lines("hall: connected")) == 1
    assert [alert["event_type"] for alert in dashboard.alerts()] == ["start"]
    assert dashboard.on("monitor/hall/threshold/cat/state")[-1].payload == b"0.45"
    dashboard.say("monitor/hall/threshold/cat/set", "default")
    dashboard.wait_for(lambda: dashboard.on("monitor/hall/threshold/cat/state")[-1].payload == b"0.3", what="what the file says by now")
    box.stop(signal.SIGTERM)


def test_what_is_no_matter_of_cameras_takes_a_new_daemon(daemon: Callable[..., Daemon], wall_clip: Path) -> None:
    cameras = {"yard": {"source": str(wall_clip), "loop": True}}
    box = daemon(settings(cameras))
    box.line("yard: connected")
    before = len(box.said)
    box.write(settings(cameras, snapshots={"quality": 50}))
    box.process.send_signal(signal.SIGHUP)
    box.line("yard: connected", after=before)
    box.stop(signal.SIGTERM)


def test_a_reload_does_not_wait_for_a_camera_that_hangs(
    daemon: Callable[..., Daemon], systemd: Systemd, silent_server: socket.socket, wall_clip: Path
) -> None:
    stuck = {"stuck": {"source": f"rtsp://127.0.0.1:{silent_server.getsockname()[1]}/cam"}}
    well: dict[str, dict[str, object]] = {"yard": {"source": str(wall_clip), "loop": True}}
    box = daemon(settings({**stuck, **well}), environment=systemd.environment)
    box.line("yard: connected")
    came = systemd.wait("READY=1")
    box.write(settings({**well, "hall": {"source": str(wall_clip), "loop": True}}))
    box.process.send_signal(signal.SIGHUP)
    systemd.wait("READY=1", systemd.wait("RELOADING=1", came))
    box.line("hall: connected")
    note(f"{box.stop(signal.SIGTERM):.2f} s")
    assert len(box.lines("yard: connected")) == 1
    assert not box.lines("stuck: connected")


def test_a_reload_reads_the_file_of_labels_anew(daemon: Callable[..., Daemon], tmp_path: Path, cat_clip: Path) -> None:
    names = tmp_path / "names.yaml"
    config = settings({"hall": {"source": str(cat_clip), "loop": True}})
    config["model"] |= {"labels": str(names)}
    names.write_text("Egyptian cat: Mieze\ntabby: Mieze\n")
    box = daemon(config | {"rules": [{"label": "Mieze", "threshold": 0.2}]})
    box.line("hall: mieze start (Mieze ")

    names.write_text("Egyptian cat: Minka\ntabby: Minka\n")
    box.process.send_signal(signal.SIGHUP)
    box.line("rules[0].label: 'Mieze' is neither a label of the model nor a group")
    box.write(config | {"rules": [{"label": "Minka", "threshold": 0.2}]})
    box.process.send_signal(signal.SIGHUP)
    box.line("hall: minka start (Minka ")
    box.stop(signal.SIGTERM)
