"""The last seconds of one camera as small pictures, for the clip of an alert that nobody knows of yet."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

import cv2

from monitor.clock import cpu_seconds
from monitor.config.schema import ClipSettings
from monitor.gate.skip import SkipPolicy
from monitor.values import Image, Moment

_QUALITY = 80
"""Of JPEG: what it loses can hardly be seen, and the clip loses more."""

LAG = 10.0
"""Seconds that a picture is kept beyond `clips.pre`: for the looks that an alert takes, and for its turn to be made a part of the clip."""

MOST_BYTES = 64 * 1000**2
"""What a ring may hold, whatever was configured; half a minute of 1080p at 5 fps is about as much."""


@dataclass(frozen=True, slots=True)
class Still:
    """A small picture (JPEG) and when it was taken."""

    at: Moment
    jpeg: bytes


class Ring:
    """At most the last `seconds`, `fps` pictures of each, `width` pixels wide; the oldest go first. `between` is for any thread."""

    def __init__(self, seconds: float, width: int, fps: float, most_bytes: int = MOST_BYTES) -> None:
        self._room = _room(seconds, fps)
        self._width = width
        self._most_bytes = most_bytes
        self._pace = SkipPolicy(1, fps)
        self._offered = 0
        self._lock = threading.Lock()
        self._stills: deque[Still] = deque()
        self._size = 0

    def offer(self, image: Image, at: Moment) -> None:
        """Keep a picture (height x width x 3, BGR) if the next one is due. Moments may not go back."""
        self._offered += 1
        if not self._pace.wants(self._offered, at.mono):
            return
        still = Still(at, _shrunk(image, self._width))
        with self._lock:
            self._stills.append(still)
            self._size += len(still.jpeg)
            while len(self._stills) > self._room or self._size > self._most_bytes:
                self._size -= len(self._stills.popleft().jpeg)

    def between(self, begin: float, end: float) -> list[Still]:
        """Give what was taken after `begin` and until `end` (seconds, monotonic), the oldest first."""
        with self._lock:
            return [still for still in self._stills if begin < still.at.mono <= end]

    @property
    def size(self) -> int:
        """How many bytes of pictures it holds."""
        return self._size


@dataclass(frozen=True, slots=True)
class RingCost:
    """What a ring costs. cpu: share of a core; size: bytes when it is full."""

    cpu: float
    size: int


def ring_cost(image: Image, settings: ClipSettings) -> RingCost:
    """Measure with a picture of a camera what its ring costs."""
    began = cpu_seconds()
    jpeg = _shrunk(image, settings.width)
    cpu = settings.fps * (cpu_seconds() - began)
    return RingCost(cpu, min(MOST_BYTES, _room(settings.pre + LAG, settings.fps) * len(jpeg)))


def _room(seconds: float, fps: float) -> int:
    return math.ceil(seconds * fps) + 1


def _shrunk(image: Image, width: int) -> bytes:
    height, given = image.shape[:2]
    size = (width, max(1, round(height * width / given)))
    small = image if given <= width else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()
