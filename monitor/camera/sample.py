"""Taking pictures out of a camera or a video, some time apart: for measuring on what the camera really shows."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.camera.opencv import open_source
from monitor.camera.source import Description
from monitor.clock import stopwatch
from monitor.values import Image


def sample(description: Description, count: int, every: float) -> Iterator[Image]:
    """Yield at most `count` pictures, `every` seconds apart; fewer if a video is shorter. Raises CameraError as a camera does."""
    source = open_source(description)
    try:
        given, due = 0, 0.0
        misses, began = 0, stopwatch()
        while given < count and misses < source.facts.misses:
            if not source.grab():
                misses += 1
                continue
            misses = 0
            now = stopwatch() - began if source.facts.live else source.position
            if now >= due and (image := source.retrieve()) is not None:
                given, due = given + 1, due + every
                yield image
    finally:
        source.close()
