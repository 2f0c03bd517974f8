"""Asking a camera for something over HTTP, again and again over one connection, within a time that nothing can stretch.

`http.client` reads what comes; the connection is made here, as its own bounds each byte and not the whole: a camera that trickles would
hold a thread for ever. Certificates are not verified, as in the decoder: cameras have ones of their own making.
"""

from __future__ import annotations

import io
import socket
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import BadStatusLine, HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import quote, urljoin

from monitor.camera.diagnose import connect, wrapped
from monitor.camera.login import Login
from monitor.camera.protocol import Fault
from monitor.camera.source import Stream, parse_source
from monitor.clock import stopwatch
from monitor.errors import CameraError

_MOST_ANSWERS = 5
"""Of redirects and refused logins, until there must be something else."""

_SMALL = 65_536
"""Bytes of an answer that is read only to keep the connection; a longer one costs the connection instead."""

_MOST_BYTES = 20_000_000
"""Of one answer with its head: a picture and some air. A chunk with a negative length would be read until the memory is full."""

_REDIRECTS = (301, 302, 303, 307, 308)


class HttpClient:
    """One address and one connection to it, for one thread. After any error it may be used again, and connects anew."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream  # where redirects have led
        self._login = Login(stream.username, stream.password.get_secret_value() if stream.password else "")
        self._link: _Link | None = None

    def get(self, patience: float) -> HTTPResponse:
        """Ask, following redirects within the host and answering for a password; give the answer with its head read.

        patience: seconds, for this and for the `read` that follows. Raises CameraError where there is no answer; a refusal is one.
        """
        end = stopwatch() + patience
        refused = False
        with self._in_words():
            for _ in range(_MOST_ANSWERS):
                response = self._ask(end)
                if response.status == 401 and not refused and self._login.take(response.headers.get_all("WWW-Authenticate", [])):
                    refused = True
                elif response.status in _REDIRECTS and (target := response.headers.get("Location")):
                    self.stream = _redirected(self.stream, target)
                else:
                    return response
                self.read(response, _SMALL)
            raise CameraError(f"{self.stream.place} sends us from one address to the next without end", Fault.REJECTED)

    def read(self, response: HTTPResponse, limit: int) -> bytes:
        """Read an answer's body, at most `limit` bytes of it. Raises CameraError when it breaks off or takes too long."""
        with self._in_words():
            data = response.read(limit)
        if response.will_close or not response.isclosed():
            self.close()
        return data

    def close(self) -> None:
        """Hang up."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def _ask(self, end: float) -> HTTPResponse:
        if self._link is not None:
            try:
                return self._request(self._link, end)
            except (ConnectionError, BadStatusLine):
                self.close()  # a camera may hang up on who has not asked for a while
        self._link = _Link(self.stream, end)
        return self._request(self._link, end)

    def _request(self, link: _Link, end: float) -> HTTPResponse:
        target = quote(self.stream.path, safe=string.punctuation)
        lines = [f"GET {target} HTTP/1.1", f"Host: {self.stream.place}", "User-Agent: monitor", "Accept-Encoding: identity"]
        if authorization := self._login.answer("GET", target):
            lines.append(f"Authorization: {authorization}")
        link.end, link.room = end, _MOST_BYTES
        link.sendall("\r\n".join([*lines, "", ""]).encode())
        response = HTTPResponse(cast("socket.socket", link), method="GET")
        response.begin()
        return response

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Hang up after a failure, and say what it was. What the other side said is not repeated."""
        try:
            yield
        except CameraError:
            self.close()
            raise
        except TimeoutError:
            raise self._failure("accepts a connection but does not answer in time", Fault.SILENT) from None
        except OSError:
            raise self._failure("broke off the connection", Fault.LOST) from None
        except (HTTPException, ValueError):
            raise self._failure("does not speak HTTP", Fault.NOT_VIDEO) from None

    def _failure(self, words: str, fault: Fault) -> CameraError:
        self.close()
        return CameraError(f"{self.stream.place} {words}", fault)


def _redirected(stream: Stream, target: str) -> Stream:
    """Where a redirect leads. Only within the host, and never from TLS to plain: the password goes along."""
    try:
        found = parse_source(urljoin(stream.bare_url, target))
    except (CameraError, ValueError):
        found = None
    if not isinstance(found, Stream) or found.rtsp or found.host != stream.host or (stream.tls and not found.tls):
        raise CameraError(f"{stream.place} sends us to another address: write that as `source`", Fault.REJECTED)
    return replace(found, username=stream.username, password=stream.password)


class _Link:
    """A connection, as `HTTPResponse` wants it.

    end: when reading and writing are given up, by the stopwatch. room: bytes that may still come.
    """

    def __init__(self, stream: Stream, end: float) -> None:
        self.end = end
        self.room = 0
        self._raw: socket.SocketIO | None = None
        plain = connect(stream)
        plain.settimeout(max(0.1, end - stopwatch()))
        try:
            self._socket = wrapped(stream, plain)
        except BaseException:
            plain.close()
            raise

    def sendall(self, data: bytes) -> None:
        self.hurry()
        self._socket.sendall(data)

    def makefile(self, *_: Any) -> io.BufferedReader:
        self._raw = self._socket.makefile("rb", buffering=0)
        return io.BufferedReader(_Reader(self, self._raw))

    def close(self) -> None:
        if self._raw is not None:
            self._raw.close()  # the socket stays open as long as this does
        self._socket.close()

    def hurry(self) -> None:
        """Leave the next operation no more than the time that is left."""
        left = self.end - stopwatch()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


class _Reader(io.RawIOBase):
    """Reads from a link as long as it has time, and room for more."""

    def __init__(self, link: _Link, raw: socket.SocketIO) -> None:
        self._link = link
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._link.hurry()
        count = self._raw.readinto(buffer)
        self._link.room -= count or 0
        if self._link.room < 0:
            raise HTTPException("too long")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
