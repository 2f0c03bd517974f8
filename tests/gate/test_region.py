"""Polygons as pixels, and moving pixels as a region."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.gate.region import covered, largest
from monitor.values import Region


def moving(*boxes: tuple[int, int, int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """A picture of 100 x 200 in which the boxes (left, top, width, height) move."""
    pixels = np.zeros((100, 200), np.bool_)
    for left, top, width, height in boxes:
        pixels[top : top + height, left : left + width] = True
    return pixels


def test_half_of_the_picture_is_half_of_its_pixels() -> None:
    pixels = covered([[(0, 0), (0.5, 0), (0.5, 1), (0, 1)]], 160, 90)
    assert pixels.shape == (90, 160)
    assert pixels[:, :80].all()
    assert not pixels[:, 81:].any()


def test_the_whole_picture_is_all_of_its_pixels() -> None:
    assert covered([[(0, 0), (1, 0), (1, 1), (0, 1)]], 7, 3).all()


def test_polygons_add_up_and_none_cover_nothing() -> None:
    left, right = [(0.0, 0.0), (0.2, 0.0), (0.2, 1.0)], [(0.8, 0.0), (1.0, 0.0), (1.0, 1.0)]
    both = covered([left, right], 50, 50)
    assert np.array_equal(both, covered([left], 50, 50) | covered([right], 50, 50))
    assert not covered([], 50, 50).any()


@given(x=st.floats(0, 1), y=st.floats(0, 1), width=st.integers(1, 160), height=st.integers(1, 160))
def test_a_polygon_smaller_than_a_pixel_covers_the_one_it_is_in(x: float, y: float, width: int, height: int) -> None:
    pixels = covered([[(x, y), (x, y), (x, y)]], width, height)
    assert np.count_nonzero(pixels) == 1
    ((row, column),) = np.argwhere(pixels).tolist()
    assert abs(column + 0.5 - x * width) <= 0.5 + 1e-9
    assert abs(row + 0.5 - y * height) <= 0.5 + 1e-9


def test_the_region_is_in_fractions() -> None:
    assert largest(moving((20, 10, 40, 50)), 1) == Region(0.1, 0.1, 0.2, 0.5)


def test_nothing_and_too_little_are_no_region() -> None:
    assert largest(moving(), 1) is None
    assert largest(moving((5, 5, 3, 3)), 10) is None
    assert largest(moving((5, 5, 3, 3)), 9) is not None


def test_many_small_things_do_not_add_up() -> None:
    assert largest(moving(*((left, top, 2, 2) for left in range(0, 200, 10) for top in range(0, 100, 10))), 5) is None


def test_the_parts_of_one_thing_are_one_region_and_what_is_far_off_is_not() -> None:
    head, body, other = (50, 10, 5, 5), (48, 22, 10, 30), (150, 60, 8, 8)
    assert largest(moving(head, body, other), 5) == Region(48 / 200, 0.1, 10 / 200, 0.42)


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (199, 99, 1, 1), (0, 0, 200, 100)])
def test_a_region_at_the_edge_stays_in_the_picture(box: tuple[int, int, int, int]) -> None:
    region = largest(moving(box), 1)
    assert region is not None
    assert 0 <= region.x <= region.x + region.width <= 1
    assert 0 <= region.y <= region.y + region.height <= 1
