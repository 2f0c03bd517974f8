"""Taking pictures out of a camera or a video, some time apart: for measuring on what the camera really shows."""

from __future__ import annotations

import math
from collections.abc import Iterator

from monitor.camera.opencv import open_source
from monitor.camera.protocol import Fault
from monitor.camera.source import Description
from monitor.clock import stopwatch
from monitor.errors import CameraError
from monitor.values import Image

SLACK = 0.001
"""Seconds by which a picture may come early: time stamps are rounded."""

_FASTEST = 30.0
"""Pictures a second, where the source leaves that to us."""


def sample(description: Description, count: int, every: float) -> Iterator[Image]:
    """Yield at most `count` pictures, at least `every` seconds apart; fewer if a video is shorter.

    Raises CameraError as a camera does, also when it stops sending.
    """
    source = open_source(description, fps=min(1 / every, _FASTEST) if every else _FASTEST)
    try:
        given, misses = 0, 0
        due = -math.inf  # a video's time stamps may begin anywhere
        while given < count and misses < source.facts.misses:
            if not source.grab():
                misses += 1
                continue
            misses = 0
            now = stopwatch() if source.facts.live else source.position
            if now >= due and (image := source.retrieve()) is not None:
                given, due = given + 1, now + every - SLACK
                yield image
        if given < count and source.facts.live:
            raise CameraError(f"{description} stopped sending after {given} of {count} pictures", Fault.LOST)
    finally:
        source.close()
