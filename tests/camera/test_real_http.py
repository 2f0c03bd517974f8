"""Motion JPEG over HTTP, as webcams and ESP32 boards send it, and what else an HTTP server may answer."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest
from pydantic import SecretStr

from monitor.camera.opencv import open_source
from monitor.camera.protocol import Fault
from monitor.camera.source import parse_source
from monitor.errors import CameraError
from tests.camera.conftest import LiveBench
from tests.camera.fake_source import picture

pytestmark = pytest.mark.real

LOGIN = "Basic " + base64.b64encode(b"viewer:right").decode()


class HttpCamera(ThreadingHTTPServer):
    """The server with what its handlers need to know."""

    def __init__(self, own_file: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.own_file = own_file
        self.closing = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """/cam: a picture 25 times a second · /private: the same with a password · /page: HTML · /list: a playlist of a local file."""

    def do_GET(self) -> None:
        assert isinstance(self.server, HttpCamera)
        if self.path == "/page":
            self._say("text/html", b"<html>hello</html>")
        elif self.path == "/list":
            playlist = f"#EXTM3U\n#EXTINF:3,\nfile://{self.server.own_file}\n#EXT-X-ENDLIST\n"
            self._say("application/vnd.apple.mpegurl", playlist.encode())
        elif self.path == "/private" and self.headers.get("Authorization") != LOGIN:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="cam"')
            self.end_headers()
        elif self.path in ("/cam", "/private"):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            jpeg = cv2.imencode(".jpg", picture())[1].tobytes()
            while not self.server.closing.wait(0.04):
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                try:
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                except OSError:
                    return
        else:
            self.send_error(404)

    def _say(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def url(h264_file: Path) -> Iterator[str]:
    server = HttpCamera(h264_file)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_motion_jpeg_is_read(url: str, live_bench: Callable[..., LiveBench]) -> None:
    bench = live_bench(f"{url}/cam", fps=100)
    bench.until_frames(30, limit=15)
    assert bench.capture.link.detail.startswith("64x48 mjpeg")
    frame = bench.mailbox.take()
    assert frame is not None
    assert abs(int(frame.image.mean()) - 100) < 3


def test_a_password_opens_and_a_wrong_one_is_told(url: str) -> None:
    open_source(parse_source(f"{url}/private", "viewer", SecretStr("right"))).close()
    with pytest.raises(CameraError, match="refuses") as refused:
        open_source(parse_source(f"{url}/private", "viewer", SecretStr("wrong")))
    assert refused.value.reason == Fault.AUTH_FAILED


@pytest.mark.parametrize(("path", "reason"), [("page", Fault.NOT_VIDEO), ("nothing", Fault.NOT_FOUND)])
def test_what_is_no_video_is_told(url: str, path: str, reason: Fault) -> None:
    with pytest.raises(CameraError) as refused:
        open_source(parse_source(f"{url}/{path}"))
    assert refused.value.reason == reason


def test_a_camera_cannot_make_us_read_our_own_files(url: str) -> None:
    with pytest.raises(CameraError):
        open_source(parse_source(f"{url}/list"))
