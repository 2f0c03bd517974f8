"""What the main thread says, on a clock moved by hand, with a real line to a systemd of ours."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from monitor.app import Daemon
from monitor.bridge import Bridge
from monitor.camera.capture import Capture
from monitor.camera.mailbox import Mailbox
from monitor.camera.state import CameraLink, LinkState
from monitor.classify.classifier import Classifier
from monitor.clock import ManualClock
from monitor.publish.hearing import Hearing
from monitor.publish.publisher import Publisher
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.reporting import Reporter
from monitor.runtime.sd_notify import Notifier
from monitor.runtime.signals import Request
from monitor.runtime.thermal import Heat
from monitor.runtime.threads import STUCK, Heartbeat, Worker
from monitor.values import Moment, OfflineReason
from monitor.workers import Classifying, Lane
from tests.camera.fake_source import FakeOpener, FakeSource
from tests.publish.conftest import FakeLink, FakeQueue
from tests.spine import CARD, GREY, RED, Colour, ColourEngine, frame, load_text, pipeline_of

if TYPE_CHECKING:
    from monitor.messaging import Messaging

WATCHDOG = 20.0
"""Seconds that our systemd waits for a sign."""


class Idle:
    """Work that is never done: its worker has a heartbeat and no thread."""

    def step(self, now: Moment) -> float:
        return 1.0


class Still(Daemon):
    """A daemon whose workers were never started."""

    crew: list[Worker]

    @property
    def workers(self) -> list[Worker]:
        return self.crew


class Bench:
    """A still daemon with one camera, its reporter, and what it says to the broker and to systemd. asked: what it asks of the process."""

    def __init__(self, folder: Path, systemd: socket.socket, *, mqtt: bool = True, watchdog: bool = True) -> None:
        self.clock = ManualClock()
        self.asked: list[Request] = []
        loaded = load_text(folder)
        self.link = FakeLink()
        self.daemon = Still(loaded, Classifier(CARD, ColourEngine()), self.clock, self._ask)
        mailbox = Mailbox(2)
        opener = FakeOpener(self.clock, FakeSource(self.clock, []))
        self.capture = Capture("porch", loaded.config.cameras["porch"], self.clock, mailbox, lambda: 0.5, opener)
        self.lane = Lane(self.capture, mailbox, pipeline_of(loaded, self.clock))
        self.daemon.lanes = [self.lane]
        self.daemon.crew = [Worker(name, Idle(), self.clock) for name in ("record", "classify")]
        if mqtt:
            topics = Topics("B")
            voice, hearing = Voice(topics, lambda: None), Hearing(topics, "monitor-box-abcdef", random=lambda: 0.5)
            self.queue = FakeQueue()
            publisher = Publisher(self.link, voice, self.queue, hearing, self.clock)
            bridge = Bridge(loaded, self.daemon.classifier, voice, "monitor-box-abcdef", {})
            self.daemon.messaging = cast("Messaging", SimpleNamespace(publisher=publisher, voice=voice, bridge=bridge))
        self.classifying = Classifying([self.lane], self.daemon.classifier, self.clock, lambda outcome: None)
        self._systemd = systemd
        self._notified: list[str] = []
        environ = {"NOTIFY_SOCKET": str(systemd.getsockname())} | ({"WATCHDOG_USEC": str(int(WATCHDOG * 1e6))} if watchdog else {})
        self.heat = Heat()
        self.reporter = Reporter(self.daemon, Notifier(environ, pid=1), self.clock, lambda: self.heat)

    def _ask(self, request: Request) -> None:
        self.asked.append(request)

    def look(self, *colours: Colour) -> None:
        for colour in colours:
            self.lane.mailbox.put(frame(self.clock.now(), colour))
            self.classifying.step(self.clock.now())

    def run(self, seconds: int, *, alive: bool = True) -> None:
        """Step once a second, the workers coming back all the while if they are alive."""
        for _ in range(seconds):
            now = self.clock.advance(1.0)
            if alive:
                for worker in self.daemon.crew:
                    worker.heartbeat = Heartbeat(begun=now.mono, due=now.mono + 1.0)
            self.reporter.step(now)
            self._listen()  # at once: systemd's line holds only a few messages
            if self.daemon.messaging:
                self.daemon.messaging.publisher.step(now)

    def published(self, topic: str) -> list[dict[str, object]]:
        return [json.loads(data) for each, data in self.link.sent if each == topic]

    def notified(self) -> list[str]:
        """What systemd was told since the last time."""
        told, self._notified = self._notified, []
        return told

    def _listen(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._notified.append(self._systemd.recv(4096).decode())


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


@pytest.fixture
def bench(tmp_path: Path, systemd: socket.socket) -> Bench:
    return Bench(tmp_path, systemd)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == "monitor.reporting"]


def test_the_figures_of_each_camera_and_the_health_are_published_once_a_minute(bench: Bench) -> None:
    bench.run(15)
    assert len(bench.published("B/porch/stats")) == len(bench.published("B/bridge/health")) == 1
    bench.run(5 * 60)
    assert len(bench.published("B/porch/stats")) == len(bench.published("B/bridge/health")) == 6


def test_the_figures_are_rates_over_the_last_minute_and_counts_since_the_start(bench: Bench) -> None:
    bench.run(11)
    for _ in range(60):
        bench.look(RED)
        bench.capture.counters.grabbed += 10
        bench.capture.counters.skipped += 9
        bench.run(1)
    figures = bench.published("B/porch/stats")[-1]
    assert figures["camera_fps"] == pytest.approx(10, rel=0.1)
    assert figures["look_fps"] == pytest.approx(1, rel=0.1)
    assert isinstance(figures["skipped"], int)
    assert 9 * 55 <= figures["skipped"] <= 9 * 60
    assert isinstance(figures["inference_ms"], float)


def test_the_health_tells_of_cameras_queues_broker_and_disk(bench: Bench, tmp_path: Path) -> None:
    bench.look(GREY)
    for seq in range(3):
        bench.lane.mailbox.put(frame(bench.clock.now(), seq=seq))
    bench.run(11)
    (health,) = bench.published("B/bridge/health")
    assert isinstance(health["cameras"], dict)
    assert health["cameras"]["porch"]["state"] == "online"
    assert isinstance(health["queues"], dict)
    assert health["queues"]["frames-porch"] == {"depth": 2, "size": 2, "dropped": 1}
    assert health["queues"]["rows"] == {"depth": 0, "size": 10_000, "dropped": 0}
    assert isinstance(health["broker"], dict)
    assert (health["broker"]["connected"], health["broker"]["detail"]) == (True, "")
    assert health["broker"]["acknowledged_seconds"] is not None
    assert isinstance(health["disks"], list)
    assert health["disks"][0]["path"] == str(tmp_path / "logs")


def test_the_health_tells_how_each_camera_fared_and_how_hot_the_board_is(bench: Bench) -> None:
    bench.look(GREY)
    bench.capture.counters.recovery, bench.capture.counters.reconnects, bench.lane.abandoned = 12.34, 2, 1
    bench.heat = Heat(85.0, throttled=True)
    bench.run(11)
    (health,) = bench.published("B/bridge/health")
    assert isinstance(health["cameras"], dict)
    told = health["cameras"]["porch"]
    assert (told["recovery_seconds"], told["reconnects"], told["abandoned"], told["problem"]) == (12.3, 2, 1, None)
    assert told["look_rate"] == 5.0
    assert health["board"] == {"temperature": 85.0, "throttled": True, "duty": 0.117}


def test_looks_that_the_board_cannot_bear_are_slowed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[float] = []
    monkeypatch.setattr(bench.capture.eye, "allow", allowed.append)
    bench.heat = Heat(90.0)
    for _ in range(20):
        bench.lane.looks += 5
        bench.lane.work += 5 * 0.1
        bench.capture.counters.retrieved += 5
        bench.run(1)
    assert allowed[0] == 5.0
    assert allowed[-1] == pytest.approx(0.7 / 3 / 0.1)


def test_captures_are_supervised_each_second(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[float] = []
    monkeypatch.setattr(bench.daemon.captures, "replace_hung", lambda lanes, now: rounds.append(now.mono))
    bench.run(10)
    assert len(rounds) == 10


def test_a_lane_that_is_exchanged_has_figures_of_its_own(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench.look(RED, RED)
    bench.run(10)
    bench.daemon.lanes = [Lane(bench.capture, bench.lane.mailbox, bench.lane.pipeline)]
    bench.run(60)
    assert said(caplog)[1] == "porch: no looks (connecting)"
    assert bench.published("B/porch/stats")[-1]["look_fps"] == 0.0


def test_alerts_that_wait_for_long_are_told_once_and_so_is_their_end(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for oldest, seconds in ((bench.clock.now().wall, 600), (None, 60)):
        bench.queue.oldest = oldest
        bench.run(seconds)
    told = [record.message for record in caplog.records if "wait" in record.message]
    assert told == ["alerts wait for the MQTT broker: 0, the oldest for 5 minutes", "no alert waits for the MQTT broker any more"]


def test_without_a_broker_nothing_is_published_and_nothing_breaks(tmp_path: Path, systemd: socket.socket) -> None:
    bench = Bench(tmp_path, systemd, mqtt=False)
    bench.run(130)
    assert not bench.link.sent


def test_systemds_watchdog_is_fed_twice_as_often_as_it_asks_for(bench: Bench) -> None:
    bench.run(100)
    fed = bench.notified().count("WATCHDOG=1")
    assert 10 <= fed <= 11


def test_the_watchdog_is_not_fed_while_a_worker_hangs_and_its_name_is_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.run(20)
    bench.notified()
    hanging = bench.daemon.crew[1]
    hanging.heartbeat = Heartbeat(begun=bench.clock.now().mono, due=None)
    bench.daemon.crew = [hanging]
    bench.run(int(STUCK), alive=False)
    assert "WATCHDOG=1" in bench.notified()
    bench.run(30, alive=False)
    assert "WATCHDOG=1" not in bench.notified()
    assert "hung: classify" in said(caplog)
    bench.run(11)
    assert "WATCHDOG=1" in bench.notified()


@pytest.mark.parametrize(("watchdog", "asked"), [(False, [Request.RESTART]), (True, [])])
def test_where_no_systemd_waits_for_its_sign_a_daemon_whose_worker_hangs_begins_anew(
    tmp_path: Path, systemd: socket.socket, watchdog: bool, asked: list[Request]
) -> None:
    bench = Bench(tmp_path, systemd, watchdog=watchdog)
    bench.run(20)
    bench.run(int(STUCK) + 5, alive=False)
    assert bench.asked == []
    bench.run(16, alive=False)
    assert bench.asked[:1] == asked


def test_a_worker_that_rests_as_long_as_it_said_is_not_hung(bench: Bench) -> None:
    bench.run(1)
    bench.notified()
    for worker in bench.daemon.crew:
        worker.heartbeat = Heartbeat(begun=bench.clock.now().mono, due=bench.clock.now().mono + 600)
    bench.run(300, alive=False)
    assert bench.notified().count("WATCHDOG=1") == 30


def test_signs_of_life_come_every_ten_seconds_in_the_first_minute_and_every_ten_minutes_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        bench.run(60)
        assert len(said(caplog)) == 6
        bench.run(2 * 600)
        assert len(said(caplog)) == 8


def test_a_sign_of_life_tells_the_looks_since_the_last_one_and_the_best_label(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        bench.look(GREY, GREY, RED)
        bench.run(10)
        bench.look(RED)
        bench.run(10)
    first, second = said(caplog)
    assert first.startswith("porch: 3 looks, ")
    assert first.endswith(" ms each; best: red 1.00")
    assert second.startswith("porch: 1 looks, ")


def test_a_camera_without_looks_says_how_it_is(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        bench.run(10)
        bench.capture.link = CameraLink(LinkState.WAITING, bench.clock.now(), OfflineReason.LOST, "nobody answers")
        bench.run(10)
    assert said(caplog) == ["porch: no looks (connecting)", "porch: no looks (waiting)"]


def test_systemd_is_shown_how_many_cameras_are_online(bench: Bench) -> None:
    bench.run(10)
    assert "STATUS=0 of 1 cameras online" in bench.notified()
    bench.look(RED)
    bench.run(10)
    assert "STATUS=1 of 1 cameras online" in bench.notified()
