"""Clips, cameras, and a bench on which one capture is stepped by hand."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.camera.capture import Capture
from monitor.camera.mailbox import Mailbox
from monitor.camera.opencv import prepare_opencv
from monitor.clock import ManualClock, SystemClock, stopwatch
from monitor.config.schema import CameraSettings
from monitor.values import Frame
from tests.camera.fake_source import FakeOpener
from tests.camera.rtsp_server import RtspServer

PYTHON = "/usr/bin/python3"
GST_SCRIPT = Path(__file__).with_name("gst_camera.py")
NEEDS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@pytest.fixture(scope="session", autouse=True)
def _opencv() -> Iterator[None]:
    before = dict(os.environ)
    prepare_opencv()
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class Bench:
    """One capture under a manual clock, with jitter in the middle (none). `rest` is what the last step answered."""

    def __init__(self, clock: ManualClock, opener: FakeOpener, *, options: Mapping[str, Any] | None = None, **settings: Any) -> None:
        settings = {"source": "rtsp://cam/sub", "fps": 100, "queue_size": 100, **settings}
        self.clock = clock
        self.opener = opener
        self.mailbox = Mailbox(settings["queue_size"])
        self.capture = Capture("porch", CameraSettings(**settings), clock, self.mailbox, lambda: 0.5, opener, **(options or {}))
        self.rest = 0.0

    def step(self, times: int = 1) -> float:
        """Step at once, whatever the last answer was."""
        for _ in range(times):
            self.rest = self.capture.step(self.clock.now())
        return self.rest

    def run(self, seconds: float) -> None:
        """Step as the daemon does, resting as long as each step says, until `seconds` have gone by."""
        end = self.clock.now().mono + seconds
        while self.clock.now().mono < end:
            self.clock.advance(min(self.rest, end - self.clock.now().mono))
            self.step()

    def frames(self) -> list[Frame]:
        """Empty the mailbox."""
        return list(iter(self.mailbox.take, None))


@pytest.fixture
def bench(clock: ManualClock) -> Callable[..., Bench]:
    """Make a bench: bench(opening, opening, ..., setting=value)."""

    def make(*openings: Any, **settings: Any) -> Bench:
        return Bench(clock, FakeOpener(clock, *openings), **settings)

    return make


class LiveBench:
    """One capture on the real clock, stepped in the test's own thread."""

    def __init__(self, settings: CameraSettings, **options: Any) -> None:
        self.mailbox = Mailbox(settings.queue_size)
        self.clock = SystemClock()
        self.capture = Capture("porch", settings, self.clock, self.mailbox, lambda: 0.5, **options)
        self.steps = 0
        self._pause = threading.Event()

    def until(self, done: Callable[[], bool], limit: float) -> float:
        """Step until `done`; give the seconds that took. Fails after `limit`."""
        began = stopwatch()
        while not done():
            self._pause.wait(min(self.capture.step(self.clock.now()), 0.2))
            self.steps += 1
            assert stopwatch() - began < limit, f"nothing after {limit} s: {self.capture.link}"
        return stopwatch() - began

    def until_frames(self, count: int, limit: float) -> float:
        """Step until `count` more frames were grabbed."""
        goal = self.capture.counters.grabbed + count
        return self.until(lambda: self.capture.counters.grabbed >= goal, limit)


@pytest.fixture
def live_bench() -> Iterator[Callable[..., LiveBench]]:
    """Make a bench on the real clock: live_bench(source, opener=..., setting=value)."""
    benches: list[LiveBench] = []

    def make(source: str, opener: Any = None, **settings: Any) -> LiveBench:
        options = {"opener": opener} if opener else {}
        benches.append(LiveBench(CameraSettings(source=source, **settings), **options))
        return benches[-1]

    yield make
    for made in benches:
        made.capture.close()


def _encode(target: Path, *options: str, seconds: float = 3.0, rate: int = 20) -> Path:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    source = f"testsrc2=size=320x240:rate={rate}:duration={seconds}"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *options, str(target)], check=True, timeout=60)
    return target


_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-g", "20", "-bf", "0", "-x264-params", "slices=1")


@pytest.fixture(scope="session")
def h264_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of H.264 at 20 fps, 320 x 240, a key frame each second, in MP4."""
    return _encode(tmp_path_factory.mktemp("clips") / "clip.mp4", *_X264)


@pytest.fixture(scope="session")
def mjpeg_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as MJPEG in AVI."""
    return _encode(tmp_path_factory.mktemp("clips") / "clip.avi", "-c:v", "mjpeg", "-q:v", "5")


@pytest.fixture(scope="session")
def h264_stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a bare H.264 stream, for servers."""
    return _encode(tmp_path_factory.mktemp("clips") / "clip.h264", *_X264)


class GstCamera:
    """GStreamer's RTSP server as a process that can be killed and started again at the same port."""

    def __init__(self, clip: Path) -> None:
        if not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", NEEDS], capture_output=True, check=False).returncode:
            pytest.skip("GStreamer's RTSP server for Python is not installed (gir1.2-gst-rtsp-server-1.0 python3-gi)")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = str(free.getsockname()[1])
        self._clip = clip
        self._process: subprocess.Popen[str] | None = None
        self.url = f"rtsp://127.0.0.1:{self._port}/cam"

    def start(self) -> None:
        self._process = subprocess.Popen([PYTHON, str(GST_SCRIPT), str(self._clip), self._port], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def camera(h264_stream: Path) -> Iterator[RtspServer]:
    """An RTSP camera that can be made to misbehave."""
    with RtspServer(h264_stream) as server:
        yield server
