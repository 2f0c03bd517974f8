"""The live picture of one camera, for those who watch it. While nobody does, it costs a look at a number."""

from __future__ import annotations

import threading

import cv2
import numpy as np

from monitor.gate.skip import SkipPolicy
from monitor.values import Image, Moment

WIDTH = 960
"""Pixels at most: a phone shows no more, and a picture of 1080p takes four times the time and the network."""

FPS = 5.0
"""Pictures a second at most: a person sees by them what goes on."""

_QUALITY = 75
"""Of JPEG; 85 takes half as much network again and looks the same on a page."""


class Live:
    """Shrinks pictures for whoever watches. `offer` is for the capture's thread, everything else for any.

    A picture is encoded by the first viewer that wants it and not by the capture, whose looks must not wait; the others share it.
    """

    def __init__(self) -> None:
        self._viewers = 0
        self._pace = SkipPolicy(1, FPS)
        self._offered = 0
        self._changed = threading.Condition()
        self._encoding = threading.Lock()
        self._number = 0
        self._picture: Image | None = None
        self._encoded: tuple[int, bytes] = (0, b"")

    @property
    def watched(self) -> bool:
        """Whether anybody watches."""
        return self._viewers > 0

    def join(self) -> None:
        """Begin to watch."""
        with self._changed:
            self._viewers += 1

    def leave(self) -> None:
        """Watch no more."""
        with self._changed:
            self._viewers -= 1
            if not self._viewers:
                self._picture = None

    def offer(self, image: Image, at: Moment) -> None:
        """Take a picture (height x width x 3, BGR) if somebody watches and the next one is due; it is copied."""
        if not self.watched:
            return
        self._offered += 1
        if not self._pace.wants(self._offered, at.mono):
            return
        height, width = image.shape[:2]
        size = (min(width, WIDTH), max(1, round(height * min(width, WIDTH) / width)))
        small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)  # a copy also of the same size
        with self._changed:
            self._number += 1
            self._picture = small
            self._changed.notify_all()

    def next(self, seen: int, timeout: float) -> tuple[int, bytes] | None:
        """Wait for a picture after number `seen` and give its number and JPEG; None if none comes within so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._picture is not None and self._number > seen, timeout)
            number, picture = self._number, self._picture
        if picture is None or number <= seen:
            return None
        with self._encoding:
            if self._encoded[0] != number:
                _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
                self._encoded = (number, data.tobytes())
            return self._encoded
