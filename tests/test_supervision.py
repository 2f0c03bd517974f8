"""Captures that hang inside OpenCV, here inside an opener that waits, on real threads and a clock moved by hand."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.camera.capture import Capture
from monitor.camera.mailbox import Mailbox
from monitor.camera.opencv import Decode
from monitor.camera.source import Description
from monitor.clock import ManualClock, stopwatch
from monitor.runtime.signals import Request
from monitor.runtime.threads import STUCK, Worker
from monitor.supervision import ABSENT, LIMIT, WINDOW, Captures
from monitor.values import Moment
from monitor.workers import Lane
from tests.camera.fake_source import FILE, FakeSource, clip
from tests.spine import load_text, pipeline_of

WELL, HANGS = "well", "hangs"


class Opener:
    """Opens a clip of one frame, or hangs until it is let go. opened: the sources; entered: counts the openings that hang."""

    def __init__(self, clock: ManualClock) -> None:
        self.opened: list[FakeSource] = []
        self.entered = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.ways: list[str] = []
        self._clock = clock

    def __call__(self, description: Description, decode: Decode) -> FakeSource:
        if self.ways and self.ways.pop(0) == HANGS:
            self.entered.release()
            assert self.let_go.wait(60)
        source = FakeSource(self._clock, clip(0.0), FILE)
        self.opened.append(source)
        return source


class Bench:
    """One camera and whoever supervises it. asked: what the main thread was asked for."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.opener = Opener(self.clock)
        self.asked: list[Request] = []
        self.crew: list[Worker] = []
        self.captures = Captures(self.crew, self.clock, self.asked.append)
        loaded = load_text(folder)
        self.mailbox = Mailbox(2)
        capture = Capture("porch", loaded.config.cameras["porch"], self.clock, self.mailbox, lambda: 0.5, self.opener)
        self.lane = Lane(capture, self.mailbox, pipeline_of(loaded, self.clock))

    def start(self, *ways: str) -> None:
        """Start the capture, whose openings go these ways, then well."""
        self.opener.ways = list(ways)
        self.captures.start(self.lane)
        if ways and ways[0] == HANGS:
            self.hangs()

    def hangs(self) -> None:
        """Wait until the capture hangs."""
        assert self.opener.entered.acquire(timeout=10)

    def supervise(self, seconds: float) -> Moment:
        """Supervise for so long, once a second."""
        for _ in range(int(seconds)):
            self.captures.replace_hung([self.lane], self.clock.advance(1.0))
        return self.clock.now()

    def frame_comes(self) -> None:
        assert self.mailbox.signal.wait(10)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    before = set(threading.enumerate())
    yield made
    made.opener.let_go.set()
    if made.crew:
        made.captures.stop(["porch"])
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert not made.captures.left_behind()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == "monitor.supervision"]


