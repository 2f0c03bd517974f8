"""Lines and names drawn over a camera's picture, for the person who sets it up; legible on dark and bright pictures of any size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.config.polygon import Point
from monitor.config.slug import slug
from monitor.values import Image

Rectangle = tuple[float, float, float, float]
"""Left, top, width and height in pixels; may reach beyond the picture."""

Colour = tuple[int, int, int]
"""Blue, green, red."""

YELLOW, CYAN, GREEN, MAGENTA, ORANGE, WHITE = (0, 230, 255), (255, 220, 0), (90, 255, 90), (255, 120, 255), (60, 150, 255), (235, 235, 235)
BLACK = (0, 0, 0)

_FONT = cv2.FONT_HERSHEY_SIMPLEX


class Drawing:
    """A copy of a picture (height x width x 3, BGR) to draw on. What is drawn beyond its border is moved to the border."""

    def __init__(self, image: Image) -> None:
        self._image = image.copy()
        self._height, self._width = image.shape[:2]
        unit = min(self._width, self._height) / 540
        self._line = max(1, round(2 * unit))
        self._text = max(0.35, 0.7 * unit)
        self._names: list[tuple[str, int, int, Colour]] = []
        self._taken: list[tuple[int, int, int, int]] = []

    def polygon(self, points: Sequence[Point], name: str, colour: Colour) -> None:
        """Outline a polygon, given in fractions of the picture, with its name at its highest corner."""
        corners = self._inside(np.array(points) * (self._width, self._height))
        self._outline(corners, colour)
        x, y = min(corners.tolist(), key=lambda corner: (corner[1], corner[0]))
        self._names.append((name, x, y, colour))

    def square(self, rectangle: Rectangle, name: str, colour: Colour) -> None:
        """Mark the corners of a rectangle, as a viewfinder does, with a name (maybe "") at its upper left one."""
        left, top, width, height = rectangle
        right, bottom = left + width, top + height
        corners = self._inside(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))
        for corner, before, after in zip(corners, np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0), strict=True):
            arm = np.array([corner + (before - corner) * 0.3, corner, corner + (after - corner) * 0.3])
            self._outline(np.rint(arm).astype(np.int32), colour, closed=False)
        if name:
            x, y = corners[0].tolist()
            self._names.append((name, x, y, colour))

    def done(self) -> Image:
        """Write the names, over all lines, and return the picture."""
        for name in self._names:
            self._name(*name)
        return self._image

    def _inside(self, corners: NDArray[np.float64]) -> NDArray[np.int32]:
        """Whole pixels, as far inside as a line is wide."""
        edge = self._line
        limits = np.array([self._width - 1 - edge, self._height - 1 - edge])
        return np.rint(np.clip(corners, edge, np.maximum(limits, edge))).astype(np.int32)

    def _outline(self, corners: NDArray[np.int32], colour: Colour, *, closed: bool = True) -> None:
        cv2.polylines(self._image, [corners], closed, BLACK, 2 * self._line + 1, cv2.LINE_AA)
        cv2.polylines(self._image, [corners], closed, colour, self._line, cv2.LINE_AA)

    def _name(self, name: str, x: int, y: int, colour: Colour) -> None:
        """Write `name` on black, standing on the place or near it: within the picture, and over no other name."""
        text = name if name.isascii() else slug(name)  # the font has no other letters
        scale, pad = self._text, 2 * self._line
        (width, height), below = cv2.getTextSize(text, _FONT, scale, self._line)
        if width + 2 * pad > self._width:
            scale *= max(1, self._width - 2 * pad) / width
            (width, height), below = cv2.getTextSize(text, _FONT, scale, self._line)
        across, down = width + 2 * pad, height + below + 2 * pad
        left = max(0, min(x, self._width - across))
        top = self._free(left, max(0, y - down - self._line), across, down)
        cv2.rectangle(self._image, (left, top), (left + across - 1, top + down - 1), BLACK, cv2.FILLED)
        cv2.putText(self._image, text, (left + pad, top + pad + height), _FONT, scale, colour, self._line, cv2.LINE_AA)
        self._taken.append((left, top, across, down))

    def _free(self, left: int, top: int, across: int, down: int) -> int:
        """Return where near `top` a name is over no other; `top` itself if it is nowhere."""
        for row in sorted(range(0, max(1, self._height - down + 1), max(1, down // 4)), key=lambda row: abs(row - top)):
            if not any(left < x + w and x < left + across and row < y + h and y < row + down for x, y, w, h in self._taken):
                return row
        return top
