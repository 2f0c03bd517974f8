from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from monitor.camera.drawing import CYAN, GREEN, WHITE, YELLOW
from monitor.classify.card import shipped_cards
from monitor.config.schema import CameraSettings
from monitor.values import WHOLE, Image, Region
from monitor.verbs.seen import draw_seen
from tests.spine import painted

WIDTH, HEIGHT = 1280, 720
DRIVE = [(0.0, 0.6), (0.25, 0.6), (0.25, 0.9), (0.0, 0.9)]
AT_THE_LEFT = Region(0.0, 0.4, 0.2, 1 / 3)

Extent = tuple[float, float, float, float]


def seen(looked_at: set[str], movement: Region | None = None, **settings: Any) -> Callable[[tuple[int, int, int]], Extent | None]:
    """Draw, and give what answers where a colour is: left, top, right and bottom in pixels, None if it is nowhere."""
    given = CameraSettings.model_validate({"source": "demo", **settings})
    image: Image = draw_seen(painted((128, 128, 128), WIDTH, HEIGHT), given, looked_at, shipped_cards()["resnet18"].preprocessing, movement)

    def extent(colour: tuple[int, int, int]) -> Extent | None:
        rows, columns = np.nonzero((image == np.array(colour, np.uint8)).all(axis=2))
        return (columns.min(), rows.min(), columns.max(), rows.max()) if len(rows) else None

    return extent


def test_with_the_view_motion_the_centre_square_and_that_of_what_moves_are_drawn() -> None:
    where = seen({WHOLE}, AT_THE_LEFT)
    centre, moving = where(YELLOW), where(GREEN)
    assert centre is not None
    assert moving is not None
    assert (centre[0], centre[2]) == pytest.approx((325, 955), abs=5)
    assert moving[0] < 20
    assert moving[2] < 0.25 * WIDTH
    assert seen({WHOLE})(GREEN) is None


def test_with_the_view_centre_nothing_follows_what_moves() -> None:
    where = seen({WHOLE}, AT_THE_LEFT, view="centre")
    assert where(YELLOW) is not None
    assert where(GREEN) is None


def test_with_the_view_letterbox_all_is_seen() -> None:
    extent = seen({WHOLE}, AT_THE_LEFT, view="letterbox")(YELLOW)
    assert extent == pytest.approx((0, 0, WIDTH, HEIGHT), abs=8)


def test_a_zone_is_drawn_with_its_square_and_one_without_a_rule_alone() -> None:
    zone = seen({"drive"}, zones={"drive": DRIVE})
    assert zone(CYAN) == pytest.approx((0, 0.75 * HEIGHT - WIDTH / 8, WIDTH / 4, 0.75 * HEIGHT + WIDTH / 8), abs=8)
    assert zone(YELLOW) is None
    ruleless = seen({WHOLE}, zones={"drive": DRIVE})(CYAN)
    assert ruleless is not None
    assert ruleless[3] == pytest.approx(0.9 * HEIGHT, abs=8)


def test_masks_are_outlined() -> None:
    extent = seen({WHOLE}, masks=[[(0.7, 0.1), (0.9, 0.1), (0.9, 0.3), (0.7, 0.3)]])(WHITE)
    assert extent is not None
    assert extent[2:] == pytest.approx((0.9 * WIDTH, 0.3 * HEIGHT), abs=8)
