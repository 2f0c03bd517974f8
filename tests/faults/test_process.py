"""The process itself: stopped in the worst moment, showered with signals, short of memory and descriptors, its workers broken.

Rows 33 to 38. What may be wrong with a model's files and numbers is held where it is judged: row 39 by `classify/test_verify.py`,
`classify/test_importing.py` and `end_to_end/test_fallback.py`, row 40 by `classify/test_checkpoint.py`, row 41 by
`classify/test_classifier.py`, `classify/test_load.py` and `test_workers.py`, row 42 by `classify/test_trial.py`. Row 34 is held by
`end_to_end/test_reloading.py`, row 44 by `test_flood.py`, `observe/test_repeats.py` and `runtime/test_output.py`.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import stopwatch
from monitor.runtime.signals import ONE_PRESS
from tests.end_to_end.conftest import Daemon, Subscriber, committed_alerts, note, settings, silent_server
from tests.end_to_end.test_reloading import Systemd
from tests.faults import breakable as breakable_python
from tests.faults.breakable import NAMES, STUCK
from tests.faults.cameras import usage
from tests.faults.conftest import FULL
from tests.faults.stand_in import stand_in
from tests.publish.conftest import Mosquitto

__all__ = ["silent_server"]

pytestmark = [pytest.mark.real, pytest.mark.slow]

FULLY = pytest.mark.skipif(not FULL and not os.environ.get("MONITOR_CI"), reason="only with all faults: MONITOR_FAULTS=full")

WATCHDOG = 2.0
"""Seconds that systemd allows without a sign of life in these tests; 60 in the unit."""


@pytest.fixture
def config(colours: Path, blinking: Path) -> Callable[..., dict[str, Any]]:
    """A configuration with one camera, which turns red and grey again and again, and whatever else is named."""

    def make(mqtt: int | None = None, cameras: Mapping[str, Mapping[str, Any]] | None = None, **sections: Any) -> dict[str, Any]:
        blinks = {"source": str(blinking), "loop": True, "fps": 20, "motion": {"enabled": False}}
        model = {"name": "colours", "weights": str(colours)}
        rules = [{"label": "red", "looks": 1, "hold": "0s", "cooldown": "0s"}]
        return settings({"blinks": blinks} | dict(cameras or {}), mqtt, **{"model": model, "rules": rules} | sections)

    return make


@pytest.fixture
def breakable(daemon: Callable[..., Daemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Daemon]:
    """Start a daemon whose workers break on demand (breakable.py)."""

    def start(config: Mapping[str, Any], name: str = "box", environment: Mapping[str, str] | None = None) -> Daemon:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", str(stand_in(tmp_path, f'{sys.executable} {breakable_python.__file__} "$@"')))
            return daemon(config, name, environment)

    return start


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Callable[[str], Systemd]]:
    """Listen as systemd would: systemd(name)."""
    started: list[Systemd] = []

    def start(name: str) -> Systemd:
        started.append(Systemd(tmp_path / f"{name}.notify"))
        started[-1].environment["WATCHDOG_USEC"] = str(int(WATCHDOG * 1e6))
        return started[-1]

    yield start
    for one in started:
        one.close()


def fed(listener: Systemd, seconds: float) -> int:
    """Listen for so long and count the signs of life."""
    deadline, before = stopwatch() + seconds, len(listener.heard)
    while (left := deadline - stopwatch()) > 0:
        listener._socket.settimeout(left)
        try:
            listener.heard.append(listener._socket.recv(4096).decode())
        except TimeoutError:
            break
    listener._socket.settimeout(20)
    return sum("WATCHDOG=1" in heard.splitlines() for heard in listener.heard[before:])


@pytest.mark.parametrize("moment", ["inference", "commit", "open"])
def test_a_stop_in_the_worst_moment_takes_less_than_three_seconds_and_everybody_hears_of_it(
    breakable: Callable[..., Daemon],
    config: Callable[..., dict[str, Any]],
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    systemd: Callable[[str], Systemd],
    silent_server: socket.socket,
    moment: str,
) -> None:
    """Rows 33 and 35: a broker that hangs is in test_stopping.py. The second SIGTERM comes at once, as timeout(1) sends it."""
    listener, dashboard = systemd("box"), subscribe(mosquitto.port)
    mute = {"mute": {"source": f"rtsp://127.0.0.1:{silent_server.getsockname()[1]}/cam"}} if moment == "open" else {}
    box = breakable(config(mosquitto.port, mute), "box", listener.environment)
    dashboard.wait("monitor/blinks/alert", event_type="start")
    if moment == "inference":
        hang(box, "classify")
    elif moment == "commit":
        hang(box, "commit")
    box.process.send_signal(signal.SIGTERM)
    note(f"{box.stop(signal.SIGTERM):.2f} s")
    listener.wait("STOPPING=1")
    dashboard.wait("monitor/bridge/state", state="offline")


def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    """Look a hundred times a second whether it holds by now."""
    deadline = stopwatch() + within
    while not condition():
        assert stopwatch() < deadline, f"not within {within} s"
        threading.Event().wait(0.01)


def hang(box: Daemon, name: str) -> None:
    """Have a worker hang, or the commit, and wait until it does."""
    (box.folder / f"hang-{name}").touch()
    until((box.folder / f"hangs-in-{name}").exists)


def test_a_shower_of_signals_changes_nothing(daemon: Callable[..., Daemon], config: Callable[..., dict[str, Any]]) -> None:
    """Row 35."""
    box = daemon(config())
    box.line("blinks: red end")
    before = usage(box)
    for number in range(200):
        box.process.send_signal((signal.SIGHUP, signal.SIGPIPE, signal.SIGHUP, signal.SIGUSR1)[number % 4 if number % 20 < 4 else 0])
        threading.Event().wait(0.002)
    alerts = len(committed_alerts(box))
    until(lambda: len(committed_alerts(box)) > alerts)
    assert any("Thread 0x" in line for line in box.said)
    assert len(box.lines("blinks: connected")) == 1
    assert "Traceback" not in box.text
    after = usage(box)
    assert (after.threads, after.descriptors) == (before.threads, before.descriptors)
    box.stop(signal.SIGTERM)


def test_a_second_request_to_stop_later_on_is_meant(breakable: Callable[..., Daemon], config: Callable[..., dict[str, Any]]) -> None:
    """Row 35: whoever presses again does not want to wait for what hangs."""
    box = breakable(config())
    box.line("blinks: red start")
    hang(box, "commit")
    hang(box, "classify")  # not before: who hangs there has nothing more to commit
    box.process.send_signal(signal.SIGTERM)
    box.line("stopping")  # else both may come at once, to a process that has not had its turn
    threading.Event().wait(ONE_PRESS)
    box.process.send_signal(signal.SIGTERM)
    assert box.wait(1.0) == -signal.SIGTERM
    assert "second signal: leaving at once" in box.text


@pytest.mark.parametrize("names", [NAMES[:3], *([NAMES[3:4]] if FULL else [])])
def test_a_worker_that_hangs_stops_the_watchdog_whose_signal_leaves_the_stacks(
    breakable: Callable[..., Daemon],
    config: Callable[..., dict[str, Any]],
    mosquitto: Mosquitto,
    systemd: Callable[[str], Systemd],
    names: tuple[str, ...],
) -> None:
    """Row 38. A capture that hangs is replaced (test_cameras.py), so the others are what the watchdog is for."""
    listeners = {name: systemd(name) for name in names}
    clips = {"clips": {"enabled": True}}
    boxes = {name: breakable(config(mosquitto.port, node=name, **clips), name, listeners[name].environment) for name in names}
    for name, box in boxes.items():
        box.line("blinks: red start")
        listeners[name].wait("WATCHDOG=1")
        (box.folder / f"hang-{name}").touch()
    for name, box in boxes.items():
        box.line(f"hung: {name}", STUCK + 3 * WATCHDOG)
        fed(listeners[name], 0.05)  # what was sent before
    threading.Event().wait(1.2 * WATCHDOG)
    for name, box in boxes.items():
        assert fed(listeners[name], 0.05) == 0
        box.process.send_signal(signal.SIGABRT)
        assert box.wait(5) == -signal.SIGABRT
        assert any("in hang_for_ever" in line for line in box.said)


def test_a_camera_and_a_broker_that_are_down_are_no_reason_to_stop_the_watchdog(
    breakable: Callable[..., Daemon],
    config: Callable[..., dict[str, Any]],
    systemd: Callable[[str], Systemd],
    silent_server: socket.socket,
) -> None:
    port, listener = silent_server.getsockname()[1], systemd("box")
    box = breakable(config(port, {"mute": {"source": "http://127.0.0.1:9/cam"}}), "box", listener.environment)
    box.line("blinks: red start")
    assert fed(listener, STUCK + 1.5 * WATCHDOG) >= 3
    assert not box.lines("hung")


def test_a_worker_that_fails_is_back_in_a_second(
    breakable: Callable[..., Daemon], config: Callable[..., dict[str, Any]], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto
) -> None:
    """Row 38."""
    dashboard = subscribe(mosquitto.port)
    box = breakable(config(mosquitto.port, clips={"enabled": True}))
    dashboard.wait("monitor/blinks/alert", event_type="start")
    for name in NAMES:
        (box.folder / f"once-{name}").touch()
    for name in NAMES:
        worker = "capture-blinks" if name == "capture" else name
        box.line(f"{worker} failed and starts again in 1 s")
        box.line(f"RuntimeError: {name} is told to fail once")
    came = stopwatch() + 1.5
    dashboard.wait("monitor/blinks/alert", since=came, event_type="start")
    box.process.send_signal(signal.SIGTERM)
    assert box.wait(3) == 0


@FULLY
@pytest.mark.parametrize("name", NAMES)
def test_a_worker_that_fails_again_and_again_ends_the_process_as_a_bug(
    breakable: Callable[..., Daemon], config: Callable[..., dict[str, Any]], mosquitto: Mosquitto, name: str
) -> None:
    """Row 38: systemd starts it anew."""
    box = breakable(config(mosquitto.port, clips={"enabled": True}))
    box.line("blinks: red start")
    (box.folder / f"always-{name}").touch()
    assert box.wait(15) == 70
    assert "and is given up" in box.text


def test_a_start_after_a_kill_says_so_and_one_after_a_stop_does_not(
    daemon: Callable[..., Daemon], config: Callable[..., dict[str, Any]]
) -> None:
    """Row 36: the kernel's SIGKILL for who has taken too much memory."""
    killed = daemon(config())
    killed.line("blinks: red start")
    until(lambda: bool(committed_alerts(killed)))
    killed.kill()
    next_one = daemon(config())
    next_one.line("the last run ended unclean")
    next_one.line("blinks: red start")
    next_one.stop(signal.SIGTERM)
    last = daemon(config())
    last.line("blinks: red start")
    assert not last.lines("unclean")


