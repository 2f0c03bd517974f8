"""A camera that misbehaves on demand: a small RTSP server (RTP interleaved over TCP, H.264), standard library only.

It can be paused (the session stays and nothing comes), cut, switched off and on again, slowed down, frozen, made to damage its
pictures, to show another clip, to offer no video, to ask for a password, and to answer DESCRIBE with any status. One thread per
client; `close` ends them all.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self
from urllib.request import parse_http_list, parse_keqv_list

_PAYLOAD = 1390  # bytes of a NAL unit in one RTP packet
_CLOCK = 90_000  # RTP ticks a second (RFC 6184)
_SLICES = (1, 5)  # NAL unit types that hold a picture
_KEY = 5  # the type of a slice of a key frame
_MEDIA = {"h264": ("video", "H264/90000"), "audio": ("audio", "L16/44100"), "unknown": ("video", "X-NOBODY/90000")}
_REALM, _NONCE = "test camera", "0123456789abcdef"


class RtspServer:
    """Loop an H.264 clip (Annex B, one slice a picture) to every client that asks.

    fps, corrupt (some bytes of each picture are wrong), garbage (all are), frozen (the first key frame again and again), offer, status (of
    the answer to DESCRIBE), login (user name and password to ask for) and scheme may be changed at any time. connections and describes
    count what clients did. sent: the Unix second at which each picture went out.
    """

    def __init__(self, clip: Path, *, fps: float = 20.0) -> None:
        self.fps = fps
        self.corrupt = False
        self.garbage = False
        self.frozen = False
        self.offer: Literal["h264", "audio", "unknown"] = "h264"
        self.status = 200
        self.login: tuple[str, str] | None = None
        self.scheme: Literal["Basic", "Digest"] = "Digest"
        self.connections = 0
        self.describes = 0
        self.sent: list[float] = []
        self.port = 0
        self._units = _units(clip)
        self._flowing = threading.Event()
        self._flowing.set()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/cam"

    def start(self) -> None:
        """Switch the camera on, at the port it had before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        """Switch the camera off: clients are cut, new ones refused."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def pause(self) -> None:
        """Send nothing more, and keep every session open."""
        self._flowing.clear()

    def resume(self) -> None:
        """Go on sending, in the sessions that were paused."""
        self._flowing.set()

    def show(self, clip: Path) -> None:
        """Go over to another clip, of whatever size, in the sessions that there are."""
        self._units = _units(clip)

    def cut(self) -> None:
        """Close every client's connection."""
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Switch off for good and wait for every thread."""
        self._closing.set()
        self._flowing.set()
        self.stop()
        for thread in self._threads:
            thread.join(timeout=10)

    def _spawn(self, work: Callable[[socket.socket], None], link: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(link,), name="rtsp-server", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._clients.add(client)
                self.connections += 1
            self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as requests:
            while request := _read_request(requests):
                method, headers = request
                client.sendall(self._answer(method, headers))
                if method == "PLAY":
                    self._play(client)
        with self._lock:
            self._clients.discard(client)

    def _answer(self, method: str, headers: dict[str, str]) -> bytes:
        status, extra, body = 200, ["Session: 1;timeout=60"], ""
        if method == "OPTIONS":
            extra = ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"]
        elif method == "SETUP":
            extra.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        elif method == "DESCRIBE":
            self.describes += 1
            status = self.status
            if self.login and not self._may_enter(headers.get("authorization", ""), self.login):
                status = 401
            if status == 401:
                challenge = f'nonce="{_NONCE}", qop="auth"' if self.scheme == "Digest" else 'charset="UTF-8"'
                extra = [f'WWW-Authenticate: {self.scheme} realm="{_REALM}", {challenge}']
            elif status == 200:
                body = self._session_description()
                extra = ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        lines = [f"RTSP/1.0 {status} {_phrase(status)}", f"CSeq: {headers.get('cseq', '0')}", *extra, "", body]
        return "\r\n".join(lines).encode()

    def _may_enter(self, authorization: str, login: tuple[str, str]) -> bool:
        username, password = login
        if self.scheme == "Basic":
            return authorization == "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        if not authorization.startswith("Digest "):
            return False
        got = parse_keqv_list(parse_http_list(authorization.removeprefix("Digest ")))
        who, what = _md5(f"{username}:{_REALM}:{password}"), _md5(f"DESCRIBE:{got.get('uri')}")
        middle = f"{_NONCE}:{got['nc']}:{got['cnonce']}:{got['qop']}" if "qop" in got else _NONCE
        return got.get("response") == _md5(f"{who}:{middle}:{what}")

    def _session_description(self) -> str:
        sets = ",".join(base64.b64encode(next(unit for unit in self._units if unit[0] & 31 == kind)).decode() for kind in (7, 8))
        media, format_ = _MEDIA[self.offer]
        lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 0.0.0.0", "t=0 0", f"m={media} 0 RTP/AVP 96", f"a=rtpmap:96 {format_}"]
        return "\r\n".join([*lines, f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}", "a=control:track1", ""])

    def _play(self, client: socket.socket) -> None:
        """Send the clip over and over until the client or the server goes away."""
        sequence, stamp = 0, 0.0
        for unit in self._endlessly():
            self._flowing.wait()
            is_picture = unit[0] & 31 in _SLICES
            if is_picture:
                self.sent.append(time.time())
            packets = _packets(self._spoilt(unit) if is_picture else unit)
            for number, payload in enumerate(packets, 1):
                mark = 0x80 if is_picture and number == len(packets) else 0
                header = struct.pack("!BBHII", 0x80, 96 | mark, sequence & 0xFFFF, int(stamp) & 0xFFFFFFFF, 1)
                client.sendall(b"$\x00" + struct.pack("!H", len(header) + len(payload)) + header + payload)
                sequence += 1
            if is_picture:
                stamp += _CLOCK / self.fps
                self._closing.wait(1 / self.fps)

    def _endlessly(self) -> Iterator[bytes]:
        """Give the units of the clip of the moment, or of its first key frame while frozen, until the server is closed."""
        while not self._closing.is_set():
            units, frozen = self._units, self.frozen
            first_key = next(number for number, unit in enumerate(units) if unit[0] & 31 == _KEY)
            for unit in units[: first_key + 1] if frozen else units:
                if self._closing.is_set() or units is not self._units or frozen != self.frozen:
                    break
                yield unit

    def _spoilt(self, unit: bytes) -> bytes:
        """The picture as a camera in this state sends it."""
        if self.garbage:
            return unit[:1] + random.randbytes(len(unit) - 1)
        return _damaged(unit) if self.corrupt else unit


def _units(clip: Path) -> list[bytes]:
    """The NAL units of a bare H.264 stream."""
    return [unit for unit in re.split(rb"\x00\x00\x00\x01|\x00\x00\x01", clip.read_bytes()) if unit]


def _read_request(requests: BinaryIO) -> tuple[str, dict[str, str]] | None:
    """Method and headers (names in lower case) of the next request, None at the end of the connection."""
    method = requests.readline().decode().partition(" ")[0]
    headers = {}
    while line := requests.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return (method, headers) if method else None


def _packets(unit: bytes) -> list[bytes]:
    """A NAL unit as RTP payloads: one, or fragments of type FU-A (RFC 6184, 5.8)."""
    if len(unit) <= _PAYLOAD:
        return [unit]
    chunks = [unit[start : start + _PAYLOAD] for start in range(1, len(unit), _PAYLOAD)]
    edges = [0x80, *[0] * (len(chunks) - 2), 0x40]
    return [bytes([unit[0] & 0xE0 | 28, edge | unit[0] & 31]) + chunk for edge, chunk in zip(edges, chunks, strict=True)]


def _damaged(unit: bytes) -> bytes:
    """The unit with some bytes turned over, its header left alone."""
    damaged = bytearray(unit)
    for place in random.sample(range(32, len(unit)), min(8, max(0, len(unit) - 32))):
        damaged[place] ^= 0xFF
    return bytes(damaged)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
