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

_SAMPLE = 500
"""Pixels from which the light is judged."""

_CALM = 1.5
"""Grey levels: if half of the pixels are as near as this, the light is the same."""

_LEAST, _PER_STRAY = 8.0, 4.0
"""Grey levels by which a pixel must differ at sensitivity 0.5; how many more for each that it strays by itself."""

_COMMON = 6.0
"""Grey levels: if half of all pixels stray more than this, it is no noise."""

_LEARN, _LEARN_STRAY, _AT_FIRST = 10.0, 60.0, 5.0
"""Seconds of the running means: of a pixel, of how far it strays, and the least for that in the beginning."""

_WHITE = np.float32(255)

_ABSORB, _REVEAL = 10.0, 1.0
"""Seconds after which what stands still belongs to the background; and where it looks as it did before something else was taken for it:
what stood there has gone."""


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
        # Beside a mask a pixel is partly black, by the mask's edge and by smoothing: light does not change it as it does the others.
        shown = cv2.dilate(covered(masks, width, height).view(np.uint8), np.ones((5, 5), np.uint8)) == 0
        self._counts = shown if zones is None else shown & covered(zones, width, height)
        self._shows = shown
        self.counted = int(np.count_nonzero(self._counts))
        self._number = max(1, int(np.count_nonzero(shown)))
        where = np.flatnonzero(shown)
        self._sample = where[:: max(1, len(where) // _SAMPLE)].copy()
        self._least = np.float32(_LEAST * 4 ** (0.5 - sensitivity))
        self._mean, self._old, self._stray, self._still, self._now, self._before, self._off, self._allowed = np.zeros(
            (8, height, width), np.float32
        )
        self._smooth = np.zeros((height, width), np.uint8)
        self._differs, self._moves, self._stands = np.zeros((3, height, width), np.bool_)
        self._differing = 0
        self._age = self._known = 0.0

    def learn(self, grey: Grey) -> None:
        """Take a picture for the background, at once. How far pixels stray is kept: the scene does that in any light."""
        self._take(grey)
        np.copyto(self._mean, self._now)
        np.copyto(self._old, self._now)
        self._still.fill(0)
        self._age = 0.0

    def compare(self, grey: Grey) -> Difference:
        """Hold a picture against the background, which follows modest changes of the light."""
        self._before, self._now = self._now, self._before
        self._take(grey)
        common = self._follow_light()
        np.minimum(self._mean, _WHITE, out=self._off)
        np.subtract(self._now, self._off, out=self._off)
        np.maximum(self._stray, np.float32(common), out=self._allowed)
        self._allowed *= np.float32(_PER_STRAY)
        self._allowed += self._least
        np.greater(np.abs(self._off), self._allowed, out=self._differs)
        self._differs &= self._shows
        np.logical_and(self._differs, self._counts, out=self._moves)
        self._differing = int(np.count_nonzero(self._differs))
        return Difference(self._moves, int(np.count_nonzero(self._moves)), self._differing / self._number)

    def follow(self, seconds: float) -> None:
        """Learn from the picture that was compared last. seconds: since the one before.

        What differs counts for no more than the least difference: somebody who walks by leaves next to no trace.
        """
        self._age += seconds
        np.clip(self._off, -self._allowed, self._allowed, out=self._off)
        weight = _weight(seconds, min(self._age, _LEARN))
        self._mean += self._off * np.float32(weight)
        np.abs(self._off, out=self._off)
        self._absorb(seconds)
        self._learn_stray(self._off, seconds)

    def wait(self, seconds: float) -> None:
        """Learn only how restless the pixels are from one picture to the next, while it is open what the background is."""
        np.subtract(self._now, self._before, out=self._off)
        np.minimum(np.abs(self._off, out=self._off), self._allowed, out=self._off)
        self._learn_stray(self._off, seconds)

    def _learn_stray(self, off: NDArray[np.float32], seconds: float) -> None:
        self._known += seconds
        off -= self._stray
        off *= np.float32(_weight(seconds, min(max(self._known, _AT_FIRST), _LEARN_STRAY)))
        self._stray += off

    def _absorb(self, seconds: float) -> None:
        """Take what differs and stands still for long enough into the background; it says nothing of how far pixels stray."""
        if not self._differing:
            self._still.fill(0)
            return
        np.subtract(self._now, self._before, out=self._before)
        np.less_equal(np.abs(self._before, out=self._before), self._allowed, out=self._stands)
        self._stands &= self._differs
        self._still += np.float32(seconds)
        self._still *= self._stands
        np.copyto(self._off, self._stray, where=self._stands)
        np.subtract(self._now, self._old, out=self._before)
        absorbed = np.abs(self._before, out=self._before) <= self._allowed
        absorbed &= self._still >= _REVEAL
        absorbed |= self._still >= _ABSORB
        np.copyto(self._old, self._mean, where=absorbed)
        np.copyto(self._mean, self._now, where=absorbed)

    def _follow_light(self) -> float:
        """Bring the background into the picture's light. Return how far half of the pixels are from it at least: all pixels' noise."""
        if not len(self._sample):
            return 0.0
        mean, now = self._mean.take(self._sample), self._now.take(self._sample)
        common = _middle(np.abs(now - mean))
        if common > _CALM:
            light = change_of_light(mean, now)
            if light is not SAME:
                for picture in (self._mean, self._old):
                    picture *= np.float32(light.gain)
                    picture += np.float32(light.offset)
                common = _middle(light.off(mean, now))
        return min(common, _COMMON)

    def _take(self, grey: Grey) -> None:
        cv2.blur(grey, (3, 3), dst=self._smooth, borderType=cv2.BORDER_REPLICATE)
        np.copyto(self._now, self._smooth)


def _weight(seconds: float, span: float) -> float:
    """The newest picture's share in a running mean over `span` seconds."""
    return -math.expm1(-seconds / span) if seconds > 0 else 0.0


def _middle(values: NDArray[np.float32]) -> float:
    half = len(values) // 2
    return float(np.partition(values, half)[half])
