"""What a camera shows while nothing moves, pixel by pixel, and how far each pixel strays from it by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.config.polygon import Polygon
from monitor.gate.light import SAME, change_of_light
from monitor.gate.region import covered
from monitor.values import Grey

_SAMPLE = 1000
"""Pixels from which the light is judged."""

_LEAST, _PER_STRAY, _MOST = 10.0, 4.0, 120.0
"""Grey levels by which a pixel must differ at sensitivity 0.5; how many per level that it strays by itself; no more than."""

_COMMON = 6.0
"""Grey levels: if half of all pixels stray more than this, it is no noise."""

_LEARN, _LEARN_MOVING, _LEARN_STRAY, _AT_FIRST = 10.0, 60.0, 30.0, 3.0
"""Seconds of the running means: of a quiet pixel, of a moving one, of how far it strays, and of the last while the background is new."""

ABSORB = 10.0
"""Seconds after which what stands still belongs to the background."""


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """A picture held against the background. moving: the pixels that differ, where that counts; number: how many.

    share: of all pixels that are not masked, those that differ.
    """

    moving: NDArray[np.bool_]
    number: int
    share: float


class Background:
    """The background of pictures of one size. First `learn`; then, for each picture, `compare` and perhaps `follow`."""

    def __init__(self, shape: tuple[int, ...], sensitivity: float, masks: Sequence[Polygon], zones: Sequence[Polygon] | None) -> None:
        self.shape = height, width = shape[0], shape[1]
        shown = ~covered(masks, width, height)
        self._counts = shown if zones is None else shown & covered(zones, width, height)
        self.counted = int(np.count_nonzero(self._counts))
        self._shown = max(1, int(np.count_nonzero(shown)))
        where = np.flatnonzero(shown)
        self._sample = where[:: max(1, len(where) // _SAMPLE)]
        self._least = np.float32(_LEAST * 4 ** (0.5 - sensitivity))
        floats = np.zeros((8, height, width), np.float32)
        self._mean, self._stray, self._still, self._now, self._before, self._off, self._allowed, self._scratch = floats
        self._differs, self._moves, self._stands = np.zeros((3, height, width), np.bool_)
        self._age = 0.0

    def learn(self, grey: Grey) -> None:
        """Take a picture for the background, at once. How far pixels stray is kept: the scene does that in any light."""
        self._smooth(grey)
        np.copyto(self._mean, self._now)
        self._still.fill(0)
        self._age = 0.0

    def compare(self, grey: Grey) -> Difference:
        """Hold a picture against the background, which follows modest changes of the light."""
        self._before, self._now = self._now, self._before
        self._smooth(grey)
        mean, now = self._mean.take(self._sample), self._now.take(self._sample)
        light = change_of_light(mean, now)
        if light is not SAME:
            self._mean *= np.float32(light.gain)
            self._mean += np.float32(light.offset)
        np.minimum(self._mean, np.float32(255), out=self._off)
        np.subtract(self._now, self._off, out=self._off)
        np.abs(self._off, out=self._off)
        common = min(float(np.median(light.off(mean, now))), _COMMON) if len(now) else 0.0
        np.maximum(self._stray, np.float32(common), out=self._allowed)
        self._allowed *= np.float32(_PER_STRAY)
        self._allowed += self._least
        np.minimum(self._allowed, np.float32(_MOST), out=self._allowed)
        np.greater(self._off, self._allowed, out=self._differs)
        np.logical_and(self._differs, self._counts, out=self._moves)
        return Difference(self._moves, int(np.count_nonzero(self._moves)), int(np.count_nonzero(self._differs)) / self._shown)

    def follow(self, seconds: float) -> None:
        """Learn from the picture that was compared last. seconds: since the one before."""
        self._age += seconds
        weight, slow = _weight(seconds, self._age, 0, _LEARN), _weight(seconds, 0, _LEARN_MOVING, _LEARN_MOVING)
        # What differs but looks as it did a frame ago stands still.
        np.subtract(self._now, self._before, out=self._scratch)
        np.abs(self._scratch, out=self._scratch)
        np.less_equal(self._scratch, self._allowed, out=self._stands)
        self._stands &= self._differs
        self._still += np.float32(seconds)
        self._still *= self._stands
        # What stands still says nothing of how far a pixel strays.
        np.minimum(self._off, self._allowed, out=self._off)
        self._off -= self._stray
        self._off *= np.float32(_weight(seconds, self._age, _AT_FIRST, _LEARN_STRAY))
        self._off *= ~self._stands
        self._stray += self._off
        np.subtract(self._now, self._mean, out=self._scratch)
        self._scratch *= np.where(self._differs, np.float32(slow), np.float32(weight))
        self._mean += self._scratch
        if self._stands.any():
            absorbed = self._still >= ABSORB
            self._mean[absorbed] = self._now[absorbed]

    def _smooth(self, grey: Grey) -> None:
        cv2.boxFilter(grey, cv2.CV_32F, (3, 3), dst=self._now, borderType=cv2.BORDER_REPLICATE)


def _weight(seconds: float, age: float, least: float, most: float) -> float:
    """The newest picture's share in a running mean over `most` seconds, or over all that there were so far but at least `least`."""
    return -math.expm1(-seconds / max(min(age, most), least, 1e-3))
