"""What happens before every camera is no problem of the camera."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from monitor.values import Image
from tests.gate.condition.stage import SIZE, VTEST, Stage, flat, footage, infrared, lit, street

VIEW = street()
LEARNT = 90
real = pytest.mark.skipif(not VTEST.exists(), reason="Debian's opencv-doc is not installed")


@pytest.fixture
def stage() -> Stage:
    """A camera whose usual view is known."""
    stage = Stage()
    stage.show(VIEW, LEARNT)
    return stage


def lorry(view: Image, left: float, top: float, right: float, bottom: float) -> Image:
    """The view behind something large and smooth, by fractions of the picture."""
    width, height = SIZE
    x0, y0, x1, y1 = round(left * width), round(top * height), round(right * width), round(bottom * height)
    parked = cv2.rectangle(view.copy(), (x0, y0), (x1, y1), (60, 90, 140), -1)
    return np.asarray(cv2.rectangle(parked, (x0 + 20, y0 + 20), (x1 - 20, (y0 + y1) // 2), (200, 200, 210), -1), np.uint8)


def shadow(view: Image, left: int) -> Image:
    """The view with a dark stripe over it."""
    light = np.ones(view.shape[:2], np.float32)
    cv2.fillPoly(light, [np.array([[left, 0], [left + 300, 0], [left + 400, 360], [left + 50, 360]], np.int32)], 0.35)
    return lit(view, cv2.GaussianBlur(light, (0, 0), 8)[..., None])


def rainy(view: Image) -> Image:
    random = np.random.default_rng()
    wet = view.copy()
    for x, y in random.integers(0, SIZE[0], (600, 2)):
        cv2.line(wet, (int(x), int(y)), (int(x) + 2, int(y) + 12), (230, 230, 230), 1)
    return wet


@real
@pytest.mark.slow
def test_people_who_cross_the_square_for_ten_minutes() -> None:
    people = footage(400, step=2)
    stage = Stage()
    stage.show(lambda number: people[number % len(people)], 600, every=0.5)
    assert stage.problems == []


@pytest.mark.parametrize("scene", [pytest.param("footage", marks=real), "street"])
def test_the_sun_sets_and_rises_in_steps(scene: str) -> None:
    view = footage(1)[0] if scene == "footage" else VIEW
    stage = Stage()
    stage.show(view, LEARNT)
    dusk = np.linspace(0, 1, 61)
    for part in dusk:
        stage.show(lit(view, 0.03**part), 20, every=2, noise=2 + 8 * part)
    at_night = stage.condition.night
    stage.show(lit(view, 0.03), 1800, every=5, noise=10)
    for part in dusk[::-1]:
        stage.show(lit(view, 0.03**part), 20, every=2, noise=2 + 8 * part)
    stage.show(view, 120)
    assert (at_night, stage.condition.night) == (True, False)
    assert stage.problems == []


def test_infrared_light_goes_on_and_off(stage: Stage) -> None:
    for _ in range(3):
        stage.show(infrared(VIEW), 150, noise=6)
        nights = [stage.condition.night]
        stage.show(VIEW, 150)
        assert [*nights, stage.condition.night] == [True, False]
    assert stage.problems == []


def test_a_night_without_any_light_comes_slowly(stage: Stage) -> None:
    for part in np.linspace(0, 1, 61):
        stage.show(lit(VIEW, 0.002**part), 20, every=2, noise=3)
    stage.show(flat(1), 600, every=5, noise=3)
    assert stage.problems == []


def test_a_lamp_in_a_dark_yard_is_no_black_picture() -> None:
    yard = flat(0)
    cv2.circle(yard, (100, 80), 2, (220, 240, 250), -1)
    stage = Stage()
    stage.show(yard, 30, noise=0)
    assert stage.problems == []


@pytest.mark.parametrize("left", [0.2, 0.1, 0.05, 0.03])
def test_the_light_is_switched_off_and_a_little_is_left(stage: Stage, left: float) -> None:
    stage.show(lit(VIEW, left), 120, noise=4)
    stage.show(VIEW, 120)
    assert stage.problems == []


def test_a_thunderstorm(stage: Stage) -> None:
    flash, dark = np.clip(VIEW * 3.0 + 80, 0, 255).astype(np.uint8), lit(VIEW, 0.3)
    stage.show(lambda number: flash if number % 20 in (0, 1, 5) else dark, 200, every=0.5)
    assert stage.problems == []


def test_it_rains(stage: Stage) -> None:
    stage.show(lambda _: rainy(VIEW), 120)
    stage.show(VIEW, 120)
    assert stage.problems == []


def test_the_shadow_of_a_cloud(stage: Stage) -> None:
    stage.show(lambda number: shadow(VIEW, number * 3 - 300), 300)
    assert stage.problems == []


@pytest.mark.parametrize("place", [(0, 0, 0.5, 1), (0.5, 0, 1, 1), (0, 0.5, 1, 1), (0.2, 0.0, 0.7, 1.0)])
def test_a_lorry_parks_in_front_of_half_the_picture(stage: Stage, place: tuple[float, float, float, float]) -> None:
    stage.show(lorry(VIEW, *place), 600, every=2)
    stage.show(VIEW, 120)
    assert stage.problems == []


def test_fog_comes_and_goes(stage: Stage) -> None:
    for part in [*np.linspace(0, 0.95, 40), *np.linspace(0.95, 0, 40)]:
        stage.show((VIEW * (1 - part) + 180 * part).astype(np.uint8), 15, every=1.5)
    assert stage.problems == []


@pytest.mark.parametrize("level", [205, 240])
def test_a_white_wall_and_who_passes_it(level: int) -> None:
    wall = flat(level)

    def passed(number: int) -> Image:
        left = number * 6 % SIZE[0]
        return np.asarray(cv2.rectangle(wall.copy(), (left, 120), (left + 60, 360), (40, 50, 60), -1), np.uint8)

    stage = Stage()
    stage.show(wall, 300, noise=2)
    stage.show(passed, 120, noise=2)
    stage.show(wall, 300, noise=2)
    assert stage.problems == []


def test_something_is_before_the_lens_for_some_seconds(stage: Stage) -> None:
    for _ in range(10):
        stage.show(flat(90), 6)
        stage.show(VIEW, 10)
    assert stage.problems == []


def test_a_view_that_never_stays(stage: Stage) -> None:
    views = [street(seed) for seed in range(20, 30)]
    stage.show(lambda number: views[number // 10 % 10], 400)
    assert stage.problems == []


def test_a_camera_that_sends_seldom(stage: Stage) -> None:
    stage.show(VIEW, 1200, every=40)
    assert stage.problems == []


def test_grain_as_strong_as_the_picture_is_no_other_scene(stage: Stage) -> None:
    for part in np.linspace(0, 1, 31):
        stage.show(lit(VIEW, 0.02**part), 20, every=2, noise=2 + 18 * part)
    stage.show(lit(VIEW, 0.02), 300, noise=20)
    assert stage.problems == []


def test_the_lamp_goes_out_in_a_room_whose_night_is_known_to_be_dark(stage: Stage) -> None:
    for part in np.linspace(0, 1, 61):
        stage.show(lit(VIEW, 0.002**part), 20, every=2, noise=3)
    stage.show(flat(1), 3600, every=10, noise=3)
    stage.show(VIEW, 300, every=2)
    stage.show(flat(1), 120, noise=3)
    assert stage.problems == []
