"""A wide scene that a cat enters at the left edge, in the middle and at the right edge, made of what the demo clip shows.

python -m tests.edge_scene VIDEO.avi
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytest

from monitor.camera.opencv import open_source, prepare_opencv
from monitor.camera.probe import probe
from monitor.camera.source import DEMO, Clip
from monitor.classify.card import shipped_cards
from monitor.config.schema import CameraSettings
from monitor.values import WHOLE, Image
from monitor.verbs.seen import draw_seen

WIDTH, HEIGHT, FPS = 1280, 720, 5

CAT_AT, WALL_AT = 10.0, 22.0
"""Seconds of the demo clip in which the cat stands in the middle, and in which there is only the wall."""

CAT = slice(10, 530), slice(150, 720)
"""Rows and columns of the cat's head there."""

SIDE = HEIGHT // 3
"""Pixels of the cat's height in the scene."""

ENTRIES = {"left": 5.0, "middle": 17.0, "right": 29.0}
"""Where the cat enters, and in which second."""

STAY, SLIDE, SECONDS = 5.0, 1.0, 40.0

NOISE = 2.0
"""Grey levels: the standard deviation of a pixel from frame to frame, as of a cheap sensor by daylight."""

SHIFT = 64
"""Pixels by which the noise is shifted at random, which is quicker than making it anew for each frame."""


def frames() -> Iterator[tuple[float, Image]]:
    """Yield the second and the picture of each frame."""
    wall, cat = parts()
    random = np.random.default_rng(5)
    grain = np.rint(random.normal(0, NOISE, (HEIGHT + SHIFT, WIDTH + SHIFT, 1))).astype(np.int16).repeat(3, axis=2)
    for number in range(round(SECONDS * FPS)):
        second = number / FPS
        picture = wall.copy()
        for side, enters in ENTRIES.items():
            paste(picture, cat, side, _shown(second - enters))
        y, x = random.integers(0, SHIFT, 2)
        yield second, np.asarray(cv2.add(picture, grain[y : y + HEIGHT, x : x + WIDTH], dtype=cv2.CV_8U), np.uint8)


def parts() -> tuple[Image, Image]:
    """Return the wall in the size of the scene, and the cat in its size there."""
    wall = cv2.resize(_demo(WALL_AT), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    cat = _demo(CAT_AT)[CAT]
    width = round(cat.shape[1] * SIDE / cat.shape[0])
    return np.asarray(wall, np.uint8), np.asarray(cv2.resize(cat, (width, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def paste(picture: Image, cat: Image, side: str, shown: float) -> None:
    """Paint the cat where it has come in by the part `shown` (0: not at all, 1: it is all there), from the left, the top or the right."""
    height, width = cat.shape[:2]
    middle = ((WIDTH - width) // 2, (HEIGHT - height) // 2)
    outside = {"left": (-width, middle[1]), "middle": (middle[0], -height), "right": (WIDTH, middle[1])}[side]
    inside = {"left": (0, middle[1]), "middle": middle, "right": (WIDTH - width, middle[1])}[side]
    x, y = (round(there + (here - there) * shown) for there, here in zip(outside, inside, strict=True))
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + width, WIDTH), min(y + height, HEIGHT)
    if left < right and top < bottom:
        picture[top:bottom, left:right] = cat[top - y : bottom - y, left - x : right - x]


def write(path: Path, seconds: float = SECONDS) -> Path:
    """Write the scene, or its beginning, as MJPEG in AVI, which any OpenCV writes."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no MJPEG")
    for second, picture in frames():
        if second < seconds:
            writer.write(picture)
    writer.release()
    return path


def draw(folder: Path) -> None:
    """Write what the model sees of the cat at the left edge, with each view that the README tells of."""
    preprocessing = shipped_cards()["efficientnet_lite0"].preprocessing
    with TemporaryDirectory() as scratch:
        video = write(Path(scratch) / "left.avi", ENTRIES["left"] + STAY)
        for view in ("motion", "centre"):
            settings = CameraSettings.model_validate({"source": str(video), "view": view})
            report = probe(settings.source, settings=settings)
            assert report.picture is not None
            seen = draw_seen(report.picture, settings, {WHOLE}, preprocessing, report.movement)
            small = cv2.resize(seen, (WIDTH * 5 // 8, HEIGHT * 5 // 8), interpolation=cv2.INTER_AREA)
            _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
            (folder / f"view-{view}.jpg").write_bytes(jpeg.tobytes())


def entry_of(second: float) -> str:
    """Tell in which entry a second of the scene lies, "" before the first."""
    begun = [side for side, enters in ENTRIES.items() if enters <= second]
    return begun[-1] if begun else ""


def _shown(since: float) -> float:
    return min(max(since / SLIDE, 0.0), 1.0) - min(max((since - STAY) / SLIDE, 0.0), 1.0)


def _demo(second: float) -> Image:
    source = open_source(Clip(DEMO))
    try:
        while source.grab() and source.position < second:
            pass
        picture = source.retrieve()
    finally:
        source.close()
    assert picture is not None
    return picture


if __name__ == "__main__":
    prepare_opencv()
    draw(Path(sys.argv[1]))
