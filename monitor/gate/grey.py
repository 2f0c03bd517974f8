"""The small grey picture on which everything is judged that comes before a look."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from monitor.config.polygon import Polygon
from monitor.values import Grey, Image

SIDE = 160
"""Pixels of its longer side. A cat ten metres from a door camera is some 8 of them high."""

_ROWS = 2
"""Rows of the picture, at least, that go into one of the small one: reading fewer than all takes a third of the time."""


def shrink(image: Image) -> Grey:
    """Return a picture's brightness, its longer side `SIDE` pixels; smaller pictures keep their size."""
    height, width = image.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    step = max(1, height // (_ROWS * size[1]))
    small = cv2.resize(image[::step], size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def black_out(image: Image, masks: Sequence[Polygon]) -> None:
    """Paint `masks`, in fractions of the picture, black in `image` itself."""
    height, width = image.shape[:2]
    for polygon in masks:
        corners = np.rint(np.array(polygon) * (width, height)).astype(np.int32)
        cv2.fillPoly(image, [corners], (0, 0, 0))
