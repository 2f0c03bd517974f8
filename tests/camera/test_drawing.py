from __future__ import annotations

import numpy as np
import pytest

from monitor.camera.drawing import CYAN, YELLOW, Drawing
from monitor.values import Image
from tests.spine import painted

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def pixels(image: Image, colour: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Where (row, column) a colour is, or nearly: thin lines are smoothed into the ground."""
    near = np.abs(image.astype(int) - colour).max(axis=2) < 70
    return [(int(row), int(column)) for row, column in np.argwhere(near)]


@pytest.mark.parametrize(("width", "height"), [(320, 240), (1280, 720), (3840, 2160)])
@pytest.mark.parametrize("ground", [BLACK, WHITE])
def test_a_polygon_and_its_name_are_seen_on_pictures_of_any_size_dark_or_bright(
    width: int, height: int, ground: tuple[int, int, int]
) -> None:
    drawing = Drawing(painted(ground, width, height))
    drawing.polygon([(0.2, 0.4), (0.8, 0.4), (0.8, 0.9), (0.2, 0.9)], "drive", CYAN)
    drawn = pixels(drawing.done(), CYAN)
    above = [place for place in drawn if place[0] < 0.39 * height]
    assert min(column for _, column in drawn) == pytest.approx(0.2 * width, abs=0.01 * width)
    assert max(column for _, column in drawn) == pytest.approx(0.8 * width, abs=0.01 * width)
    assert max(row for row, _ in drawn) == pytest.approx(0.9 * height, abs=0.01 * height)
    assert len(above) > 20
    assert 0.02 < (0.4 * height - min(row for row, _ in above)) / height < 0.15


@pytest.mark.parametrize("corner", [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
@pytest.mark.parametrize("name", ["drive", "behind the third garage on the left, where the bins are"])
def test_no_name_is_cut_at_the_border(corner: tuple[float, float], name: str) -> None:
    drawing = Drawing(painted(WHITE, 320, 240))
    x, y = corner
    drawing.square((x * 320 - 2, y * 240 - 2, 4, 4), name, CYAN)
    image = drawing.done()
    written = pixels(image, CYAN)
    assert len(written) > 20
    rows, columns = zip(*written, strict=True)
    assert min(rows) >= 1
    assert min(columns) >= 1
    assert max(rows) <= 238
    assert max(columns) <= 318


def test_two_names_at_one_place_stand_beside_each_other() -> None:
    letters = []
    for others in ([], ["frame"]):
        drawing = Drawing(painted(WHITE, 320, 240))
        for name, colour in [("drive", CYAN), *((other, YELLOW) for other in others)]:
            drawing.square((100, 100, 3, 3), name, colour)
        letters.append(len(pixels(drawing.done()[:97], CYAN)))
    assert letters[0] == letters[1] > 20


def test_what_leaves_the_picture_is_drawn_at_its_border() -> None:
    drawing = Drawing(painted(WHITE, 320, 240))
    drawing.square((0, -40, 320, 320), "", YELLOW)
    rows, columns = zip(*pixels(drawing.done(), YELLOW), strict=True)
    assert (min(rows), max(rows)) == (pytest.approx(1, abs=1), pytest.approx(238, abs=1))
    assert (min(columns), max(columns)) == (pytest.approx(1, abs=1), pytest.approx(318, abs=1))


def test_the_picture_that_was_given_is_left_as_it_is() -> None:
    given = painted(WHITE, 64, 64)
    drawing = Drawing(given)
    drawing.square((8, 8, 40, 40), "frame", YELLOW)
    assert (drawing.done() != given).any()
    assert (given == 255).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (16, 16)])
def test_tiny_pictures_can_be_drawn_on(size: tuple[int, int]) -> None:
    drawing = Drawing(painted(WHITE, *size))
    drawing.polygon([(0, 0), (1, 0), (1, 1)], "drive", CYAN)
    drawing.square((0, 0, 1, 1), "frame", YELLOW)
    assert drawing.done().shape == (size[1], size[0], 3)


def test_a_name_in_letters_that_the_font_lacks_is_written_in_those_it_has() -> None:
    images = []
    for name in ("Einfahrt süd", "einfahrt_sud"):
        drawing = Drawing(painted(WHITE, 320, 240))
        drawing.square((10, 60, 40, 40), name, YELLOW)
        images.append(drawing.done())
    assert (images[0] == images[1]).all()
