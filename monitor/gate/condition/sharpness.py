"""How fine the detail of a picture is, in proportion to its coarse structure: light and contrast cancel out, focus stays.

Fine is the variance of the Laplacian (Pech-Pacheco et al., 2000) of the picture at 640 pixels of width, coarse the energy of the
gradient at 40. Grain is fine detail, too. So what is usual is learnt only where the next picture has the same detail, and the present
picture is given the benefit of its grain.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.gate.condition.averaging import Seen
from monitor.gate.condition.scene import TILES
from monitor.values import Grey, Image

Parts = NDArray[np.float32]
"""The logarithm of fine by coarse energy in each tile; NaN where that tells nothing."""

_FINE, _COARSE = 640, 40
"""Pixels of width. At 640 the grain of single pixels is averaged away, and what few lenses resolve anyway."""

_LEAST = 1.0
"""Coarse energy (levels a pixel, squared) without which a tile tells nothing."""

_CLEAN = 0.5
"""Part of the fine energy that may be grain where the rest is learnt from."""

_TILES = 0.7
"""Part of the tiles that must have lost their detail: a blurred lens blurs all, and what parks before it covers half."""

_FEWEST = 6
"""Tiles that must tell something."""

_MEMORY = 7200.0
"""Seconds over which the usual sharpness follows what changes: dew on a lens takes less."""


@dataclass(frozen=True, slots=True, eq=False)
class Sharpness:
    """A measurement. most: grain counts as detail; clean: grain is taken off, and only tiles with little of it tell."""

    most: Parts
    clean: Parts


def middle(image: Image) -> Grey:
    """Return a picture's brightness at the size where detail counts as fine."""
    return np.asarray(cv2.cvtColor(_at_width(image, _FINE), cv2.COLOR_BGR2GRAY), np.uint8)


def measure(earlier: Grey, later: Grey, seen: Seen) -> Sharpness:
    """Measure two pictures that follow each other, both from `middle`. seen: where no mask lies."""
    fine = _energy(cv2.Laplacian(later, cv2.CV_32F))
    grain = _energy(cv2.Laplacian(later.astype(np.float32) - earlier, cv2.CV_32F)) * np.float32(0.5)
    small = _at_width(later, _COARSE)
    coarse = _energy(cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=1 / 8)) + _energy(cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=1 / 8))
    tells = (cv2.resize(seen, TILES, interpolation=cv2.INTER_AREA) > 0.999) & (coarse >= _LEAST) & (fine > 0)
    clean = tells & (grain <= _CLEAN * fine)
    return Sharpness(_log(fine, coarse, tells), _log(fine - grain, coarse, clean))


class Focus:
    """What sharpness is usual."""

    def __init__(self) -> None:
        self._usual: Parts = np.full(TILES[::-1], np.nan, np.float32)
        self._learnt = 0.0

    def learn(self, measured: Sharpness, seconds: float) -> None:
        """Let a measurement that stands for so many seconds become part of it."""
        self._learnt += seconds
        usual = np.where(np.isnan(self._usual), measured.clean, self._usual)
        self._usual = usual + np.nan_to_num(measured.clean - usual) * np.float32(seconds / min(_MEMORY, self._learnt))

    def left(self, measured: Sharpness) -> float | None:
        """Return what part of the usual fine detail most of a picture has at most; None where too little of it tells."""
        parts = np.exp(measured.most - self._usual)
        parts = parts[~np.isnan(parts)]
        return float(np.quantile(parts, _TILES)) if parts.size >= _FEWEST else None


def _at_width(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Shrink a picture that is wider; at least as many pixels as tiles are left."""
    scale = min(1.0, width / image.shape[1])
    size = (max(TILES[0], round(image.shape[1] * scale)), max(TILES[1], round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _energy(values: NDArray[np.floating | np.integer]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(values * values, TILES, interpolation=cv2.INTER_AREA), np.float32)


def _log(fine: NDArray[np.float32], coarse: NDArray[np.float32], tells: NDArray[np.bool_]) -> Parts:
    return np.log(np.where(tells, fine, np.nan) / np.where(tells, coarse, np.nan)).astype(np.float32)
