"""Polygons in fractions of the picture."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from monitor.config.units import NUMERIC

_COORDINATE = {"type": "number", "minimum": 0, "maximum": 1, "description": "a fraction of the picture from 0 to 1 (not pixels)"}
_POINT = {
    "type": "array",
    "prefixItems": [_COORDINATE, _COORDINATE],
    "minItems": 2,
    "maxItems": 2,
    "description": "a point [x, y] in fractions of the picture, [0, 0] at the top left",
}
_POLYGON = {
    "type": "array",
    "items": _POINT,
    "minItems": 3,
    "description": "a list of 3 or more points [x, y] in fractions of the picture",
}

SMALLEST_AREA = 1e-6
"""Of the picture: two pixels of a 1080p frame. Less is a line, or a loop that cancels itself."""


def area(points: list[tuple[float, float]]) -> float:
    """Return the area that a polygon encloses (the shoelace formula); 0 for points on one line."""
    following = points[1:] + points[:1]
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, following, strict=True))) / 2


def _with_area(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if area(points) < SMALLEST_AREA:
        raise ValueError("must enclose an area: its points lie on one line, or its edges cross and cancel out")
    return points


Coordinate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), NUMERIC]
Point = Annotated[tuple[Coordinate, Coordinate], WithJsonSchema(_POINT)]
Polygon = Annotated[list[Point], Field(min_length=3, max_length=1000), AfterValidator(_with_area), WithJsonSchema(_POLYGON)]
