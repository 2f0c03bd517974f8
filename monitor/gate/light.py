"""A change of the light, or of the exposure, as one gain and one offset for the whole picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
"""Some pixels' brightness, in one row."""

_CALM = 1.0
"""Grey levels, in the middle: nothing has to be explained."""

_NEAR = 6.0
"""Grey levels: a pixel this near to what the light explains is explained by it."""

_FLAT = 8.0
"""Grey levels between the quarters of a picture in which a gain cannot be told from an offset."""

_GAINS = (0.6, 1.67)
_SHIFT = 40.0
"""Grey levels. What changes the picture more than this at once is no cloud: somebody switched something."""


@dataclass(frozen=True, slots=True)
class Light:
    """What became of every pixel: gain x brightness + offset."""

    gain: float = 1.0
    offset: float = 0.0

    def off(self, before: Pixels, now: Pixels) -> Pixels:
        """How far from it each pixel is; what is too bright for the picture is white."""
        lit: Pixels = np.minimum(before * np.float32(self.gain) + np.float32(self.offset), np.float32(255))
        return np.abs(now - lit)


SAME = Light()


def change_of_light(before: Pixels, now: Pixels) -> Light:
    """Return the modest change of light that explains most of the pixels, or SAME where none explains more than no change does.

    The first guess matches the quarters of the two pictures, which a thing of less than a quarter of them hardly moves; least squares
    over the pixels explained by it make it exact.
    """
    off = SAME.off(before, now)
    if not len(now) or float(np.median(off)) <= _CALM:
        return SAME
    lower, middle, upper = np.percentile(before, (25, 50, 75)).tolist()
    lower_now, middle_now, upper_now = np.percentile(now, (25, 50, 75)).tolist()
    flat = upper - lower < _FLAT
    gain = 1.0 if flat else (upper_now - lower_now) / (upper - lower)
    best, most = SAME, int(np.count_nonzero(off < _NEAR))
    for guess in (Light(1.0, float(np.median(now - before))), Light(gain, middle_now - gain * middle)):
        light = guess
        for _ in range(2):
            light = _refined(light, before, now, flat=flat)
        explained = int(np.count_nonzero(light.off(before, now) < _NEAR))
        if explained > most and _modest(light, middle):
            best, most = light, explained
    return best


def _refined(light: Light, before: Pixels, now: Pixels, *, flat: bool) -> Light:
    """The least squares over the pixels that `light` explains and that are not white."""
    explained = (light.off(before, now) < _NEAR) & (now < 250)
    x, y = before[explained], now[explained]
    if len(x) < 8:
        return light
    mean_x, mean_y = float(x.mean()), float(y.mean())
    spread = float(x.var())
    gain = light.gain if flat or spread < 1 else float(((x - mean_x) * (y - mean_y)).mean()) / spread
    return Light(gain, mean_y - gain * mean_x)


def _modest(light: Light, middle: float) -> bool:
    return _GAINS[0] <= light.gain <= _GAINS[1] and abs(light.gain * middle + light.offset - middle) <= _SHIFT
