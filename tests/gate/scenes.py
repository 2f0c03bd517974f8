"""Small grey pictures for the gate: a scene, things in it, and a camera's noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.camera.opencv import open_source
from monitor.camera.source import parse_source
from monitor.gate.motion import MotionGate
from monitor.values import Grey, Image, Region, Verdict

Scene = NDArray[np.float32]

FOOTAGE = Path("/usr/share/doc/opencv-doc/examples/data")


def scene(seed: int = 0, shape: tuple[int, int] = (90, 160)) -> Scene:
    """A scene with shapes of every size in it, between 50 and 200 grey levels."""
    random = np.random.default_rng(seed)
    height, width = shape
    coarse, fine = (
        cv2.resize(random.random((rows, columns), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for rows, columns in ((5, 8), (23, 40))
    )
    return np.asarray(np.clip(20 + 140 * coarse + 70 * fine, 50, 200), np.float32)


def with_thing(background: Scene, box: tuple[int, int, int, int], brighter: float = 60) -> Scene:
    """The scene with a plain thing at (left, top, width, height), so much brighter, or darker where the scene is bright."""
    left, top, width, height = box
    picture = background.copy()
    part = picture[max(top, 0) : top + height, max(left, 0) : left + width]
    part += np.where(part.mean() < 128, brighter, -brighter).astype(np.float32) if part.size else np.float32(0)
    return picture


def seen(pictures: Iterable[Scene], noise: float = 2.0, seed: int = 1) -> Iterator[Grey]:
    """The pictures as a camera sees them. noise: grey levels, the standard deviation."""
    random = np.random.default_rng(seed)
    for picture in pictures:
        yield np.clip(picture + random.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def judged(gate: MotionGate, pictures: Iterable[Grey], fps: float = 5.0, start: float = 0.0, *, needed: bool = False) -> list[Verdict]:
    """What the gate says of each picture, the first at second `start`."""
    return [gate.judge(picture, start + number / fps, needed=needed) for number, picture in enumerate(pictures)]


def share_inside(region: Region, box: tuple[int, int, int, int], shape: tuple[int, int] = (90, 160)) -> float:
    """How much of a box (left, top, width, height in pixels) the region covers."""
    height, width = shape
    left, top = max(region.x * width, box[0]), max(region.y * height, box[1])
    right, bottom = min((region.x + region.width) * width, box[0] + box[2]), min((region.y + region.height) * height, box[1] + box[3])
    return max(0.0, right - left) * max(0.0, bottom - top) / (box[2] * box[3])


def film(path: Path) -> Iterator[Image]:
    """The frames of a video."""
    source = open_source(parse_source(str(path)))
    try:
        while source.grab():
            image = source.retrieve()
            assert image is not None
            yield image
    finally:
        source.close()
