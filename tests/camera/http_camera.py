"""A camera that speaks HTTP and can be made to misbehave, standard library only."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import parse_http_list, parse_keqv_list

import cv2

from tests.camera.fake_source import picture

BASIC = "Basic " + base64.b64encode(b"viewer:right").decode()


def jpeg(shade: int = 100) -> bytes:
    return cv2.imencode(".jpg", picture(shade))[1].tobytes()


class HttpCamera(ThreadingHTTPServer):
    """Answers by the table in `Handler`. asked: the paths; connections: how many.

    nonce, uses: of Digest, which takes no count of a nonce twice. shade: of the next picture. status: of the answer to `/one.jpg`;
    body: instead of its picture. keep_alive: whether it says so; hang_up: whether it hangs up all the same.
    target: where `/elsewhere` redirects to.
    """

    def __init__(self, own_file: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.own_file = own_file
        self.closing = threading.Event()
        self.asked: list[str] = []
        self.connections = 0
        self.nonce, self.uses = "first", set[str]()
        self.shade, self.status = 100, 200
        self.body: bytes | None = None
        self.keep_alive = True
        self.hang_up = False
        self.target = "http://viewer:hunter2@cam.invalid/one.jpg"
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.camera.connections += 1

    @property
    def camera(self) -> HttpCamera:
        assert isinstance(self.server, HttpCamera)
        return self.server

    def do_GET(self) -> None:
        self.camera.asked.append(self.path)
        answers: dict[str, Callable[[], None]] = {
            "/cam": self._stream,
            "/private": lambda: self._stream() if self.headers.get("Authorization") == BASIC else self._refuse('Basic realm="cam"'),
            "/page": lambda: self._say("text/html", b"<html>hello</html>"),
            "/list": self._playlist,
            "/one.jpg": self._picture,
            "/one.png": lambda: self._say("image/png", cv2.imencode(".png", picture())[1].tobytes()),
            "/digest.jpg": lambda: self._picture() if self._digest_is_right() else self._refuse(self._challenge()),
            "/moved.jpg": lambda: self._redirect("/digest.jpg"),
            "/moved": lambda: self._redirect("/private"),
            "/round": lambda: self._redirect("/round"),
            "/elsewhere": lambda: self._redirect(self.camera.target),
            "/mute": self._wait,
            "/headers": lambda: self._begin("multipart/x-mixed-replace; boundary=frame"),
            "/slow-head": lambda: self._trickle(b"HTTP/1.1 200 OK\r\n" + b"X-Padding: 1\r\n" * 90),
            "/slow.jpg": lambda: self._begin("image/jpeg", jpeg() + bytes(10_000)),
            "/slow": lambda: self._begin("multipart/x-mixed-replace; boundary=frame", b"--frame\r\n" * 1000),
        }
        answers.get(self.path.partition("?")[0], lambda: self.send_error(404))()

    def _say(self, kind: str, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if not self.camera.keep_alive:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection |= self.camera.hang_up or not self.camera.keep_alive

    def _picture(self) -> None:
        body = jpeg(self.camera.shade) if self.camera.body is None else self.camera.body
        self._say("image/jpeg", body, self.camera.status)

    def _playlist(self) -> None:
        text = f"#EXTM3U\n#EXTINF:3,\nfile://{self.camera.own_file}\n#EXT-X-ENDLIST\n"
        self._say("application/vnd.apple.mpegurl", text.encode())

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _stream(self) -> None:
        """A picture 25 times a second."""
        self._begin("multipart/x-mixed-replace; boundary=frame", wait=False)
        body = jpeg()
        part = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body + b"\r\n"
        with contextlib.suppress(OSError):
            while not self.camera.closing.wait(0.04):
                self.wfile.write(part)

    def _begin(self, kind: str, slowly: bytes = b"", *, wait: bool = True) -> None:
        """Say what comes, and let it come slowly, then not at all."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        if wait:
            self._trickle(slowly)

    def _trickle(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            for at in range(len(data)):
                self.wfile.write(data[at : at + 1])
                if self.camera.closing.wait(0.02):
                    return
        self._wait()

    def _wait(self) -> None:
        self.camera.closing.wait(30)
        self.close_connection = True

    def _refuse(self, challenge: str) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _challenge(self) -> str:
        return f'Digest realm="cam", nonce="{self.camera.nonce}", qop="auth", algorithm=MD5'

    def _digest_is_right(self) -> bool:
        """RFC 7616, 3.4.1."""
        scheme, _, rest = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Digest":
            return False
        said = parse_keqv_list(parse_http_list(rest))
        who, what = (hashlib.md5(text.encode()).hexdigest() for text in ("viewer:cam:right", f"GET:{self.path}"))
        text = ":".join([who, said["nonce"], said["nc"], said["cnonce"], said["qop"], what])
        use = said["nonce"] + said["nc"]
        good = said["nonce"] == self.camera.nonce and use not in self.camera.uses
        self.camera.uses.add(use)
        return good and said["response"] == hashlib.md5(text.encode()).hexdigest()

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def http_camera(own_file: Path | None = None, tls: ssl.SSLContext | None = None) -> Iterator[HttpCamera]:
    """Run one until the end of the block."""
    with HttpCamera(own_file) as camera:
        if tls is not None:
            camera.socket = tls.wrap_socket(camera.socket, server_side=True)
            camera.url = camera.url.replace("http:", "https:")
        thread = threading.Thread(target=camera.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield camera
        finally:
            camera.closing.set()
            camera.shutdown()
            thread.join()
