"""What is judged of a picture before anybody looks, put together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from monitor.clock import ManualClock
from monitor.config.schema import CameraSettings
from monitor.gate.watch import Watch
from monitor.values import WHOLE, GateReason, Image, Need, ProblemKind, Verdict

TOP = [[0, 0], [1, 0], [1, 0.5], [0, 0.5]]


def noisy(seed: int, level: int = 120) -> Image:
    """A picture of a sensor: the same wall each time, with noise of its own."""
    wall = np.random.default_rng(1).integers(level - 40, level + 40, (36, 64, 3)).repeat(5, 0).repeat(5, 1)
    grain = np.random.default_rng(100 + seed).normal(0, 2, wall.shape)
    return np.clip(wall + grain, 0, 255).astype(np.uint8)


class Seen:
    """A watch that is shown a picture each fifth of a second."""

    def __init__(self, *zones: str, live: bool = True, **settings: object) -> None:
        self.clock = ManualClock()
        self.watch = Watch(CameraSettings.model_validate({"source": "0", **settings}), zones or [WHOLE], 2, live=live)
        self.watch.opened(self.clock.now(), None)
        self._number = 0

    def show(self, image: Image, need: Need = Need.MOVEMENT) -> Verdict:
        self._number += 1
        now = self.clock.advance(0.2)
        self.watch.frame(now.mono, self._number * 0.2)
        return self.watch.judge(image, now, self._number * 0.2, need)

    def quiet(self, count: int, need: Need = Need.MOVEMENT) -> Iterator[Verdict]:
        for _ in range(count):
            yield self.show(noisy(self._number), need)


def reasons(verdicts: Iterator[Verdict]) -> list[GateReason]:
    return [verdict.reason for verdict in verdicts]


def test_a_quiet_camera_is_looked_at_first_and_then_now_and_then() -> None:
    seen = Seen()
    told = reasons(seen.quiet(60))
    assert told[:2] == [GateReason.START] * 2
    assert told.count(GateReason.RECHECK) == 1
    assert set(told[2:50]) == {GateReason.QUIET}


def test_what_moves_is_looked_at_and_its_place_is_told() -> None:
    seen = Seen()
    list(seen.quiet(20))
    image = noisy(99)
    image[60:120, :40] = 255
    verdict = seen.show(image)
    assert (verdict.look, verdict.reason) == (True, GateReason.MOVEMENT)
    assert verdict.movement is not None
    assert verdict.movement.x == 0
    assert 0.1 <= verdict.movement.width <= 0.2


def test_while_a_rule_is_between_states_every_new_picture_is_looked_at() -> None:
    seen = Seen()
    list(seen.quiet(20))
    assert set(reasons(seen.quiet(10, Need.LOOK))) == {GateReason.NEEDED}


def test_the_same_picture_again_is_no_new_evidence_but_is_shown_to_whoever_asks_for_it() -> None:
    seen = Seen()
    image = noisy(1)
    seen.show(image.copy())
    assert seen.show(image.copy(), Need.LOOK) == Verdict(False, GateReason.SAME)
    assert seen.show(image.copy(), Need.PICTURE).look


def test_a_still_clip_is_looked_at_however_often_its_picture_repeats() -> None:
    seen = Seen(live=False)
    image = noisy(1)
    assert [seen.show(image.copy(), Need.LOOK).look for _ in range(5)] == [True] * 5


def test_nothing_is_looked_at_while_nobody_wants_to() -> None:
    seen = Seen()
    assert set(reasons(seen.quiet(20, Need.NOTHING))) == {GateReason.IDLE}


def test_a_frozen_picture_is_a_problem_and_is_not_looked_at() -> None:
    seen = Seen()
    list(seen.quiet(10))
    image = noisy(1)
    verdicts = [seen.show(image.copy(), Need.LOOK) for _ in range(320)]
    assert seen.watch.problem is ProblemKind.FROZEN
    assert seen.watch.detail
    assert not any(verdict.look for verdict in verdicts[1:])
    seen.show(noisy(2))
    assert seen.watch.problem is None


def test_a_clip_has_no_problem() -> None:
    seen = Seen(live=False)
    image = noisy(1)
    for _ in range(400):
        seen.show(image.copy())
    assert (seen.watch.problem, seen.watch.detail) == (None, "")


def test_masks_are_black_before_anything_is_judged() -> None:
    seen = Seen(masks=[TOP])
    list(seen.quiet(20))
    image = noisy(99)
    image[20:70] = 255
    assert not seen.show(image).look
    assert not image[:88].any()
    assert image[92:].any()


@pytest.mark.parametrize(("zones", "look"), [([WHOLE], True), (["top"], False), (["top", WHOLE], True)])
def test_movement_outside_the_zones_that_rules_name_opens_no_gate(zones: list[str], look: bool) -> None:
    seen = Seen(*zones, zones={"top": TOP})
    list(seen.quiet(20))
    image = noisy(99)
    image[120:170, 100:160] = 255
    assert seen.show(image).look is look


def test_a_camera_that_was_opened_anew_is_looked_at_as_at_the_start() -> None:
    seen = Seen()
    list(seen.quiet(20))
    seen.watch.opened(seen.clock.now(), 5.0)
    assert reasons(seen.quiet(3)) == [GateReason.START, GateReason.START, GateReason.QUIET]


def test_without_a_gate_every_picture_is_looked_at() -> None:
    seen = Seen(motion={"enabled": False})
    assert set(reasons(seen.quiet(10))) == {GateReason.UNGATED}


def test_pictures_may_change_their_size_at_any_time() -> None:
    seen = Seen()
    list(seen.quiet(120))
    for width, height in ((320, 240), (64, 36), (1, 1), (2, 90), (1920, 1080)):
        image = np.random.default_rng(width).integers(0, 255, (height, width, 3)).astype(np.uint8)
        assert seen.show(image).reason is GateReason.START
    list(seen.quiet(300))
    assert seen.watch.problem is None


def test_what_is_known_of_the_pictures_goes_on_when_other_zones_are_watched() -> None:
    seen = Seen()
    image = noisy(1)
    for _ in range(320):
        seen.show(image.copy())
    settings = CameraSettings.model_validate({"source": "0", "zones": {"top": TOP}})
    heir = Watch(settings, ["top"], 2, live=True, before=seen.watch)
    assert heir.problem is ProblemKind.FROZEN
