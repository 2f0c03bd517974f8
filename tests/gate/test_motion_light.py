"""Light that is switched, flashes or fades is no movement, and what moves in it still is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from monitor.config.polygon import Polygon
from monitor.gate.grey import black_out, shrink
from monitor.gate.motion import SETTLE
from monitor.values import GateReason, Grey
from tests.gate.scenes import Scene, judged, scene, seen, share_inside, with_thing
from tests.gate.test_motion import PERSON, gate, reasons, warm

LAMP = 0.2 + np.exp(-((np.arange(160)[None, :] - 60) ** 2 + (np.arange(90)[:, None] - 30) ** 2) / 5000).astype(np.float32)


def infrared(picture: Scene) -> Scene:
    """Foliage shines and all is softer and brighter."""
    return np.asarray(np.clip(0.9 * cv2.GaussianBlur(picture, (0, 0), 1) + 30 + np.where(picture < 110, 60, 0), 0, 255), np.float32)


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("flash", [lambda p: p * 2, lambda p: p + 80, lambda p: p + 30, lambda p: p * 0 + 250, lambda p: p + 120 * LAMP])
def test_lightning_earns_nothing(flash: object, frames: int) -> None:
    subject = gate(recheck=1000)
    start = warm(subject)
    assert callable(flash)
    pictures = [flash(scene())] * frames + [scene()] * 30
    assert reasons(judged(subject, seen(pictures), start=start)) == {GateReason.QUIET: 30 + frames}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (scene() * 0.2, scene()),
        (scene(), scene() * 0.2),
        (scene() * 0.4, infrared(scene())),
        (scene() * 0.2, scene() * LAMP),
        (scene(), scene(5)),
    ],
    ids=["light on", "light off", "infrared", "a lamp", "another scene"],
)
def test_another_picture_earns_its_looks_once_it_has_settled(before: Scene, after: Scene) -> None:
    subject = gate(looks=3, recheck=1000)
    judged(subject, seen([before] * 100))
    verdicts = judged(subject, seen([after] * 100), start=20)
    assert reasons(verdicts) == {GateReason.CHANGE: 3, GateReason.QUIET: 97}
    first = round(SETTLE * 5)
    assert [verdict.reason for verdict in verdicts[first : first + 3]] == [GateReason.CHANGE] * 3
    assert {verdict.movement for verdict in verdicts} == {None}


def test_the_afterglow_of_lightning_earns_nothing_either() -> None:
    subject = gate(recheck=1000)
    start = warm(subject)
    glow = scene()
    glow[:30, :60] += 60
    pictures = [scene() + 90, glow, glow, *[scene()] * 30]
    assert reasons(judged(subject, seen(pictures), start=start)) == {GateReason.QUIET: 33}


def test_what_the_light_makes_too_bright_to_show_does_not_move() -> None:
    subject = gate(recheck=1000)
    bright = scene() + 50
    judged(subject, seen([bright] * 100))
    assert reasons(judged(subject, seen([bright + 25] * 40), start=20)) == {GateReason.QUIET: 40}


def test_with_slow_frames_the_next_one_settles_a_change() -> None:
    subject = gate(recheck=1000)
    judged(subject, seen([scene() * 0.2] * 20), fps=0.3)
    verdicts = judged(subject, seen([scene()] * 6), fps=0.3, start=70)
    assert [verdict.reason for verdict in verdicts] == [GateReason.QUIET, GateReason.CHANGE, GateReason.CHANGE, *[GateReason.QUIET] * 3]


def test_a_sunset_is_neither_movement_nor_change() -> None:
    pictures = [scene() * max(0.15, 1 - step / 1000) for step in range(1200)]
    verdicts = judged(gate(recheck=1000), seen(pictures))
    assert reasons(verdicts) == {GateReason.START: 2, GateReason.QUIET: 1198}


@pytest.mark.parametrize("light", [lambda p: p * 0.75, lambda p: p * 1.25, lambda p: p - 25, lambda p: p * 0.8 + 30])
def test_a_step_of_the_exposure_is_neither_but_who_moves_in_it_is_seen(light: object) -> None:
    assert callable(light)
    subject = gate(recheck=1000)
    start = warm(subject)
    assert reasons(judged(subject, seen([light(scene())] * 20), start=start)) == {GateReason.QUIET: 20}
    subject = gate(recheck=1000)
    warm(subject)
    verdict = judged(subject, seen([with_thing(light(scene()), PERSON)]), start=start)[0]
    assert verdict.movement is not None
    assert share_inside(verdict.movement, PERSON) > 0.9
    assert verdict.movement.width < 0.1


@pytest.mark.parametrize("part", [0.31, 0.62])
@pytest.mark.parametrize("light", [lambda p: p * 0.75, lambda p: p + 37, lambda p: p * 0.8 + 30])
def test_a_step_of_the_exposure_does_not_move_the_edge_of_a_mask(light: object, part: float) -> None:
    assert callable(light)
    mask: Polygon = [(0, 0), (part, 0), (part + 0.21, 0.77), (0.1, 1)]
    subject = gate(recheck=1000, masks=[mask])

    def masked(picture: Scene) -> Grey:
        colours = cv2.cvtColor(cv2.resize(np.clip(picture, 0, 255).astype(np.uint8), (640, 360)), cv2.COLOR_GRAY2BGR)
        image = np.asarray(colours, np.uint8)
        black_out(image, [mask])
        return shrink(image)

    judged(subject, [masked(scene())] * 50)
    assert reasons(judged(subject, [masked(light(scene()))] * 50, start=10)) == {GateReason.QUIET: 50}


def test_clouds_that_come_and_go_are_neither() -> None:
    pictures = [scene() * (0.75 + 0.25 * np.float32(np.cos(step / 15))) for step in range(400)]
    assert reasons(judged(gate(recheck=1000), seen(pictures))) == {GateReason.START: 2, GateReason.QUIET: 398}


def test_who_walks_in_when_the_light_goes_on_keeps_the_gate_open_and_the_new_picture_earns_its_looks() -> None:
    subject = gate(recheck=1000)
    judged(subject, seen([scene() * 0.25] * 100))
    walk = [with_thing(scene() * (0.25 if step < 8 else 1), (10 + 2 * step, 40, 10, 24)) for step in range(40)]
    verdicts = judged(subject, seen(walk), start=20)
    assert all(verdict.look for verdict in verdicts)
    assert reasons(verdicts) == {GateReason.MOVEMENT: 38, GateReason.CHANGE: 2}


@pytest.mark.parametrize("width", [70, 80, 112, 150])
@pytest.mark.parametrize("fps", [25, 5, 1])
def test_somebody_who_fills_the_picture_is_looked_at_within_a_second(width: int, fps: float) -> None:
    subject = gate(recheck=1000)
    start = warm(subject)
    verdicts = judged(subject, seen([with_thing(scene(), (0, 0, width, 90), 80)] * 60), fps, start)
    first = next(number for number, verdict in enumerate(verdicts) if verdict.look)
    assert first / fps <= SETTLE


def test_who_stays_and_fills_the_picture_goes_on_being_seen() -> None:
    subject = gate(recheck=1000)
    start = warm(subject)
    pictures = [with_thing(scene(), (10 + round(12 * np.sin(step / 3)), 5, 110, 85), 80) for step in range(150)]
    verdicts = judged(subject, seen(pictures), start=start)
    assert sum(verdict.look for verdict in verdicts[:50]) > 40


def test_a_light_that_blinks_does_not_hide_who_walks() -> None:
    subject = gate(recheck=1000)
    start = warm(subject)
    pictures = [with_thing(scene(), (10 + step, 40, 10, 24)) + (90 if step % 5 < 2 else 0) for step in range(60)]
    verdicts = judged(subject, seen(pictures), start=start)
    assert reasons(verdicts)[GateReason.MOVEMENT] > 40


def test_a_change_is_not_waited_for_twice_when_the_old_picture_came_back() -> None:
    # Two flashes, the second a second after the first: neither has lasted.
    subject = gate(recheck=1000)
    start = warm(subject)
    bright = scene() + 90
    pictures = [bright, *[scene()] * 4, bright, *[scene()] * 20]
    assert GateReason.CHANGE not in reasons(judged(subject, seen(pictures), start=start))
