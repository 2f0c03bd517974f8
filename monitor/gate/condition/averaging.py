"""Pictures of some seconds as one: it has less grain, rain and traffic in it than any of them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.config.polygon import Polygon
from monitor.values import Grey

Mean = NDArray[np.float32]
"""Brightness on average: height x width, 0..255."""

Seen = NDArray[np.float32]
"""1 where no mask lies, else 0, in the size of the mean."""


class Averager:
    """Adds up small grey pictures. masks: what is black for good, in fractions of the picture."""

    def __init__(self, masks: Sequence[Polygon]) -> None:
        self._masks = masks
        self._sum: Mean = np.zeros((1, 1), np.float32)
        self._pictures = 0
        self.seen: Seen = np.ones((1, 1), np.float32)

    def add(self, grey: Grey) -> None:
        """Add a picture; one of another size begins anew."""
        if self._sum.shape != grey.shape:
            self._sum, self._pictures = np.zeros(grey.shape, np.float32), 0
            self.seen = _unmasked(self._masks, *grey.shape)
        cv2.accumulate(grey, self._sum)
        self._pictures += 1

    def take(self) -> Mean:
        """Give the mean, after at least one picture, and begin anew."""
        mean = np.asarray(self._sum / self._pictures, np.float32)
        self.drop()
        return mean

    def drop(self) -> None:
        """Begin anew."""
        self._sum[:] = 0
        self._pictures = 0


def _unmasked(masks: Sequence[Polygon], height: int, width: int) -> Seen:
    """Return what no mask touches; a pixel on the rim of one has a part of its black."""
    masked = np.zeros((height, width), np.uint8)
    for polygon in masks:
        cv2.fillPoly(masked, [np.rint(np.array(polygon) * (width, height)).astype(np.int32)], 1)
    return np.asarray(1 - cv2.dilate(masked, np.ones((3, 3), np.uint8)), np.float32)
