"""A change of the light, or of the exposure, as one gain and one offset for the whole picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
"""Some pixels' brightness, in one row."""

_NEAR = 6.0
"""Grey levels: a pixel this near to what the light explains is explained by it."""

_FLAT = 8.0
"""Grey levels between the quarters of a picture in which a gain cannot be told from an offset."""

_WHITE = 250.0
"""Grey levels: a camera shows no more, however much brighter it gets."""

_GAIN = 1.7
_SHIFT = 40.0
"""Grey levels. What changes the picture by more than this, or by more than the gain, at once is no cloud: something was switched."""


@dataclass(frozen=True, slots=True)
class Light:
    """What became of every pixel: gain x brightness + offset."""

    gain: float = 1.0
    offset: float = 0.0

    def off(self, before: Pixels, now: Pixels) -> Pixels:
        """How far from it each pixel is; what would be brighter than white is white."""
        lit: Pixels = before * np.float32(self.gain)
        lit += np.float32(self.offset)
        np.minimum(lit, np.float32(255), out=lit)
        lit -= now
        return np.abs(lit, out=lit)


SAME = Light()


def change_of_light(before: Pixels, now: Pixels) -> Light:
    """Return the modest change of light that explains most of the pixels; SAME where none explains more of them than no change does.

    One guess shifts the picture, the other matches its quarters, which a thing of less than a quarter of it hardly moves; least squares
    over the pixels near the better one, and then nearer, make it exact.
    """
    count = len(now)
    old, new = np.sort(before), np.sort(now)
    (low, middle, high), (new_low, new_middle, new_high) = (row[[count // 4, count // 2, count * 3 // 4]].tolist() for row in (old, new))
    guesses = [Light(1.0, new_middle - middle)]
    if high - low > _FLAT:
        gain = (new_high - new_low) / (high - low)
        guesses.append(Light(gain, new_middle - gain * middle))
    light = max(guesses, key=lambda guess: _explained(guess, before, now))
    for near in (4 * _NEAR, 2 * _NEAR, _NEAR):
        light = _refined(light, before, now, near)
    modest = 1 / _GAIN <= light.gain <= _GAIN and abs(light.gain * middle + light.offset - middle) <= _SHIFT
    return light if modest and _explained(light, before, now) > _explained(SAME, before, now) else SAME


def _explained(light: Light, before: Pixels, now: Pixels) -> int:
    return int(np.count_nonzero(light.off(before, now) < _NEAR))


def _refined(light: Light, before: Pixels, now: Pixels, near: float) -> Light:
    """The least squares over the pixels that `light` brings this near and that are not white."""
    explained = (light.off(before, now) < near) & (now < _WHITE)
    x, y = before[explained], now[explained]
    if len(x) < len(now) // 8 or not len(x):
        return light
    middle_x, middle_y = float(x.mean()), float(y.mean())
    x -= np.float32(middle_x)
    spread = float(np.dot(x, x)) / len(x)
    gain = float(np.dot(x, y)) / len(x) / spread if spread > _FLAT else light.gain
    return Light(gain, middle_y - gain * middle_x)
