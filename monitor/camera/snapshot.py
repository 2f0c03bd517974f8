"""A camera that gives one picture for each request, polled as a `Source`."""

from __future__ import annotations

import threading
from http.client import HTTPResponse

from monitor.camera.diagnose import verdict
from monitor.camera.http_get import HttpClient
from monitor.camera.protocol import Fault, SourceFacts
from monitor.camera.still import MAX_BYTES, codec_of, decode
from monitor.clock import stopwatch
from monitor.errors import CameraError
from monitor.values import Image

FASTEST = 5.0
"""Polls a second at most: each is a picture that the camera makes for us alone."""

SLOWEST = 1.0
"""Polls a second at least: a camera that died is to be seen, and who waits for the next must be able to stop."""

_MISSES = 3


class SnapshotSource:
    """Polls one address. first: the answer to a first request, whose body nobody has read. patience: seconds for a picture."""

    def __init__(self, client: HttpClient, first: HTTPResponse, fps: float, patience: float) -> None:
        self._client = client
        self._patience = patience
        self._slot = 1 / min(max(fps, SLOWEST), FASTEST)
        self._pause = threading.Event()
        self._opened = self._asked = stopwatch()
        self._due = self._opened + self._slot
        data = client.read(first, MAX_BYTES + 1)
        self._image = decode(data)
        if self._image is None:
            client.close()
            raise CameraError(f"{client.stream} gives no picture that can be decoded", Fault.NOT_VIDEO)
        height, width = self._image.shape[:2]
        self._facts = SourceFacts(width, height, None, codec_of(data), live=True, misses=_MISSES, read_timeout=None)
        self._fresh = True
        self._closed = False

    @property
    def facts(self) -> SourceFacts:
        """What was learnt when it was opened."""
        return self._facts

    @property
    def position(self) -> float:
        """Seconds from the opening to the request for the picture."""
        return self._asked - self._opened

    @property
    def is_key(self) -> bool:
        """Every picture stands for itself."""
        return True

    def grab(self) -> bool:
        """Wait until the next picture is due, and fetch it. False: the camera was too busy, or what it sent was no picture."""
        if self._closed:
            return False
        if self._fresh:
            self._fresh = False
            return True
        self._pause.wait(max(0.0, self._due - stopwatch()))
        self._asked = stopwatch()
        self._due = max(self._due + self._slot, self._asked)
        self._image = self._fetch()
        return self._image is not None

    def retrieve(self, into: Image | None = None) -> Image | None:  # noqa: ARG002 - it is there already
        """Give the picture."""
        return self._image

    def close(self) -> None:
        """Hang up."""
        self._closed = True
        self._image = None
        self._client.close()

    def _fetch(self) -> Image | None:
        response = self._client.get(self._patience)
        data = self._client.read(response, MAX_BYTES + 1)
        if response.status >= 500:
            return None
        if response.status >= 300:
            raise verdict(self._client.stream, response.status, response.headers)
        return decode(data)
