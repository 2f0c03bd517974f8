"""Episodes that an earlier run left open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.clock import ManualClock
from monitor.decide.decider import CameraDecider, Event
from monitor.decide.restart import orphans
from monitor.decide.rule import Reading
from monitor.values import Alert, EndReason, OpenEpisode, Place, Severity
from tests.decide.conftest import CAT

if TYPE_CHECKING:
    from tests.decide.conftest import Stage

NOW = 1_700_000_000.0
KEPT = OpenEpisode(
    id="20231114t221240000z-c0ffee",
    seq=3,
    place=Place("porch", "frame", "cat"),
    label="tabby",
    best_score=0.9,
    severity=Severity.NOTICE,
    started_at=NOW - 40,
    last_seen=NOW - 10,
)
LINES: list[tuple[str, str, list[str]]] = [
    ("a first look at release continues it, and nothing is announced again", "35 90 90", ["0 ON*"]),
    ("the second of two looks continues it too", "10 35", ["1 ON*"]),
    ("none of the first looks at release: it ended while we were away", "34 34 10", ["1 OFF", "1 end restart"]),
    ("frames that are not looked at are no looks", "10 -*50 40", ["51 ON*"]),
    ("without looks it ends after a minute", "-*70", ["60 ?", "60 end restart"]),
    ("without frames too: it was never the camera's", "x*70", ["10 offline lost", "60 ?", "60 end restart"]),
    ("what comes later is news", "10 10 90 90", ["1 OFF", "1 end restart", "3 ON*", "3 start 0.90"]),
    ("a look when the minute is just over still counts", "-*60 40", ["60 ON*"]),
    ("continued, it ends as any other", "90 10*6", ["0 ON*", "6 OFF", "6 end gone"]),
    ("continued, a better score is an update ten seconds later", "97*12", ["0 ON*", "10 ON*", "10 update 0.97"]),
]


@pytest.mark.parametrize(("script", "expected"), [line[1:] for line in LINES], ids=[line[0] for line in LINES])
def test_design_6(stage: type[Stage], script: str, expected: list[str]) -> None:
    scene = stage(kept=[KEPT])
    assert scene.play(script) == expected


def test_while_nobody_knows_the_state_is_unknown_and_names_the_episode(stage: type[Stage]) -> None:
    scene = stage(kept=[KEPT])
    scene.play("10")
    state = scene.decider.states[0]
    assert (state.on, state.score, state.episode) == (None, None, KEPT.id)
    assert scene.decider.open_episodes() == [KEPT]
    assert scene.decider.between_states


def test_it_ends_at_the_time_it_was_last_seen(stage: type[Stage]) -> None:
    scene = stage(kept=[KEPT])
    scene.play("10 10")
    (end,) = scene.alerts()
    assert (end.id, end.seq, end.time, end.duration, end.score, end.severity) == (KEPT.id, 4, KEPT.last_seen, 30.0, 0.9, Severity.NOTICE)


def test_continued_it_keeps_its_id_its_best_score_and_its_age(stage: type[Stage]) -> None:
    scene = stage(kept=[KEPT])
    scene.play("50 10*6")
    (end,) = scene.alerts()
    assert (end.id, end.seq, end.score, end.reason) == (KEPT.id, 4, 0.9, EndReason.GONE)
    assert end.duration == 46.0


@pytest.mark.parametrize(("away", "expected"), [(15 * 60, ["0 ON*"]), (15 * 60 + 1, ["0 ?", "0 end restart", "1 ON*", "1 start 0.90"])])
def test_away_for_more_than_a_quarter_of_an_hour_it_is_another_one(stage: type[Stage], away: float, expected: list[str]) -> None:
    scene = stage(kept=[replace(KEPT, started_at=NOW - away - 30, last_seen=NOW - away)])
    assert scene.play("90 90") == expected


def test_a_wall_clock_that_went_back_leaves_the_judgement_to_the_looks(stage: type[Stage]) -> None:
    scene = stage(kept=[replace(KEPT, started_at=NOW + 9000, last_seen=NOW + 9100)])
    assert scene.play("90 10*6") == ["0 ON*", "6 OFF", "6 end gone"]
    assert scene.alerts()[0].duration == 106.0


def test_detection_switched_off_meanwhile_ends_it(stage: type[Stage]) -> None:
    scene = stage(kept=[KEPT])
    ended = scene.decider.set_detect(False, scene.clock.now())
    assert [(event.reason, event.time) for event in ended if isinstance(event, Alert)] == [(EndReason.DETECT_OFF, KEPT.last_seen)]
    assert scene.decider.open_episodes() == []


def test_detection_that_is_off_at_the_start_ends_it_after_its_minute() -> None:
    clock = ManualClock()
    decider = CameraDecider("porch", [CAT], clock.now(), [KEPT], detect=False)
    told: list[Event] = []
    for _ in range(61):
        told += decider.look(clock.now(), [Reading("frame", "cat", 0.9, "tabby")])
        told += decider.tick(clock.now())
        clock.advance(1)
    assert [(event.reason, event.time) for event in told if isinstance(event, Alert)] == [(EndReason.RESTART, KEPT.last_seen)]


def test_last_seen_is_the_last_look_at_or_above_release(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90 90 40 30 30")
    (kept,) = scene.decider.open_episodes()
    assert kept.last_seen == NOW + 3
    assert (kept.seq, kept.best_score, kept.started_at) == (0, 0.9, NOW + 1)


def test_a_clean_stop_and_a_start_are_not_noticed(stage: type[Stage]) -> None:
    before = stage()
    before.play("90 90 80 70")
    after = stage(kept=before.decider.open_episodes())
    assert after.play("60 60 60") == ["0 ON*"]
    assert after.decider.running("frame") == {"cat": before.alerts()[0].id}


def test_an_episode_of_a_rule_camera_or_zone_that_is_no_more_ends() -> None:
    kept = [
        KEPT,
        replace(KEPT, id="a", place=Place("porch", "frame", "dog")),
        replace(KEPT, id="b", place=Place("porch", "drive", "cat")),
        replace(KEPT, id="c", place=Place("barn", "frame", "cat")),
    ]
    ends = orphans(kept, {KEPT.place})
    assert [(end.id, end.seq, end.event_type, end.reason) for end in ends] == [(id_, 4, "end", EndReason.RULE_REMOVED) for id_ in "abc"]


def test_an_episode_of_another_camera_is_left_alone(stage: type[Stage]) -> None:
    scene = stage(kept=[replace(KEPT, place=Place("barn", "frame", "cat"))])
    assert scene.play("10 10") == ["0 OFF"]
