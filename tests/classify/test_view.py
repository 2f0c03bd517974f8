from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.card import Preprocessing
from monitor.classify.preprocess import see
from monitor.classify.view import View, square_of, square_of_movement, squares_of_all
from monitor.config.schema import CameraSettings
from monitor.values import WHOLE, Image, Region

DRIVE = [(0.0, 0.6), (1.0, 0.6), (1.0, 1.0), (0.0, 1.0)]
GREY = 124  # ImageNet's mean red, of 255


def picture(width: int, height: int, value: int = 200) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def camera(**settings: object) -> CameraSettings:
    return CameraSettings.model_validate({"source": "demo", **settings})


def test_a_zone_is_seen_as_the_square_around_it() -> None:
    assert square_of([(0.4, 0.3), (0.5, 0.3), (0.5, 0.4)], 1000, 500) == (400, 125, 100, 100)


def test_the_square_of_a_zone_at_the_edge_is_moved_into_the_picture() -> None:
    assert square_of([(0.8, 0.0), (1.0, 0.0), (1.0, 0.1), (0.8, 0.1)], 1000, 1000) == (800, 0, 200, 200)
    assert square_of([(0.9, 0.6), (1.0, 0.6), (1.0, 1.0), (0.9, 1.0)], 1000, 1000) == (600, 600, 400, 400)


def test_a_zone_wider_than_the_picture_is_high_is_seen_whole_with_padding_above_and_below() -> None:
    assert square_of(DRIVE, 1920, 1080) == (0, -420, 1920, 1920)


@given(
    points=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=6),
    width=st.integers(1, 4000),
    height=st.integers(1, 4000),
)
def test_every_point_of_a_zone_is_in_its_square(points: list[tuple[float, float]], width: int, height: int) -> None:
    x, y, across, down = square_of(points, width, height)
    assert across == down >= 1
    for fraction_x, fraction_y in points:
        assert x - 1e-6 <= fraction_x * width <= x + across + 1e-6
        assert y - 1e-6 <= fraction_y * height <= y + down + 1e-6


def test_squares_come_in_the_order_of_the_zones_asked_for() -> None:
    view = View(camera(zones={"drive": DRIVE, "door": [(0.1, 0.1), (0.2, 0.1), (0.2, 0.3)]}))
    image = picture(1000, 1000)
    squares = view.squares(image, ["door", WHOLE, "drive"])
    assert [square.box for square in squares] == [(50, 100, 200, 200), None, (0, 0, 1000, 1000)]
    assert all(square.image is image for square in squares)


@pytest.mark.parametrize("view", ["centre", "motion"])
def test_the_whole_picture_is_seen_through_torchvisions_own_crop(view: str) -> None:
    assert View(camera(view=view)).squares(picture(640, 360), [WHOLE])[0].box is None


def test_a_letterbox_shows_the_whole_picture_on_grey() -> None:
    [square] = View(camera(view="letterbox")).squares(picture(640, 320), [WHOLE])
    seen = see(square, Preprocessing())
    assert (seen[56:168] == 200).all()
    assert (seen[:56, :, 2] == GREY).all()
    assert (seen[168:, :, 2] == GREY).all()


def test_what_moves_fills_its_square() -> None:
    x, y, across, down = square_of_movement(Region(0.5, 0.5, 0.2, 0.1), 2000, 1000)
    assert across == down == pytest.approx(0.9 * (400 + 100) / 2)
    assert x + across / 2 == pytest.approx(1200)
    assert y + down / 2 == pytest.approx(550)


@pytest.mark.parametrize(
    ("region", "square"),
    [
        (Region(0.0, 0.5, 0.01, 0.01), (0, 307.6, 112, 112)),
        (Region(0.99, 0.0, 0.01, 0.01), (1168, 0, 112, 112)),
        (Region(0.0, 0.0, 1.0, 1.0), (280, 0, 720, 720)),
    ],
)
def test_it_is_never_smaller_than_half_the_models_input_nor_larger_than_the_picture_and_always_inside(
    region: Region, square: tuple[float, float, float, float]
) -> None:
    assert square_of_movement(region, 1280, 720) == pytest.approx(square, abs=1)


def test_in_a_picture_smaller_than_that_it_is_as_large_as_it_can_be() -> None:
    assert square_of_movement(Region(0.4, 0.4, 0.1, 0.1), 100, 90) == pytest.approx((0, 0, 90, 90), abs=0.01)


@pytest.mark.parametrize(
    ("width", "height", "squares"),
    [
        (1280, 720, [(0, 0, 720, 720), (560, 0, 720, 720)]),
        (480, 640, [(0, 0, 480, 480), (0, 160, 480, 480)]),
        (300, 100, [(0, 0, 100, 100), (100, 0, 100, 100), (200, 0, 100, 100)]),
        (64, 64, [(0, 0, 64, 64)]),
    ],
)
def test_a_picture_is_covered_from_one_end_to_the_other(width: int, height: int, squares: list[tuple[float, ...]]) -> None:
    assert squares_of_all(width, height) == squares
