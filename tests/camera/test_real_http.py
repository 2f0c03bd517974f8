"""Motion JPEG over HTTP, as webcams and ESP32 boards send it, and what else an HTTP server may answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.camera import opencv
from monitor.camera.http_get import HttpClient
from monitor.camera.opencv import open_source
from monitor.camera.protocol import Fault
from monitor.camera.source import parse_source
from monitor.clock import stopwatch
from monitor.errors import CameraError
from tests.camera.conftest import LiveBench
from tests.camera.http_camera import HttpCamera, http_camera

pytestmark = pytest.mark.real


@pytest.fixture
def server(h264_file: Path) -> Iterator[HttpCamera]:
    with http_camera(h264_file) as camera:
        yield camera


def test_motion_jpeg_is_read(server: HttpCamera, live_bench: Callable[..., LiveBench]) -> None:
    bench = live_bench(f"{server.url}/cam", fps=100)
    bench.until_frames(30, limit=15)
    assert bench.capture.link.detail.startswith("64x48 mjpeg")
    frame = bench.mailbox.take()
    assert frame is not None
    assert abs(int(frame.image.mean()) - 100) < 3


@pytest.mark.parametrize("path", ["private", "moved"])
def test_a_password_opens_also_behind_a_redirect_and_a_wrong_one_is_told(server: HttpCamera, path: str) -> None:
    source = open_source(parse_source(f"{server.url}/{path}", "viewer", SecretStr("right")))
    assert source.grab()
    source.close()
    with pytest.raises(CameraError, match="refuses") as refused:
        open_source(parse_source(f"{server.url}/{path}", "viewer", SecretStr("wrong")))
    assert refused.value.reason == Fault.AUTH_FAILED


def test_a_password_that_is_missing_is_told(server: HttpCamera) -> None:
    with pytest.raises(CameraError, match="set `username:`") as refused:
        open_source(parse_source(f"{server.url}/private"))
    assert refused.value.reason == Fault.AUTH_FAILED


@pytest.mark.parametrize(
    ("path", "reason", "words"),
    [
        ("page", Fault.NOT_VIDEO, "is a web page"),
        ("nothing", Fault.NOT_FOUND, "check the path"),
        ("round", Fault.REJECTED, "without end"),
        ("elsewhere", Fault.REJECTED, "another address"),
    ],
)
def test_what_is_no_video_is_told(server: HttpCamera, path: str, reason: Fault, words: str) -> None:
    with pytest.raises(CameraError, match=words) as refused:
        open_source(parse_source(f"{server.url}/{path}"))
    assert refused.value.reason == reason


def test_a_camera_cannot_make_us_read_our_own_files(server: HttpCamera) -> None:
    with pytest.raises(CameraError):
        open_source(parse_source(f"{server.url}/list"))


@pytest.mark.parametrize("path", ["mute", "slow-head", "headers", "slow", "slow.jpg"])
def test_a_server_that_says_little_or_nothing_holds_us_no_longer_than_we_wait(
    server: HttpCamera, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opencv, "OPEN_TIMEOUT", 0.7)
    began = stopwatch()
    with pytest.raises(CameraError) as silent:
        open_source(parse_source(f"{server.url}/{path}"))
    assert silent.value.reason == Fault.SILENT
    assert stopwatch() - began < 2


def test_the_decoder_connects_only_after_we_have_hung_up(server: HttpCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    hang_up, decode = HttpClient.close, opencv._ffmpeg

    def hanging_up(client: HttpClient) -> None:
        order.append("hang up")
        hang_up(client)

    def decoding(*args: object) -> object:
        order.append("decode")
        return decode(*args)  # type: ignore[arg-type] # whatever it is given

    monkeypatch.setattr(HttpClient, "close", hanging_up)
    monkeypatch.setattr(opencv, "_ffmpeg", decoding)
    open_source(parse_source(f"{server.url}/cam")).close()
    assert order == ["hang up", "decode"]
    assert server.asked == ["/cam", "/cam"]


@pytest.mark.parametrize("path", ["cam", "private", "page", "round", "elsewhere", "list", "nothing", "one.jpg"])
def test_no_password_is_told_by_anybody(
    server: HttpCamera, path: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = ""
    try:
        source = open_source(parse_source(f"{server.url}/{path}?pwd=hunter2".replace("//", "//viewer:hunter2@")))
        said = f"{source!r} {source.facts}"
        source.close()
    except CameraError as error:
        said = f"{error} {error.__cause__}"
    assert "hunter2" not in "".join([said, caplog.text, *capfd.readouterr()])