@FULLY
def test_without_memory_for_anything_new_it_goes_on_or_ends_so_that_systemd_starts_it_anew(
    daemon: Callable[..., Daemon], config: Callable[..., dict[str, Any]]
) -> None:
    """Row 36."""
    box = daemon(config())
    box.line("blinks: red end")
    pages = int(Path(f"/proc/{box.pid}/statm").read_text().split()[0])
    resource.prlimit(box.pid, resource.RLIMIT_AS, (pages * resource.getpagesize(), resource.RLIM_INFINITY))
    threading.Event().wait(3)
    if box.process.poll() is None:
        resource.prlimit(box.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        alerts = len(committed_alerts(box))
        until(lambda: len(committed_alerts(box)) > alerts)
        box.stop(signal.SIGTERM)
    else:
        assert box.process.returncode not in {0, 78}
        daemon(config()).line("blinks: red end")


def test_without_descriptors_detection_goes_on_the_log_says_why_and_all_is_back_once_there_are_some(
    daemon: Callable[..., Daemon], config: Callable[..., dict[str, Any]], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto
) -> None:
    """Row 37."""
    dashboard = subscribe(mosquitto.port)
    box = daemon(config(mosquitto.port))
    dashboard.wait("monitor/blinks/alert", event_type="end")
    before = usage(box)
    resource.prlimit(box.pid, resource.RLIMIT_NOFILE, (before.descriptors - 5, 256))
    box.line("blinks: lost")
    assert "Too many open files" in box.line("no pictures are kept")
    box.process.send_signal(signal.SIGHUP)
    box.line("the old one stays in force")
    resource.prlimit(box.pid, resource.RLIMIT_NOFILE, (256, 256))
    box.line("pictures are kept in")
    back = stopwatch()
    dashboard.wait("monitor/blinks/alert", since=back, event_type="start")
    assert usage(box).descriptors <= before.descriptors + 1  # one may be open for the moment
    box.stop(signal.SIGTERM)
    assert len(box.lines("Too many open files")) < 20


@pytest.mark.parametrize(("limit", "ends"), [(32, False), (12, True)])
def test_a_start_with_few_descriptors_works_or_ends_with_one_line_that_says_why(
    daemon: Callable[..., Daemon],
    config: Callable[..., dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    ends: bool,
) -> None:
    """Row 37."""
    monkeypatch.setattr(sys, "executable", str(stand_in(tmp_path, f'prlimit --nofile={limit} {sys.executable} "$@"')))
    box = daemon(config())
    if ends:
        assert box.wait(15) in {1, 69, 70}
        assert "Too many open files" in box.text
        assert "Traceback" not in box.text
    else:
        box.line("blinks: red end")
        box.stop(signal.SIGTERM)
