"""Several rules and zones of one camera, faults, and ids."""

from __future__ import annotations

import math
import re

import pytest

from monitor.clock import ManualClock
from monitor.decide.decider import CameraDecider
from monitor.decide.episode import episode_id
from monitor.decide.rule import Reading, Rule
from monitor.errors import ModelFaultError
from monitor.values import Alert, CameraEvent, Place, RuleState

CAT = Rule("cat", "cat", 0.5, 0.35, looks=1, zones=("frame", "drive"))
DOG = Rule("dog", "dog", 0.5, 0.35, looks=1)


def decider(clock: ManualClock) -> CameraDecider:
    return CameraDecider("porch", [CAT, DOG], clock.now())


def test_each_zone_of_a_rule_has_an_episode_of_its_own() -> None:
    clock = ManualClock()
    camera = decider(clock)
    events = camera.look(clock.now(), [Reading("frame", "cat", 0.9, "tabby"), Reading("drive", "cat", 0.8, "tabby")])
    starts = [event for event in events if isinstance(event, Alert)]
    assert [start.place.zone for start in starts] == ["frame", "drive"]
    assert starts[0].id != starts[1].id
    assert camera.running("drive") == {"cat": starts[1].id}
    assert camera.running("frame") == {"cat": starts[0].id}


def test_a_rule_that_was_not_looked_at_does_not_change() -> None:
    clock = ManualClock()
    camera = decider(clock)
    camera.look(clock.now(), [Reading("frame", "cat", 0.9, "tabby")])
    assert [state.on for state in camera.states] == [True, None, None]


def test_rules_speak_in_the_order_of_the_configuration() -> None:
    clock = ManualClock()
    readings = [Reading("frame", "dog", 0.9, "pug"), Reading("drive", "cat", 0.9, "tabby"), Reading("frame", "cat", 0.9, "tabby")]
    events = decider(clock).look(clock.now(), readings)
    assert [(e.place.rule, e.place.zone) for e in events if isinstance(e, RuleState)] == [
        ("cat", "frame"),
        ("cat", "drive"),
        ("dog", "frame"),
    ]


@pytest.mark.parametrize("fault", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_none_changes_nothing(fault: float) -> None:
    clock = ManualClock()
    camera, twin = decider(clock), decider(clock)
    for one in (camera, twin):
        one.look(clock.now(), [Reading("frame", "cat", 0.9, "tabby")])
    later = clock.advance(30)
    with pytest.raises(ModelFaultError, match="camera porch"):
        camera.look(later, [Reading("frame", "cat", 0.1, "tabby"), Reading("frame", "dog", fault, "pug")])
    assert camera.states == twin.states
    assert camera.open_episodes() == twin.open_episodes()
    assert camera.availability == twin.availability
    # What comes after goes as if the look had never been.
    clock.advance(1)
    good = [Reading("frame", "cat", 0.1, "tabby"), Reading("frame", "dog", 0.7, "pug")]
    assert camera.look(clock.now(), good) == twin.look(clock.now(), good)


def test_a_reading_of_a_rule_that_is_not_there_is_a_bug_and_says_so() -> None:
    clock = ManualClock()
    with pytest.raises(ValueError, match="no such rule"):
        decider(clock).look(clock.now(), [Reading("garden", "cat", 0.9, "tabby")])


def test_a_threshold_moves_in_all_zones_and_for_no_other_rule() -> None:
    clock = ManualClock()
    camera = decider(clock)
    camera.set_threshold("cat", 0.95)
    readings = [Reading("frame", "cat", 0.9, "tabby"), Reading("drive", "cat", 0.9, "tabby"), Reading("frame", "dog", 0.9, "pug")]
    camera.look(clock.now(), readings)
    assert [state.on for state in camera.states] == [False, False, True]


def test_an_impossible_threshold_is_refused_and_changes_nothing() -> None:
    clock = ManualClock()
    camera = decider(clock)
    with pytest.raises(ValueError, match="threshold"):
        camera.set_threshold("cat", 1.5)
    camera.look(clock.now(), [Reading("frame", "cat", 0.5, "tabby")])
    assert any(state.on for state in camera.states)


@pytest.mark.parametrize("last", [None, 0.5])
def test_a_threshold_goes_back_to_the_configured_one_exactly_however_it_was_moved(last: float | None) -> None:
    clock = ManualClock()
    camera = decider(clock)
    for threshold in (0.9, 0.07, 1e-323, 1.0):
        camera.set_threshold("cat", threshold)
    assert camera.thresholds == {"cat": 1.0, "dog": 0.5}
    camera.set_threshold("cat", last)
    assert camera.thresholds == {"cat": 0.5, "dog": 0.5}
    camera.look(clock.now(), [Reading("frame", "cat", 0.5, "tabby")])
    camera.look(clock.advance(1), [Reading("frame", "cat", 0.35, "tabby")])  # the configured release
    camera.tick(clock.advance(6))
    assert any(state.on for state in camera.states)


def test_a_threshold_of_a_rule_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="porch has no rule bird"):
        decider(ManualClock()).set_threshold("bird", 0.9)


def test_a_camera_whose_detection_is_off_from_the_start_is_there_and_says_nothing_of_its_rules() -> None:
    clock = ManualClock()
    camera = CameraDecider("porch", [CAT], clock.now(), detect=False)
    assert [type(event) for event in camera.look(clock.now(), [Reading("frame", "cat", 0.9, "tabby")])] == [CameraEvent]
    assert (camera.detect, camera.between_states) == (False, False)
    camera.set_detect(True, clock.now())
    camera.look(clock.advance(1), [Reading("frame", "cat", 0.9, "tabby")])
    assert (camera.detect, any(state.on for state in camera.states)) == (True, True)


def test_a_camera_without_rules_is_still_there_or_not() -> None:
    clock = ManualClock()
    camera = CameraDecider("porch", [], clock.now())
    assert len(camera.look(clock.now(), [])) == 1
    assert not camera.between_states
    assert len(camera.tick(clock.advance(100))) == 1


def test_an_id_tells_the_start_and_fits_a_url() -> None:
    place = Place("porch", "frame", "cat")
    name = episode_id(place, 1_795_318_200.123)
    assert name.startswith("20261122t033000123z-")
    assert re.fullmatch(r"[a-z0-9]+-[0-9a-f]{6}", name)
    assert name == episode_id(place, 1_795_318_200.123)


def test_ids_sort_by_start_and_differ_by_place() -> None:
    starts = [1_700_000_000.0, 1_700_000_000.001, 1_700_000_001.0, 1_795_318_200.123]
    ids = [episode_id(Place("porch", "frame", "cat"), start) for start in starts]
    assert ids == sorted(ids)
    places = [Place("porch", "frame", "cat"), Place("porch", "frame", "dog"), Place("porch", "drive", "cat"), Place("barn", "frame", "cat")]
    assert len({episode_id(place, 0.0) for place in places}) == 4
