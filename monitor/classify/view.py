"""What the model sees of a camera's picture: its zones and its view of the whole. Geometry only, no pixel is resampled here.

A zone is seen as its bounding square, moved into the picture where it stands out, and padded where the picture is smaller than it:
everything in a zone is seen. The whole picture (zone `frame`) is seen as `view` says: all of it, its centre, or around what moves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.classify.preprocess import Square
from monitor.classify.resample import Box
from monitor.config.polygon import Point
from monitor.config.schema import CameraSettings
from monitor.values import WHOLE, Image, Region

SMALLEST = 112.0
"""Pixels of the smallest square around a movement, half the model's input: it is blown up then. With 224 it knew 16 to 20 in a hundred
fewer of the things that are a fifth of a 720p picture high, and as many of those that are a third of it."""

SHARE = 0.9
"""The side of the square, by the mean of the two sides of the moving thing's box. A model trained on torchvision's crops, which show
0.875 of the shorter side, knows things best that fill the square and more: each tenth of margin costs it some 10 in a hundred
(EfficientNet-Lite0, 200 photographs and 150 things cut out of them, pasted onto a wall at a third and a fifth of the height)."""


class View:
    """How one camera is looked at. follows: whether what moves is looked at, rather than always the same."""

    def __init__(self, settings: CameraSettings) -> None:
        self.follows = settings.view == "motion"
        self._letterbox = settings.view == "letterbox"
        self._zones = settings.zones

    def squares(self, image: Image, zones: Sequence[str]) -> list[Square]:
        """Return what the model is to see of `image` for each of `zones`, in their order, while nothing moves.

        KeyError for a zone that the camera lacks.
        """
        return [Square(image, self._box(zone, image)) for zone in zones]

    def _box(self, zone: str, image: Image) -> Box | None:
        height, width = image.shape[:2]
        if zone != WHOLE:
            return square_of(self._zones[zone], width, height)
        return square_around(Box(0, 0, width, height), width, height) if self._letterbox else None


def square_of_movement(region: Region, width: int, height: int) -> Box:
    """Return the square that shows what moves: at least `SMALLEST` pixels, at most the picture's shorter side, and inside the picture."""
    side = SHARE * (region.width * width + region.height * height) / 2
    side = min(max(side, SMALLEST), float(width), float(height))
    x, y = (region.x + region.width / 2) * width, (region.y + region.height / 2) * height
    return Box(_place(x, side, width), _place(y, side, height), side, side)


def squares_of_all(width: int, height: int) -> list[Box]:
    """Return the squares, as large as they fit, that cover a picture from one end to the other: two of a 16:9 or 4:3 one."""
    side = float(min(width, height))
    count = math.ceil(max(width, height) / side)
    steps = [number / max(count - 1, 1) for number in range(count)]
    return [Box((width - side) * step, (height - side) * step, side, side) for step in steps]


def square_of(polygon: Sequence[Point], width: int, height: int) -> Box:
    """Return the bounding square of a polygon, given in fractions of a picture of `width` x `height`, in its pixels."""
    xs, ys = [x * width for x, _ in polygon], [y * height for _, y in polygon]
    return square_around(Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)), width, height)


def square_around(box: Box, width: int, height: int) -> Box:
    """Return the smallest square around `box`, at least a pixel wide, moved into the picture, or centred on it where it is too large."""
    side = max(box.width, box.height, 1.0)
    return Box(_place(box.x + box.width / 2, side, width), _place(box.y + box.height / 2, side, height), side, side)


def _place(centre: float, side: float, room: int) -> float:
    """Return where a line of length `side` begins that has its middle at `centre` if it fits into 0..room so."""
    return (room - side) / 2 if side > room else min(max(centre - side / 2, 0.0), room - side)
