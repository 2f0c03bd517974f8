from __future__ import annotations

import numpy as np
import pytest

from monitor.gate.grey import SIDE, black_out, shrink
from monitor.values import Image


def picture(width: int, height: int, value: int = 200) -> Image:
    return np.full((height, width, 3), value, np.uint8)


@pytest.mark.parametrize(
    ("width", "height", "small"),
    [(1920, 1080, (90, 160)), (640, 480, (120, 160)), (480, 640, (160, 120)), (100, 50, (50, 100)), (1, 1, (1, 1)), (4000, 2, (1, 160))],
)
def test_a_picture_is_shrunk_to_fit_and_never_blown_up(width: int, height: int, small: tuple[int, int]) -> None:
    grey = shrink(picture(width, height))
    assert grey.shape == small
    assert max(grey.shape) <= SIDE
    assert (grey == 200).all()


def test_a_thing_stays_where_it_was() -> None:
    image = picture(1600, 900, 0)
    image[300:400, 800:1000] = 255
    grey = shrink(image)
    assert (grey[31:39, 81:99] == 255).all()
    assert (grey[:29] == 0).all()
    assert (grey[:, :79] == 0).all()


def test_masks_are_blacked_out_in_the_picture_itself_and_nothing_else_is() -> None:
    image = picture(100, 100)
    black_out(image, [[(0, 0), (0.3, 0), (0.3, 0.1), (0, 0.1)], [(0.8, 0.8), (1, 0.8), (1, 1), (0.8, 1)]])
    assert (image[:10, :30] == 0).all()
    assert (image[81:, 81:] == 0).all()
    assert (image[12:79] == 200).all()


def test_a_camera_without_masks_leaves_the_picture_alone() -> None:
    image = picture(10, 10)
    black_out(image, [])
    assert (image == 200).all()
