"""RTSP through OpenCV, FFmpeg and a real socket: losses, stalls, passwords, and a camera that goes and comes back."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from functools import partial

import pytest
from pydantic import SecretStr

from monitor.camera import opencv
from monitor.camera.opencv import Decode, open_source
from monitor.camera.protocol import Fault, Source
from monitor.camera.source import Description, parse_source
from monitor.camera.state import LinkState
from monitor.clock import stopwatch
from monitor.errors import CameraError
from monitor.values import OfflineReason
from tests.camera.conftest import LiveBench
from tests.camera.rtsp_server import RtspServer

pytestmark = pytest.mark.real

MakeBench = Callable[..., LiveBench]

PASSWORD = "p@:/%?#[] x"


class CountingOpener:
    """Opens for real, gives up reading after `read_timeout` seconds, and counts."""

    def __init__(self, read_timeout: float = 5.0) -> None:
        self._read_timeout = read_timeout
        self.attempts = 0

    def __call__(self, description: Description, decode: Decode) -> Source:
        self.attempts += 1
        return open_source(description, decode, self._read_timeout)


def lost(bench: LiveBench) -> bool:
    return bench.capture.link.state is LinkState.WAITING


def test_a_stream_is_read_at_its_own_rate(camera: RtspServer, live_bench: MakeBench) -> None:
    bench = live_bench(camera.url, fps=100)
    bench.until_frames(40, limit=10)  # what had come while it was opened comes at once
    took = bench.until_frames(20, limit=3)
    assert 0.7 < took < 1.5
    assert str(bench.capture.link.detail).startswith("320x240 h264 20 fps")


def test_a_cut_connection_is_noticed_at_once_and_opened_again_without_spinning(camera: RtspServer, live_bench: MakeBench) -> None:
    opener = CountingOpener()
    bench = live_bench(camera.url, opener)
    bench.until_frames(40, limit=10)
    camera.cut()
    assert bench.until(lambda: lost(bench), limit=3) < 1.5
    assert bench.capture.link.detail == "the stream broke off"
    steps = bench.steps
    bench.until_frames(1, limit=10)
    assert opener.attempts == 2
    assert bench.steps - steps < 30
    assert bench.capture.counters.reconnects == 1


@pytest.mark.slow
def test_a_stall_is_noticed_its_stale_frame_dropped_and_cured_by_opening_anew(camera: RtspServer, live_bench: MakeBench) -> None:
    bench = live_bench(camera.url, CountingOpener(read_timeout=1.5))
    bench.until_frames(40, limit=10)
    camera.pause()
    assert bench.until(lambda: lost(bench), limit=6) <= 2 * 1.5 + 1
    assert bench.capture.link.detail == "no picture comes any more"
    assert bench.capture.counters.stale == 1
    camera.resume()
    bench.until_frames(40, limit=10)


@pytest.mark.slow
def test_a_camera_that_was_switched_off_is_back_within_ten_seconds_of_its_return(camera: RtspServer, live_bench: MakeBench) -> None:
    opener = CountingOpener()
    bench = live_bench(camera.url, opener)
    bench.until_frames(20, limit=10)
    camera.stop()
    bench.until(lambda: lost(bench), limit=3)
    away, steps, attempts = stopwatch() + 9, bench.steps, opener.attempts
    bench.until(lambda: stopwatch() > away, limit=15)
    assert opener.attempts - attempts <= 4  # after 1, 2, 4, 5, ... seconds
    assert bench.steps - steps < 60  # the bench itself wakes up five times a second
    assert "connection refused" in bench.capture.link.detail
    camera.start()
    assert bench.until_frames(1, limit=15) < 10


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_password_with_every_odd_character_opens_the_camera(camera: RtspServer, scheme: str) -> None:
    camera.scheme = "Basic" if scheme == "Basic" else "Digest"
    camera.login = ("us.er@home", PASSWORD)
    source = open_source(parse_source(camera.url, "us.er@home", SecretStr(PASSWORD)))
    assert source.grab()
    source.close()


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_wrong_password_is_told_as_such_tried_rarely_and_shown_nowhere(
    camera: RtspServer, live_bench: MakeBench, scheme: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    camera.scheme = "Basic" if scheme == "Basic" else "Digest"
    camera.login = ("viewer", "right")
    bench = live_bench(camera.url, username="viewer", password="hunter2")
    bench.until(lambda: lost(bench), limit=5)
    assert bench.capture.link.reason is OfflineReason.AUTH_FAILED
    assert bench.capture.step(bench.clock.now()) > 55
    assert "hunter2" not in "".join([caplog.text, *capfd.readouterr(), repr(bench.capture.link), repr(bench.capture.description)])


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_wrong_path_behind_a_password_is_told_from_a_wrong_password(camera: RtspServer, scheme: str) -> None:
    camera.scheme = "Basic" if scheme == "Basic" else "Digest"
    camera.login, camera.status = ("us.er@home", PASSWORD), 404
    with pytest.raises(CameraError, match="check the path") as refused:
        open_source(parse_source(camera.url, "us.er@home", SecretStr(PASSWORD)))
    assert refused.value.reason == Fault.NOT_FOUND


def test_a_login_that_is_missing_is_told_as_such(camera: RtspServer) -> None:
    camera.login = ("viewer", "right")
    with pytest.raises(CameraError, match="username") as refused:
        open_source(parse_source(camera.url))
    assert refused.value.reason == Fault.AUTH_FAILED


@pytest.mark.parametrize(("status", "reason"), [(404, Fault.NOT_FOUND), (503, Fault.BUSY), (500, Fault.REJECTED)])
def test_a_refusal_is_told_by_its_status(camera: RtspServer, status: int, reason: Fault) -> None:
    camera.status = status
    with pytest.raises(CameraError) as refused:
        open_source(parse_source(camera.url))
    assert refused.value.reason == reason


def test_damaged_pictures_neither_crash_nor_print(camera: RtspServer, live_bench: MakeBench, capfd: pytest.CaptureFixture[str]) -> None:
    camera.corrupt, camera.fps = True, 100
    bench = live_bench(camera.url, fps=100)
    bench.until_frames(300, limit=20)
    assert bench.capture.counters.retrieved > 0
    assert capfd.readouterr() == ("", "")


def test_nothing_is_printed_when_a_camera_cannot_be_opened(camera: RtspServer, capfd: pytest.CaptureFixture[str]) -> None:
    camera.status = 404
    with pytest.raises(CameraError):
        open_source(parse_source(camera.url))
    camera.stop()
    with pytest.raises(CameraError):
        open_source(parse_source(camera.url))
    assert capfd.readouterr() == ("", "")


def test_with_keyframes_only_those_are_decoded(camera: RtspServer) -> None:
    camera.fps = 60
    source = open_source(parse_source(camera.url), "keyframes")
    assert [source.grab() for _ in range(4)] == [True] * 4
    assert source.position == pytest.approx(3 * 20 / 60, abs=0.05)  # one of twenty, sent at 60 a second
    source.close()


@pytest.mark.slow
def test_a_camera_that_hangs_while_it_is_opened_holds_up_no_other(camera: RtspServer) -> None:
    camera.pause()  # it answers, and sends no picture: the opening waits for ten seconds

    def open_paused() -> None:
        with contextlib.suppress(CameraError):
            open_source(parse_source(camera.url)).close()

    thread = threading.Thread(target=open_paused)
    thread.start()
    tick = threading.Event()
    while camera.describes == 0:
        tick.wait(0.01)
    began = stopwatch()
    open_source(parse_source("demo"), "keyframes").close()  # with other options, at that
    assert stopwatch() - began < 1
    camera.resume()
    thread.join(15)


def test_cameras_that_never_answer_hold_up_no_other(camera: RtspServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencv, "OPEN_TIMEOUT", 4.0)
    told: list[CameraError] = []

    def open_silent(port: int) -> None:
        with pytest.raises(CameraError) as silent:
            open_source(parse_source(f"rtsp://127.0.0.1:{port}/sub"))
        told.append(silent.value)

    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        threads = [threading.Thread(target=open_silent, args=(listener.getsockname()[1],)) for listener in listeners]
        for thread in threads:
            thread.start()
        open_source(parse_source(camera.url)).close()
        open_source(parse_source("demo"), "keyframes").close()
        assert not told, "they still wait"
        for thread in threads:
            thread.join(20)
    assert [error.reason for error in told] == [Fault.SILENT] * 3


def test_streams_and_files_that_are_opened_at_once_keep_their_own_options(camera: RtspServer) -> None:
    camera.fps = 60
    steps: dict[str, set[float]] = {"all": set(), "keyframes": set()}

    def measure(source: str, decode: Decode) -> None:
        for _ in range(3):
            opened = open_source(parse_source(source), decode)
            positions = [opened.position for _ in range(3) if opened.grab()]
            steps[decode].add(round(positions[2] - positions[1], 1))
            opened.close()

    sources: list[tuple[str, Decode]] = [(camera.url, "keyframes"), ("demo", "all"), (camera.url, "all")]
    threads = [threading.Thread(target=measure, args=source) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert steps["keyframes"] == {0.3}  # one of twenty, sent at 60 a second
    assert max(steps["all"]) <= 0.1


@pytest.mark.slow
def test_a_slow_camera_is_not_taken_for_a_stalled_one(camera: RtspServer, live_bench: MakeBench) -> None:
    bench = live_bench(camera.url, partial(open_source, read_timeout=4.0))
    camera.fps = 0.5
    bench.until_frames(4, limit=30)
    assert bench.capture.link.state is LinkState.ONLINE
    assert bench.capture.counters.reconnects == 0
