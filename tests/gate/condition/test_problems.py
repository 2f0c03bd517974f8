"""What is wrong with a camera's pictures is said, and no longer than it lasts."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.gate.condition.condition import Condition
from monitor.values import Image, ProblemKind
from tests.gate.condition.stage import Stage, blurred, colourless, flat, hand, infrared, lit, street, turned

VIEW = street()
LEARNT = 90


@pytest.fixture
def stage() -> Stage:
    """A camera whose usual view is known."""
    stage = Stage()
    stage.show(VIEW, LEARNT)
    assert stage.problems == []
    return stage


def test_the_same_picture_for_a_minute_is_frozen_and_the_next_that_differs_ends_it(stage: Stage) -> None:
    stage.show(VIEW, 100, noise=0)
    stage.show(VIEW, 5)
    (raised, kind), (over, nothing) = stage.problems
    assert (kind, nothing) == (ProblemKind.FROZEN, None)
    assert raised == pytest.approx(LEARNT + 60, abs=1)
    assert over == LEARNT + 101


def test_a_picture_that_repeats_itself_for_some_seconds_is_only_the_same(stage: Stage) -> None:
    for _ in range(10):
        stage.show(VIEW, 30, noise=0)
        assert stage.condition.same
        stage.show(VIEW, 1)
        assert not stage.condition.same
    assert stage.problems == []


def test_one_pixel_makes_another_picture() -> None:
    stage = Stage()
    stage.show(VIEW, 2, noise=0)
    other = VIEW.copy()
    other[VIEW.shape[0] // 2 // 5 * 5, 100] ^= 1
    stage.show(other, 1, noise=0)
    assert not stage.condition.same


@pytest.mark.parametrize(("level", "word"), [(0, "black"), (255, "white")])
def test_a_picture_that_turns_black_or_white_at_once_is_a_problem(stage: Stage, level: int, word: str) -> None:
    stage.show(flat(level), 40)
    assert word in stage.condition.detail
    stage.show(VIEW, 20)
    assert stage.kinds == [ProblemKind.BLACK, None]
    assert stage.problems[0][0] - LEARNT == pytest.approx(11, abs=3)
    assert stage.problems[1][0] - LEARNT - 40 == pytest.approx(11, abs=3)


def test_at_the_start_black_is_a_problem_without_the_noise_of_a_sensor_only() -> None:
    dead, night = Stage(), Stage()
    dead.show(flat(0), 30, noise=0)
    night.show(flat(2), 300)
    assert dead.kinds == [ProblemKind.BLACK]
    assert night.kinds == []


@pytest.mark.parametrize("cover", [hand(), lit(hand(), 0.3), blurred(street(7), 60)], ids=["hand", "dark", "bag"])
def test_a_scene_that_is_gone_at_once_is_covered(stage: Stage, cover: Image) -> None:
    stage.show(cover, 60)
    assert "edges are left" in stage.condition.detail
    stage.show(VIEW, 20)
    assert stage.kinds == [ProblemKind.COVERED, None]
    assert stage.problems[0][0] - LEARNT == pytest.approx(11, abs=3)
    assert stage.problems[1][0] - LEARNT - 60 == pytest.approx(11, abs=3)


def test_a_camera_is_covered_at_night_too(stage: Stage) -> None:
    night = infrared(VIEW)
    stage.show(night, 120, noise=6)
    stage.show(colourless(hand()), 30, noise=6)
    stage.show(night, 20, noise=6)
    assert stage.kinds == [ProblemKind.COVERED, None]


@pytest.mark.parametrize("pixels", [2, 4, 8])
def test_fine_detail_that_is_lost_for_a_minute_is_blurred(stage: Stage, pixels: float) -> None:
    stage.show(blurred(VIEW, pixels), 120)
    assert "fine detail" in stage.condition.detail
    stage.show(VIEW, 30)
    assert stage.kinds == [ProblemKind.BLURRED, None]
    assert 60 <= stage.problems[0][0] - LEARNT <= 75
    assert 10 <= stage.problems[1][0] - LEARNT - 120 <= 15


@pytest.mark.parametrize("part", [0.12, 0.3, 0.9])
def test_a_camera_that_was_turned_looks_elsewhere(stage: Stage, part: float) -> None:
    stage.show(turned(VIEW, part), 100)
    assert "another scene" in stage.condition.detail
    stage.show(VIEW, 20)
    assert stage.kinds == [ProblemKind.MOVED, None]
    assert stage.problems[0][0] - LEARNT == pytest.approx(62, abs=5)
    assert stage.problems[1][0] - LEARNT - 100 == pytest.approx(11, abs=3)


def test_a_camera_that_comes_back_with_another_scene_is_compared_with_the_old_one(stage: Stage) -> None:
    stage.clock.advance(1000)
    stage.condition.opened(stage.clock.now(), 25)
    stage.show(street(2), 100)
    assert stage.kinds == [ProblemKind.MOVED]


def test_a_camera_that_comes_back_covered_after_a_minute_was_covered(stage: Stage) -> None:
    stage.clock.advance(60)
    stage.condition.opened(stage.clock.now(), 25)
    stage.show(hand(), 30)
    assert stage.kinds == [ProblemKind.COVERED]


def test_another_view_is_the_usual_one_after_an_hour(stage: Stage) -> None:
    stage.show(street(2), 3550, every=4)
    assert stage.kinds == [ProblemKind.MOVED]
    stage.show(street(2), 300, every=4)
    assert stage.kinds == [ProblemKind.MOVED, None]
    stage.show(VIEW, 100)
    assert stage.kinds[2:] == [ProblemKind.MOVED]


def test_the_first_minute_is_for_learning() -> None:
    stage = Stage()
    stage.show(VIEW, 30)
    stage.show(street(2), 20)
    stage.show(VIEW, 30)
    assert stage.problems == []


def test_what_is_wrong_is_not_learnt(stage: Stage) -> None:
    stage.show(hand(), 1800, every=3)
    assert stage.kinds == [ProblemKind.COVERED]
    stage.show(VIEW, 20)
    assert stage.kinds == [ProblemKind.COVERED, None]


def test_a_lens_that_stays_blurred_is_not_got_used_to(stage: Stage) -> None:
    stage.show(blurred(VIEW, 1.5), 1800, every=3, noise=0.5)
    assert stage.kinds == [ProblemKind.BLURRED]


def test_key_frames_alone_tell_the_same() -> None:
    stage = Stage(keyframes=True)
    stage.show(VIEW, 120, every=10)
    for wrong in (flat(0), hand(), blurred(VIEW, 4), turned(VIEW, 0.3)):
        stage.show(wrong, 120, every=10)
        stage.show(VIEW, 30, every=10)
    assert [kind for kind in stage.kinds if kind] == [ProblemKind.BLACK, ProblemKind.COVERED, ProblemKind.BLURRED, ProblemKind.MOVED]
    assert stage.condition.problem is None


def test_what_lies_under_a_mask_counts_for_nothing() -> None:
    left = [(0.0, 0.0), (0.6, 0.0), (0.6, 1.0), (0.0, 1.0)]
    stage = Stage(masks=[left])
    stage.show(VIEW, LEARNT)
    stage.show(flat(255), 30)
    stage.show(VIEW, 20)
    stage.show(hand(), 30)
    stage.show(VIEW, 20)
    assert stage.kinds == [ProblemKind.BLACK, None, ProblemKind.COVERED, None]


def test_a_stream_of_another_shape_is_learnt_anew(stage: Stage) -> None:
    stage.show(np.ascontiguousarray(street(2)[60:300]), 120)
    assert stage.problems == []
    stage.show(hand()[60:300], 20)
    assert stage.kinds == [ProblemKind.COVERED]


def test_without_a_picture_nothing_is_wrong() -> None:
    condition = Condition(keyframes=False)
    assert (condition.problem, condition.detail, condition.same, condition.night) == (None, "", False, False)