def test_a_capture_that_hangs_is_left_behind_and_another_one_opens_the_camera(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.start(HANGS)
    hung = bench.lane.capture
    bench.supervise(STUCK)
    assert bench.lane.capture is hung
    assert not bench.captures.left_behind()
    bench.supervise(2)
    bench.frame_comes()
    assert bench.lane.capture is not hung
    assert bench.lane.abandoned == 1
    assert bench.captures.left_behind() == ["capture-porch"]
    assert [worker.name for worker in bench.crew] == ["capture-porch"]
    bench.supervise(10)
    assert said(caplog) == ["porch: OpenCV has not come back for 51 s; its thread is left behind, another one opens the camera now"]
    assert not bench.asked


def test_one_that_comes_back_lets_go_of_the_camera_and_ends(bench: Bench) -> None:
    bench.start(HANGS)
    bench.supervise(STUCK + 2)
    bench.frame_comes()
    grabbed = bench.lane.capture.counters.grabbed
    bench.opener.let_go.set()
    late = next(thread for thread in threading.enumerate() if thread.name == "capture-porch")
    late.join(10)
    assert not bench.captures.left_behind()
    assert bench.opener.opened[-1].closed
    assert bench.lane.capture.counters.grabbed == grabbed


def test_a_camera_that_hangs_again_and_again_is_opened_ever_less_often(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.supervision.LIMIT", LIMIT // 2)  # two of them may
    bench.captures = Captures(bench.crew, bench.clock, bench.asked.append)
    bench.start(*[HANGS] * 20)
    pauses = []
    for _ in range(6):
        bench.supervise(STUCK + 1)
        began = bench.clock.now().mono
        while not bench.opener.entered.acquire(timeout=0.0 if not bench.crew else 10):
            bench.supervise(1)
        pauses.append(bench.clock.now().mono - began)
    assert pauses == [pytest.approx(pause, abs=2) for pause in (0, 120, 600, 1800, 1800, 1800)]
    assert bench.lane.abandoned == 6
    assert not bench.asked


def test_beyond_the_budget_the_process_begins_anew_and_is_asked_to_once(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.supervision.PAUSES", (0.0,))  # as if other cameras hung, too
    bench.start(*[HANGS] * (LIMIT + 1))
    for _ in range(LIMIT):
        bench.supervise(STUCK + 2)
        bench.hangs()
    assert not bench.asked
    bench.supervise(3 * STUCK)
    assert bench.asked == [Request.RESTART]
    assert bench.lane.abandoned == LIMIT
    assert said(caplog)[LIMIT:] == ["11 threads hang in OpenCV by now: the process begins anew"]
    assert bench.crew[0].heartbeat.late(bench.clock.now()) > STUCK  # so that the watchdog bites if it does not


def test_too_many_that_hang_at_the_same_time_are_beyond_the_budget_however_long_it_took(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.supervision.MOST", 2)
    bench.start(*[HANGS] * 3)
    for _ in range(2):
        bench.supervise(STUCK + 3)
        bench.hangs()
        bench.clock.advance(2 * WINDOW)
    assert not bench.asked
    bench.supervise(STUCK + 3)
    assert bench.asked == [Request.RESTART]


def test_a_camera_that_waits_to_be_opened_again_can_be_stopped(bench: Bench) -> None:
    bench.start(HANGS, HANGS)
    bench.supervise(STUCK + 2)
    bench.hangs()
    bench.supervise(STUCK + 2)
    assert not bench.crew
    bench.captures.stop(["porch"])
    assert bench.captures.left_behind() == ["capture-porch"] * 2


def test_a_process_that_stood_still_replaces_nothing(bench: Bench) -> None:
    bench.start(HANGS)
    bench.supervise(10)
    bench.clock.advance(3600)  # stopped and continued: nobody could come back
    bench.supervise(STUCK)
    assert bench.lane.abandoned == 0
    bench.supervise(ABSENT)
    assert bench.lane.abandoned == 1


def test_a_capture_that_does_not_stop_is_left_behind_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.supervision.PATIENCE", 0.05)
    bench.start(HANGS)
    bench.captures.stop(["porch"])
    assert not bench.crew
    assert bench.captures.left_behind() == ["capture-porch"]
    bench.opener.let_go.set()


def test_a_capture_that_stops_leaves_nothing(bench: Bench) -> None:
    bench.start(WELL)
    bench.frame_comes()
    bench.captures.stop(["porch"])
    assert not bench.crew
    assert not bench.captures.left_behind()
    assert bench.opener.opened[-1].closed


def test_opencv_itself_hangs_and_is_replaced(bench: Bench, tmp_path: Path) -> None:
    """Opening a pipe waits for somebody who writes into it, and OpenCV has no time limit for that."""
    pipe = tmp_path / "pipe.avi"
    os.mkfifo(pipe)
    settings = load_text(tmp_path, f"cameras: {{porch: {{source: {pipe}}}}}").config.cameras["porch"]
    bench.lane.capture = hung = Capture("porch", settings, bench.clock, bench.mailbox, lambda: 0.5)
    bench.start()
    bench.supervise(STUCK + 1)
    assert bench.lane.capture is not hung
    assert bench.captures.left_behind() == ["capture-porch"]
    deadline = stopwatch() + 10
    while bench.captures.left_behind() and stopwatch() < deadline:  # as when a server answers after all
        with contextlib.suppress(OSError):  # it may not have come as far as to open it
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    assert not bench.captures.left_behind()
    assert not bench.mailbox
