"""Cameras that give one picture for each request."""

from __future__ import annotations

import shutil
import ssl
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from monitor.camera import opencv
from monitor.camera.opencv import open_source
from monitor.camera.protocol import Fault, Source
from monitor.camera.snapshot import SnapshotSource
from monitor.camera.source import Stream, parse_source
from monitor.camera.state import LinkState
from monitor.clock import stopwatch
from monitor.errors import CameraError
from tests.camera.conftest import LiveBench
from tests.camera.http_camera import HttpCamera, http_camera, jpeg


@pytest.fixture
def server() -> Iterator[HttpCamera]:
    with http_camera() as camera:
        yield camera


@pytest.fixture
def opened(server: HttpCamera) -> Iterator[Callable[..., Source]]:
    """Open a path of the server: opened("one.jpg", "right", fps=5)."""
    sources: list[Source] = []

    def open_path(path: str, password: str | None = None, fps: float = 5.0) -> Source:
        login = ("viewer", SecretStr(password)) if password else (None, None)
        sources.append(open_source(parse_source(f"{server.url}/{path}", *login), fps=fps))
        return sources[-1]

    yield open_path
    for source in sources:
        source.close()


def shade(source: Source) -> int:
    image = source.retrieve()
    assert image is not None
    return round(float(image.mean()))


def test_each_grab_is_a_new_picture_over_the_same_connection(server: HttpCamera, opened: Callable[..., Source]) -> None:
    source = opened("one.jpg")
    assert isinstance(source, SnapshotSource)
    assert str(source.facts) == "64x48 jpeg"
    assert source.facts.live
    seen = []
    for server.shade in (200, 40):
        assert source.grab()
        seen.append(shade(source))
    assert seen == [100, 40]  # the first is the one that it was opened with
    assert server.asked == ["/one.jpg"] * 2
    assert server.connections == 1


def test_a_png_will_do(opened: Callable[..., Source]) -> None:
    assert str(opened("one.png").facts) == "64x48 png"


@pytest.mark.parametrize(("fps", "polls"), [(5.0, 5.0), (100.0, 5.0), (2.5, 2.5), (0.01, 1.0)])
def test_it_is_polled_as_often_as_wanted_within_bounds(opened: Callable[..., Source], fps: float, polls: float) -> None:
    source = opened("one.jpg", fps=fps)
    began = stopwatch()
    assert all(source.grab() for _ in range(3))
    assert stopwatch() - began == pytest.approx(2 / polls, abs=0.15)
    assert source.position == pytest.approx(2 / polls, abs=0.15)


@pytest.mark.parametrize("path", ["digest.jpg", "moved.jpg"])
def test_a_digest_password_is_answered_once_and_counted_on(server: HttpCamera, opened: Callable[..., Source], path: str) -> None:
    source = opened(path, "right")
    asked = len(server.asked)
    assert all(source.grab() for _ in range(3))
    assert server.asked[asked:] == ["/digest.jpg"] * 2
    server.nonce = "second"
    assert source.grab()
    assert server.asked[asked:] == ["/digest.jpg"] * 4
    assert server.connections == 1


def test_a_wrong_password_is_told_and_not_tried_again_and_again(server: HttpCamera, opened: Callable[..., Source]) -> None:
    with pytest.raises(CameraError, match="refuses the user name or password") as refused:
        opened("digest.jpg", "hunter2")
    assert refused.value.reason == Fault.AUTH_FAILED
    assert "hunter2" not in str(refused.value)
    assert len(server.asked) == 2


def test_a_camera_that_hung_up_in_between_is_asked_anew(server: HttpCamera, opened: Callable[..., Source]) -> None:
    server.hang_up = True
    source = opened("one.jpg")
    assert all(source.grab() for _ in range(3))
    server.keep_alive = False
    assert all(source.grab() for _ in range(2))
    assert server.connections == 5


@pytest.mark.parametrize("body", [b"", b"busy", jpeg()[:-200], jpeg() + bytes(16_000_000)])
def test_what_is_no_picture_is_a_miss_and_three_are_a_loss(server: HttpCamera, opened: Callable[..., Source], body: bytes) -> None:
    source = opened("one.jpg")
    assert source.facts.misses == 3
    assert source.grab()
    server.body = body
    assert not source.grab()
    assert source.retrieve() is None
    server.body = None
    assert source.grab()


