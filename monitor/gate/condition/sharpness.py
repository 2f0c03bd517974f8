"""How fine the detail of a picture is, in proportion to its coarse structure: light and contrast cancel out, focus stays.

Fine is the variance of the Laplacian (Pech-Pacheco et al., 2000) of the picture at 640 pixels of width, coarse the energy of the
gradient at 160.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.gate.condition.averaging import Seen
from monitor.gate.condition.scene import TILES
from monitor.values import Image

Sharpness = NDArray[np.float32]
"""The logarithm of fine by coarse energy in each tile; NaN where a mask lies or too little structure to tell."""

_FINE, _COARSE = 640, 160
"""Pixels of width. At 640 the grain of single pixels is averaged away, and what few lenses resolve anyway."""

_LEAST = 1.0
"""Coarse energy (levels a pixel, squared) without which a tile tells nothing."""

_TILES = 0.7
"""Part of the tiles that must have lost their detail: a blurred lens blurs all, and what parks before it covers half."""

_FEWEST = 6
"""Tiles that must tell something."""

_MEMORY = 1800.0
"""Seconds over which the usual sharpness follows what changes."""


def measure(image: Image, seen: Seen) -> Sharpness:
    """Measure a picture. seen: where no mask lies."""
    fine_grey = cv2.cvtColor(_at_width(image, _FINE), cv2.COLOR_BGR2GRAY)
    coarse_grey = _at_width(fine_grey, _COARSE)
    fine = _energy(cv2.Laplacian(fine_grey, cv2.CV_32F))
    coarse = _energy(cv2.Sobel(coarse_grey, cv2.CV_32F, 1, 0, scale=1 / 8)) + _energy(cv2.Sobel(coarse_grey, cv2.CV_32F, 0, 1, scale=1 / 8))
    tells = (cv2.resize(seen, TILES, interpolation=cv2.INTER_AREA) > 0.999) & (coarse >= _LEAST)
    return np.where(tells, np.log((fine + 1e-3) / (coarse + 1e-3)), np.nan).astype(np.float32)


class Focus:
    """What sharpness is usual."""

    def __init__(self) -> None:
        self._usual: Sharpness | None = None
        self._learnt = 0.0

    def learn(self, measured: Sharpness, seconds: float) -> None:
        """Let a measurement that stands for so many seconds become part of it."""
        self._learnt += seconds
        usual = measured if self._usual is None else np.where(np.isnan(self._usual), measured, self._usual)
        step = np.nan_to_num(measured - usual) * min(1.0, seconds / min(_MEMORY, self._learnt))
        self._usual = (usual + step).astype(np.float32)

    def left(self, measured: Sharpness) -> float | None:
        """Return what part of the usual fine detail most of a picture has at most; None where too little of it tells."""
        if self._usual is None:
            return None
        parts = np.exp(measured - self._usual)
        parts = parts[~np.isnan(parts)]
        return float(np.quantile(parts, _TILES)) if parts.size >= _FEWEST else None


def _at_width(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Shrink a picture that is wider; at least as many pixels as tiles are left."""
    scale = min(1.0, width / image.shape[1])
    size = (max(TILES[0], round(image.shape[1] * scale)), max(TILES[1], round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _energy(values: NDArray[np.floating | np.integer]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(values * values, TILES, interpolation=cv2.INTER_AREA), np.float32)
