"""What the gate says of things that come, stay and go, and of pictures in which nothing does."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from monitor.config.polygon import Polygon
from monitor.config.schema import MotionSettings
from monitor.gate.motion import LINGER, MotionGate
from monitor.values import GateReason, Verdict
from tests.gate.scenes import judged, scene, seen, share_inside, with_thing

PERSON = (70, 40, 8, 20)
LEFT_HALF: Polygon = [(0, 0), (0.5, 0), (0.5, 1), (0, 1)]
RIGHT_HALF: Polygon = [(0.5, 0), (1, 0), (1, 1), (0.5, 1)]
WHOLE: Polygon = [(0, 0), (1, 0), (1, 1), (0, 1)]


def gate(
    looks: int = 2, masks: Sequence[Polygon] = (), zones: Sequence[Polygon] | None = None, sensitivity: float = 0.5, recheck: float = 10
) -> MotionGate:
    settings = MotionSettings().model_copy(update={"sensitivity": sensitivity, "recheck": recheck})
    return MotionGate(settings, looks, masks, zones)


def warm(gate: MotionGate, seconds: float = 20, fps: float = 5) -> float:
    """Let the gate see the empty scene for a while; the second at which it has."""
    judged(gate, seen([scene()] * round(seconds * fps)), fps)
    return seconds


def reasons(verdicts: Sequence[Verdict]) -> Counter[GateReason]:
    return Counter(verdict.reason for verdict in verdicts)


def test_the_first_pictures_earn_their_looks_and_then_it_is_quiet() -> None:
    verdicts = judged(gate(looks=3), seen([scene()] * 20))
    assert [verdict.reason for verdict in verdicts] == [GateReason.START] * 3 + [GateReason.QUIET] * 17
    assert [verdict.look for verdict in verdicts] == [True] * 3 + [False] * 17


def test_a_camera_that_was_opened_anew_starts_again_even_with_another_scene() -> None:
    subject = gate()
    warm(subject)
    subject.forget()
    assert reasons(judged(subject, seen([scene(7)] * 20), start=20)) == {GateReason.START: 2, GateReason.QUIET: 18}


def test_pictures_of_another_size_start_again() -> None:
    subject = gate()
    warm(subject)
    assert reasons(judged(subject, seen([scene(0, (120, 160))] * 20), start=20)) == {GateReason.START: 2, GateReason.QUIET: 18}


def test_a_gate_that_is_switched_off_lets_everything_through() -> None:
    subject = MotionGate(MotionSettings(enabled=False), 2)
    assert judged(subject, seen([scene()] * 9)) == [Verdict(True, GateReason.UNGATED)] * 9


@pytest.mark.parametrize("noise", [0, 1, 3, 6, 12, 20])
def test_a_still_scene_with_noise_saves_98_percent_of_the_looks(noise: float) -> None:
    verdicts = judged(gate(), seen([scene()] * 600, noise))
    assert reasons(verdicts) == {GateReason.START: 2, GateReason.QUIET: 587, GateReason.RECHECK: 11}


@pytest.mark.parametrize("left", [-2, 40, 152])
def test_a_newcomer_opens_the_gate_at_once_and_the_region_covers_it(left: int) -> None:
    subject = gate()
    start = warm(subject)
    box = (max(left, 0), 40, 8, 20)
    verdict = judged(subject, seen([with_thing(scene(), box)]), start=start)[0]
    assert verdict.look
    assert verdict.reason is GateReason.MOVEMENT
    assert verdict.movement is not None
    assert share_inside(verdict.movement, box) == pytest.approx(1)
    assert verdict.movement.width * verdict.movement.height < 0.03


@pytest.mark.parametrize("fps", [25, 5, 0.3])
def test_a_newcomer_that_stands_still_is_background_after_ten_seconds(fps: float) -> None:
    subject = gate(recheck=1000)
    start = warm(subject, 60, fps)
    verdicts = judged(subject, seen([with_thing(scene(), PERSON)] * round(40 * fps)), fps, start)
    last = max(number for number, verdict in enumerate(verdicts) if verdict.reason is GateReason.MOVEMENT) / fps
    assert 6.5 <= last <= 10 + LINGER + 1 / fps


def test_what_was_there_from_the_beginning_and_leaves_is_movement_too_and_is_forgotten() -> None:
    subject = gate(recheck=1000)
    judged(subject, seen([with_thing(scene(), PERSON)] * 100))
    verdicts = judged(subject, seen([scene()] * 100), start=20)
    assert verdicts[0].reason is GateReason.MOVEMENT
    assert reasons(verdicts[70:]) == {GateReason.QUIET: 30}


def test_what_leaves_is_known_to_have_gone_in_another_light_too() -> None:
    subject = gate(recheck=1000)
    judged(subject, seen([with_thing(scene(), PERSON)] * 5))
    judged(subject, seen([scene()] * 100), start=1)
    judged(subject, seen([with_thing(scene(), PERSON)] * 100), start=21)
    judged(subject, seen([with_thing(scene(), PERSON) * 0.75] * 20), start=41)
    verdicts = judged(subject, seen([scene() * 0.75] * 100), start=45)
    assert verdicts[0].reason is GateReason.MOVEMENT
    assert reasons(verdicts[20:]) == {GateReason.QUIET: 80}


def test_who_walks_by_leaves_no_trace() -> None:
    subject = gate()
    start = warm(subject)
    pictures = [*[with_thing(scene(), PERSON, 120)] * 10, *[scene()] * 30]
    verdicts = judged(subject, seen(pictures), start=start)
    assert reasons(verdicts) == {GateReason.MOVEMENT: 20, GateReason.QUIET: 20}


def test_where_somebody_stood_still_the_next_is_seen_as_well() -> None:
    subject = gate()
    start = warm(subject)
    judged(subject, seen([with_thing(scene(), PERSON)] * 45), start=start)
    judged(subject, seen([scene()] * 20), start=start + 9)
    assert judged(subject, seen([with_thing(scene(), PERSON, 22)]), start=start + 13)[0].reason is GateReason.MOVEMENT


def test_the_gate_stays_open_for_a_moment_after_the_movement() -> None:
    subject = gate()
    start = warm(subject)
    verdicts = judged(subject, seen([with_thing(scene(), PERSON), *[scene()] * 20]), start=start)
    assert [verdict.reason for verdict in verdicts] == [GateReason.MOVEMENT] * 11 + [GateReason.QUIET] * 10
    assert {verdict.movement for verdict in verdicts[:11]} == {verdicts[0].movement}


def test_of_two_things_far_apart_the_larger_is_the_region() -> None:
    subject = gate()
    start = warm(subject)
    picture = with_thing(with_thing(scene(), (4, 40, 8, 20)), (140, 40, 12, 30))
    (verdict,) = judged(subject, seen([picture]), start=start)
    assert verdict.movement is not None
    assert verdict.movement.x > 0.8


def test_a_walker_is_followed() -> None:
    subject = gate()
    start = warm(subject)
    boxes = [(10 + 2 * step, 40, 8, 20) for step in range(60)]
    for box, verdict in zip(boxes, judged(subject, seen(with_thing(scene(), box) for box in boxes), start=start), strict=True):
        assert verdict.movement is not None
        assert share_inside(verdict.movement, box) > 0.9
        assert verdict.movement.width < 0.15


def test_somebody_small_far_away_who_walks_slowly_is_seen() -> None:
    subject = gate(recheck=1000)
    start = warm(subject)
    pictures = [with_thing(scene(), (40 + step // 3, 30, 4, 9), 40) for step in range(150)]
    verdicts = judged(subject, seen(pictures), start=start)
    assert reasons(verdicts)[GateReason.MOVEMENT] > 140


def test_sensitivity_decides_on_what_is_faint() -> None:
    def opened(sensitivity: float) -> bool:
        subject = gate(sensitivity=sensitivity)
        start = warm(subject)
        return judged(subject, seen([with_thing(scene(), PERSON, 14)], 1), start=start)[0].reason is GateReason.MOVEMENT

    assert [opened(sensitivity) for sensitivity in (0.2, 0.8)] == [False, True]


def test_a_look_is_due_whenever_there_was_none_for_long() -> None:
    verdicts = judged(gate(recheck=3), seen([scene()] * 100), fps=2)
    looked = [number / 2 for number, verdict in enumerate(verdicts) if verdict.reason is GateReason.RECHECK]
    assert looked[:3] == [3.5, 6.5, 9.5]


def test_any_look_puts_the_recheck_off() -> None:
    subject = gate(recheck=3)
    judged(subject, seen([scene()] * 8), fps=2)
    assert judged(subject, seen([scene()]), start=4, needed=True)[0].reason is GateReason.NEEDED
    verdicts = judged(subject, seen([scene()] * 8), fps=2, start=4.5)
    assert [verdict.look for verdict in verdicts] == [False] * 5 + [True] + [False] * 2


def test_a_rule_between_states_gets_every_look_and_the_region_where_something_moves() -> None:
    subject = gate()
    start = warm(subject)
    assert judged(subject, seen([scene()] * 3), start=start, needed=True) == [Verdict(True, GateReason.NEEDED)] * 3
    verdict = judged(subject, seen([with_thing(scene(), PERSON)]), start=start + 1, needed=True)[0]
    assert verdict.reason is GateReason.MOVEMENT
    assert verdict.movement is not None


def test_leaves_that_wave_are_learnt_within_a_minute() -> None:
    random = np.random.default_rng(3)
    leaves = [with_thing(scene(), (20, 10, 30, 30), 40 * random.random()) for _ in range(600)]
    verdicts = judged(gate(), seen(leaves))
    assert GateReason.MOVEMENT in reasons(verdicts[:300])
    assert GateReason.MOVEMENT not in reasons(verdicts[300:])


def test_a_picture_that_is_never_the_same_is_learnt_as_well() -> None:
    random = np.random.default_rng(3)
    pictures = [np.kron(random.integers(0, 256, (9, 16), np.uint8), np.ones((10, 10), np.uint8)) for _ in range(450)]
    assert set(reasons(judged(gate(), pictures)[300:])) == {GateReason.QUIET, GateReason.RECHECK}


def test_movement_outside_the_zones_of_the_rules_does_not_count() -> None:
    for zone, reason in ((LEFT_HALF, GateReason.MOVEMENT), (RIGHT_HALF, GateReason.QUIET)):
        subject = gate(zones=[zone], recheck=1000)
        start = warm(subject)
        pictures = seen([with_thing(scene(), (20, 40, 8, 20))] * 20)
        assert set(reasons(judged(subject, pictures, start=start + 0.2))) == {reason}


def test_a_zone_smaller_than_a_pixel_still_opens_the_gate() -> None:
    subject = gate(zones=[[(0.451, 0.501), (0.452, 0.501), (0.452, 0.502)]])
    start = warm(subject)
    assert judged(subject, seen([with_thing(scene(), PERSON)]), start=start)[0].reason is GateReason.MOVEMENT


def test_a_picture_that_is_all_masked_is_only_looked_at_now_and_then() -> None:
    black = np.zeros((90, 160), np.uint8)
    verdicts = judged(gate(masks=[WHOLE]), [black] * 200)
    assert reasons(verdicts) == {GateReason.START: 2, GateReason.QUIET: 195, GateReason.RECHECK: 3}


def test_a_light_that_changes_beside_a_mask_is_a_change_of_all_that_is_seen() -> None:
    subject = gate(masks=[[(0.3, 0), (1, 0), (1, 1), (0.3, 1)]])
    dark, bright = (np.uint8(level) * np.ones((90, 160), np.uint8) for level in (30, 180))
    dark[:, 48:] = bright[:, 48:] = 0
    verdicts = judged(subject, [dark] * 20 + [bright] * 20)
    assert reasons(verdicts) == {GateReason.START: 2, GateReason.CHANGE: 2, GateReason.QUIET: 36}


@pytest.mark.parametrize("shape", [(1, 1), (1, 16), (4, 1), (2, 2), (3, 4), (16, 16), (160, 90)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_pictures_of_any_size_and_brightness_are_judged(shape: tuple[int, int], level: int) -> None:
    subject = gate()
    plain = np.full(shape, level, np.uint8)
    verdicts = judged(subject, [plain] * 30)
    assert reasons(verdicts) == {GateReason.START: 2, GateReason.QUIET: 28}
    other = np.full(shape, 255 - level if level != 128 else 0, np.uint8)
    assert reasons(judged(subject, [other] * 10, start=6)) == {GateReason.QUIET: 8, GateReason.CHANGE: 2}


def test_a_gate_needs_less_than_a_megabyte() -> None:
    pictures = list(seen([scene(0, (160, 160))] * 3))
    tracemalloc.start()
    try:
        subject = gate()
        judged(subject, pictures)
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
