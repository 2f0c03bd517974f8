"""Polygons as pixels, and moving pixels as a region."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.config.polygon import Polygon
from monitor.values import Region

_NEAR = 1 / 20
"""Of the longer side: how far apart the parts of one thing may lie. A person before a wall of the same colour is head and legs."""


def covered(polygons: Sequence[Polygon], width: int, height: int) -> NDArray[np.bool_]:
    """Tell which pixels of a `height` x `width` picture the polygons cover; one smaller than a pixel still covers one."""
    raster = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        corners = np.rint(np.array(polygon) * (width, height) - 0.5)
        cv2.fillPoly(raster, [np.clip(corners, 0, (width - 1, height - 1)).astype(np.int32)], (1,))
    return raster.astype(bool)


def largest(moving: NDArray[np.bool_], least: int) -> Region | None:
    """Return the box of the largest thing of connected pixels and of what lies near it; None if it has fewer than `least` pixels."""
    number, _, stats, _ = cv2.connectedComponentsWithStats(moving.view(np.uint8), connectivity=8, ltype=cv2.CV_16U)
    if number < 2:
        return None
    boxes, areas = stats[1:, :4], stats[1:, cv2.CC_STAT_AREA]
    first = int(areas.argmax())
    if areas[first] < least:
        return None
    height, width = moving.shape
    start, end = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    reach = max(round(_NEAR * max(width, height)), 1)
    near = ((start <= end[first] + reach) & (end >= start[first] - reach)).all(axis=1)
    (left, top), (right, bottom) = start[near].min(axis=0).tolist(), end[near].max(axis=0).tolist()
    return Region(left / width, top / height, (right - left) / width, (bottom - top) / height)
