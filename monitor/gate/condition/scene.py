"""What a camera sees, as edges: whether they are still those that it saw for minutes.

A scene is kept as the mean of its edges' directions. Light changes how strong an edge is, hardly where it runs; and what moves, or is
noise, has another direction each time and vanishes from the mean. The likeness of a picture is voted for by the parts of the scene
that have edges, so that what hides a part of it costs that part and no more.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.gate.condition.averaging import Mean, Seen

Field = NDArray[np.float32]
"""Directions of edges: 2 x height x width (across, down), each of length 0..1, near 0 where there is no edge."""

TILES = (8, 5)
"""Parts of the scene that vote, across and down."""

LEARNING = 60.0
"""Seconds of pictures from which a scene is known."""

_MEMORY = 600.0
"""Seconds over which a known scene follows what changes in it: shadows go round, snow melts."""

_SIDE = 80
"""Pixels of the longer side: coarse, so that leaves, a shaking mast and the grain of night make no difference."""

_SOFT = 1.0
"""Levels a pixel at which an edge has half its full weight; grain that was averaged for two seconds stays well below."""

_ALIKE = 0.5
"""Correlation of its edges from which a tile counts as what it was."""

_TEXTURED = 0.1
"""Length (root mean square) in a tile from which it has edges that can be recognised."""

_NOTHING = 1e-6

_FEWEST = 6
"""Tiles with edges without which a scene cannot be recognised: a white wall, snow."""


def edges(grey: Mean, seen: Seen) -> tuple[Field, float]:
    """Return the edges of a picture's brightness, and their mean strength in levels a pixel. seen: where no mask lies."""
    height, width = grey.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(TILES[0], round(width * scale)), max(TILES[1], round(height * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    # the rim of a mask is an edge of ours
    bare = cv2.erode((cv2.resize(seen, size, interpolation=cv2.INTER_AREA) > 0.999).astype(np.uint8), np.ones((3, 3), np.uint8))
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=1 / 8) * bare
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=1 / 8) * bare
    strength = cv2.magnitude(across, down)
    field = np.stack([across, down]) / (strength + _SOFT)
    return field.astype(np.float32), float(strength.sum() / max(1, int(bare.sum())))


class Scene:
    """What was seen for a while: its edges, how strong they were, and how bright it was (level, 0..255)."""

    def __init__(self) -> None:
        self._mean: Field | None = None
        self.learnt = 0.0
        self.strength = 0.0
        self.level = 0.0

    @property
    def known(self) -> bool:
        """Whether it was seen for long enough to be compared with."""
        return self.learnt >= LEARNING

    def learn(self, field: Field, strength: float, level: float, seconds: float) -> None:
        """Let a picture that stands for so many seconds become part of it."""
        if self._mean is None or self._mean.shape != field.shape:
            self._mean, self.strength, self.level, self.learnt = field.copy(), strength, level, 0.0
        self.learnt += seconds
        weight = min(1.0, seconds / min(_MEMORY, self.learnt)) if seconds > 0 else 0.0
        self._mean += weight * (field - self._mean)
        self.strength += weight * (strength - self.strength)
        self.level += weight * (level - self.level)

    @property
    def textured(self) -> bool:
        """Whether it has enough edges to be recognised."""
        return self._mean is not None and int(np.count_nonzero(_textured(self._mean))) >= _FEWEST

    def likeness(self, field: Field) -> float | None:
        """Return the part (0..1) of its tiles with edges that look alike in a picture; None where too few have any."""
        if self._mean is None or self._mean.shape != field.shape or not self.textured:
            return None
        product = np.sqrt(_energy(self._mean, self._mean) * _energy(field, field))
        alike = _energy(self._mean, field) >= _ALIKE * np.maximum(product, _NOTHING)
        return float(np.mean(alike[_textured(self._mean)]))


def _energy(one: Field, other: Field) -> NDArray[np.float32]:
    return np.asarray(cv2.resize((one * other).sum(axis=0), TILES, interpolation=cv2.INTER_AREA), np.float32)


def _textured(field: Field) -> NDArray[np.bool_]:
    return _energy(field, field) > _TEXTURED**2
