"""Whether anything is in the picture, and whether it has colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from monitor.gate.condition.averaging import Mean, Seen
from monitor.values import Image

DARK = 24
"""Levels up to which a flat picture is black. Cameras put black at 0 or 16."""

BRIGHT = 232
"""Levels from which a flat picture is white."""

_FLAT = 3.0
"""Standard deviation up to which nothing is in a picture that was averaged for seconds; the fall-off towards its corners stays below."""

_CLEAR = 8.0
"""Standard deviation from which a picture is clear; one that fades away is not for minutes before it is flat."""

_LAMP = 20.0
"""Levels by which one small spot stands out that is no grain: a lamp, a window."""

_LIVING = 0.01
"""Part of all neighbouring pixels that differ, from which a sensor's noise is there. A signal that is missing has none."""

_COLOURLESS = (2.0, 4.0)
"""Levels between the strongest and the weakest colour on average: colourless below the first, coloured from the second. Infrared has 0."""

_ROWS = 64

_CELLS = (16, 9)
"""Parts of the picture whose colours are averaged, which takes the coloured grain of the dark away."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a picture is lit. level: its median, 0..255; flat: nothing is in it; clear: clearly something is."""

    level: float
    flat: bool
    clear: bool

    @property
    def empty(self) -> bool:
        """Whether it is black or white all over."""
        return self.flat and not DARK < self.level < BRIGHT


def expose(grey: Mean, seen: Seen) -> Exposure:
    """Judge the brightness of a picture, averaged for seconds. seen: where no mask lies."""
    open_ = grey[seen > 0]
    if open_.size == 0:
        return Exposure(128.0, flat=False, clear=False)
    level, spread = float(np.median(open_)), float(open_.std())
    outstanding = float(np.abs(open_ - level).max())
    return Exposure(level, flat=spread <= _FLAT and outstanding < _LAMP, clear=spread >= _CLEAR)


def living(image: Image) -> bool:
    """Whether a flat picture shows the noise of a sensor."""
    rows = image[:: max(1, image.shape[0] // _ROWS), :, 1]
    return int(np.count_nonzero(rows[:, 1:] != rows[:, :-1])) >= _LIVING * rows.size


def colourless(image: Image, before: bool) -> bool:
    """Whether a picture has no colours, as with infrared light or at night; in doubt what it was `before`."""
    cells = cv2.resize(image[:: max(1, image.shape[0] // 72)], _CELLS, interpolation=cv2.INTER_AREA)
    colour = float(np.mean(np.ptp(cells, axis=2)))  # masks lower it by their share, which the distance to 0 allows for
    return colour < _COLOURLESS[before]