def test_a_busy_camera_is_a_miss_and_a_refusal_an_error(server: HttpCamera, opened: Callable[..., Source]) -> None:
    source = opened("one.jpg")
    assert source.grab()
    server.status = 503
    assert not source.grab()
    server.status = 404
    with pytest.raises(CameraError, match="check the path") as refused:
        source.grab()
    assert refused.value.reason == Fault.NOT_FOUND


def test_an_address_whose_first_picture_is_none_is_told(server: HttpCamera, opened: Callable[..., Source]) -> None:
    server.body = b"busy"
    with pytest.raises(CameraError, match="no picture that can be decoded") as refused:
        opened("one.jpg")
    assert refused.value.reason == Fault.NOT_VIDEO


def test_a_picture_that_trickles_is_given_up(server: HttpCamera, monkeypatch: pytest.MonkeyPatch, opened: Callable[..., Source]) -> None:
    monkeypatch.setattr(opencv, "READ_TIMEOUT", 0.3)
    source = opened("one.jpg")
    assert isinstance(source, SnapshotSource)
    assert source.grab()
    description = parse_source(f"{server.url}/slow.jpg")
    assert isinstance(description, Stream)
    source._client.stream = description
    began = stopwatch()
    with pytest.raises(CameraError, match="does not answer in time") as slow:
        source.grab()
    assert slow.value.reason == Fault.SILENT
    assert stopwatch() - began < 1


def test_a_picture_that_claims_a_billion_pixels_is_not_decoded(server: HttpCamera, opened: Callable[..., Source]) -> None:
    source = opened("one.jpg")
    assert source.grab()
    bomb = jpeg()
    at = bomb.index(b"\xff\xc0") + 5
    server.body = bomb[:at] + struct.pack(">HH", 40_000, 25_000) + bomb[at + 4 :]
    assert not source.grab()


@pytest.fixture
def certified(tmp_path: Path) -> ssl.SSLContext:
    """The side of an old camera, which has made its certificate itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    made = tmp_path / "camera.pem"
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=camera", "-keyout", str(made)]
    certificate = subprocess.run([openssl, "req", *options], check=True, timeout=30, capture_output=True).stdout
    made.write_bytes(made.read_bytes() + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(made)
    return context


@pytest.mark.real
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_tls_and_a_certificate_of_the_cameras_own_making_will_do(certified: ssl.SSLContext) -> None:
    with http_camera(tls=certified) as camera:
        source = open_source(parse_source(f"{camera.url}/one.jpg"))
        assert all(source.grab() for _ in range(2))
        source.close()


def test_tls_towards_a_plain_server_is_told(server: HttpCamera) -> None:
    with pytest.raises(CameraError, match="try http://") as refused:
        open_source(parse_source(f"{server.url.replace('http', 'https')}/one.jpg"))
    assert refused.value.reason == Fault.REJECTED


@pytest.mark.real
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_a_redirect_from_tls_to_plain_is_not_followed(certified: ssl.SSLContext, server: HttpCamera) -> None:
    with http_camera(tls=certified) as camera:
        camera.target = f"{server.url}/one.jpg"
        with pytest.raises(CameraError, match="another address"):
            open_source(parse_source(f"{camera.url}/elsewhere"))


def test_a_picture_is_the_callers_own(opened: Callable[..., Source]) -> None:
    source = opened("one.jpg")
    assert source.grab()
    first = source.retrieve()
    assert first is not None
    kept = first.copy()
    assert source.grab()
    assert np.array_equal(first, kept)


def test_a_camera_that_was_switched_off_is_lost_and_comes_back(live_bench: Callable[..., LiveBench], server: HttpCamera) -> None:
    bench = live_bench(f"{server.url}/one.jpg")
    bench.until_frames(2, limit=3)
    server.status = 500
    bench.until(lambda: bench.capture.link.state is LinkState.WAITING, limit=3)
    assert bench.capture.link.detail == "the stream broke off"
    server.status = 200
    bench.until_frames(1, limit=5)
    assert bench.capture.counters.reconnects == 1


def test_after_closing_it_gives_nothing(opened: Callable[..., Source]) -> None:
    source = opened("one.jpg")
    source.close()
    source.close()
    assert not source.grab()
    assert source.retrieve() is None
