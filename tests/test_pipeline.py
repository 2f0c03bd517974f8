from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from monitor.classify.classifier import Classifier
from monitor.clock import ManualClock
from monitor.decide.decider import Event
from monitor.errors import ModelFaultError
from monitor.pipeline import Outcome, Pipeline
from monitor.rulebook import Rulebook
from monitor.values import (
    Alert,
    CameraEvent,
    CameraProblem,
    EndReason,
    EventType,
    Frame,
    GateReason,
    Moment,
    Need,
    OfflineReason,
    ProblemKind,
    Region,
    RuleState,
)
from tests.spine import BLUE, CARD, GREEN, GREY, ONE_CAMERA, PORCH_RED, RED, Colour, ColourEngine, frame, load_text, painted, pipeline_of

ZONED = """
cameras:
  porch: {source: demo, zones: {left: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}}
rules: [{label: red, zones: [frame, left]}]
"""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def watch(pipeline: Pipeline, clock: ManualClock, *colours: Colour, step: float = 0.2) -> list[Outcome]:
    """Show pictures one after the other, the first at once."""
    outcomes = []
    for seq, colour in enumerate(colours):
        outcomes.append(pipeline.look(frame(clock.now(), colour, seq=seq)))
        clock.advance(step)
    return outcomes


def events(outcomes: Sequence[Outcome]) -> list[Event]:
    return [event for outcome in outcomes for event in outcome.events]


def alerts(outcomes: Sequence[Outcome]) -> list[Alert]:
    return [event for event in events(outcomes) if isinstance(event, Alert)]


def test_frames_become_readings_and_events_with_the_time_of_the_frame(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    begun = clock.advance(3.0)
    first, second = watch(pipeline, clock, RED, RED)
    assert first.readings[0].rule == "red"
    assert first.readings[0].score > 0.99
    assert first.events == [CameraEvent("porch", begun.wall, online=True, reason=None, detail="")]
    state, alert = second.events
    assert isinstance(state, RuleState)
    assert isinstance(alert, Alert)
    assert (state.place, state.on, state.episode) == (PORCH_RED, True, alert.id)
    assert (alert.event_type, alert.seq, alert.time, alert.label) == (EventType.START, 0, begun.wall + 0.2, "red")


def test_a_look_takes_its_time_from_the_frame_and_not_from_when_it_is_looked_at(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    waiting = [frame(clock.advance(0.2), RED) for _ in range(2)]
    clock.advance(5.0)
    assert alerts([pipeline.look(each) for each in waiting])[0].time == waiting[1].at.wall


def test_a_frame_older_than_the_last_tick_is_judged_at_the_ticks_time(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    early = frame(clock.advance(1.0), RED)
    tick = clock.advance(0.3)
    pipeline.tick(tick, last_frame=early.at)
    pipeline.look(early)
    assert alerts([pipeline.look(frame(early.at, RED))])[0].time == tick.wall


def test_each_zone_of_a_rule_gets_its_own_reading_and_its_own_state(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path, ZONED), clock)
    outcomes = []
    for seq in range(2):
        image = painted(GREY, width=128)
        image[:, :64] = RED
        outcomes.append(pipeline.look(Frame("porch", seq, clock.advance(0.2), image)))
    scores = {reading.zone: reading.score for reading in outcomes[1].readings}
    assert scores["left"] > 0.99
    assert scores["frame"] < scores["left"]
    assert {alert.place.zone for alert in alerts(outcomes)} >= {"left"}


def test_zones_that_no_rule_names_are_not_looked_at(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path, ZONED.replace("[frame, left]", "[left]")), clock)
    assert [reading.zone for reading in watch(pipeline, clock, RED)[0].readings] == ["left"]


def test_a_camera_without_rules_still_gives_sightings_of_the_whole_picture(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path, "cameras: {porch: {source: demo}}"), clock)
    outcomes = watch(pipeline, clock, GREEN, GREEN)
    assert [outcome.readings for outcome in outcomes] == [[], []]
    (sighting,) = pipeline.close().sightings
    assert (sighting.label, sighting.zone, sighting.looks, sighting.model, sighting.episode) == ("green", "frame", 2, "colours", None)


def test_scores_that_are_no_numbers_are_a_fault_and_change_nothing(tmp_path: Path, clock: ManualClock) -> None:
    engine = ColourEngine()
    pipeline = pipeline_of(load_text(tmp_path), clock, engine=engine)
    watch(pipeline, clock, RED)
    states, seen = pipeline.decider.states, pipeline.seen
    engine.broken = True
    with pytest.raises(ModelFaultError, match="colours"):
        watch(pipeline, clock, RED)
    assert (pipeline.decider.states, pipeline.seen) == (states, seen)
    engine.broken = False
    assert [alert.event_type for alert in alerts(watch(pipeline, clock, RED))] == [EventType.START]
    (sighting,) = pipeline.close().sightings
    assert sighting.looks == 2


def test_a_sighting_carries_the_episode_that_its_label_belongs_to(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    (start,) = alerts(watch(pipeline, clock, RED, RED, RED))
    watch(pipeline, clock, BLUE)
    episodes = {sighting.label: sighting.episode for sighting in pipeline.close().sightings}
    assert episodes == {"red": start.id, "blue": None}


def test_sightings_are_over_when_nothing_was_seen_for_a_while_looks_or_not(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    watch(pipeline, clock, GREEN)
    assert not pipeline.tick(clock.advance(4.0)).sightings
    assert [sighting.label for sighting in pipeline.tick(clock.advance(2.0)).sightings] == ["green"]


def test_the_best_label_of_the_last_look_is_at_hand(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    watch(pipeline, clock, RED, BLUE)
    assert pipeline.seen
    assert (pipeline.seen.labels[0].label, pipeline.seen.labels[0].class_id) == ("blue", 2)


def test_a_stop_ends_no_episode(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    (start,) = alerts(watch(pipeline, clock, RED, RED))
    stopped = pipeline.close()
    assert not stopped.events
    assert [episode.id for episode in stopped.open_episodes] == [start.id]


def test_what_was_open_at_the_stop_goes_on_at_the_next_start_without_an_alert(tmp_path: Path, clock: ManualClock) -> None:
    loaded = load_text(tmp_path)
    before = pipeline_of(loaded, clock)
    watch(before, clock, RED, RED)
    kept = before.close().open_episodes
    clock.advance(30.0)
    told = watch(pipeline_of(loaded, clock, kept=kept), clock, RED, RED)
    assert not alerts(told)
    assert [episode.id for episode in told[-1].open_episodes] == [kept[0].id]


def test_the_open_episodes_are_told_with_every_outcome(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    first, second = watch(pipeline, clock, RED, RED)
    assert (len(first.open_episodes), len(second.open_episodes)) == (0, 1)
    gone = pipeline.tick(clock.advance(61.0))
    assert [alert.reason for alert in alerts([gone])] == [EndReason.CAMERA_LOST]
    assert not gone.open_episodes


def test_a_link_that_is_down_lends_its_reason_when_the_camera_is_silent_for_long(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    watch(pipeline, clock, GREY)
    assert not pipeline.tick(clock.advance(5.0), None, OfflineReason.AUTH_FAILED, "401").events
    (away, _) = pipeline.tick(clock.advance(5.0), None, OfflineReason.AUTH_FAILED, "401").events
    assert isinstance(away, CameraEvent)
    assert (away.online, away.reason, away.detail) == (False, OfflineReason.AUTH_FAILED, "401")


def test_frames_that_are_not_looked_at_keep_the_camera_online(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    watch(pipeline, clock, GREY)
    for _ in range(30):
        now = clock.advance(1.0)
        assert not pipeline.tick(now, last_frame=now, reason=OfflineReason.LOST).events


def test_the_same_frames_give_the_same_events(tmp_path: Path, clock: ManualClock) -> None:
    loaded = load_text(tmp_path, ONE_CAMERA.replace("label: red", "label: red, hold: 1s, cooldown: 2s"))
    dice = random.Random(7)
    shown = [colour for _ in range(30) for colour in [dice.choice([RED, GREY])] * dice.randint(1, 20)]
    runs = []
    for _ in range(2):
        clock = ManualClock()
        pipeline = pipeline_of(loaded, clock)
        outcomes = watch(pipeline, clock, *shown)
        runs.append((events(outcomes), [sighting for outcome in outcomes for sighting in outcome.sightings]))
    assert runs[0] == runs[1]
    kinds = [alert.event_type for alert in alerts(outcomes)]
    assert kinds.count(EventType.START) > 1
    assert kinds.count(EventType.END) > 1


def test_the_picture_of_an_outcome_is_the_frame_that_was_looked_at(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    shown = frame(clock.now(), BLUE)
    outcome = pipeline.look(shown)
    assert outcome.picture is shown.image
    assert pipeline.tick(Moment(clock.now().mono + 1, clock.now().wall + 1)).picture is None
    assert np.array_equal(shown.image, painted(BLUE))


def test_detection_switched_off_ends_what_runs_and_hands_over_what_was_seen(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    watch(pipeline, clock, RED, RED)
    off = pipeline.set_detect(False, clock.now())
    assert [alert.reason for alert in alerts([off])] == [EndReason.DETECT_OFF]
    assert [event.on for event in off.events if isinstance(event, RuleState)] == [None]
    assert [sighting.label for sighting in off.sightings] == ["red"]
    assert not off.open_episodes
    assert (pipeline.detect, pipeline.seen) == (False, None)


def test_detection_that_is_off_leaves_the_camera_online_as_long_as_frames_come(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    watch(pipeline, clock, GREY)
    pipeline.set_detect(False, clock.now())
    for _ in range(30):
        now = clock.advance(1.0)
        assert not pipeline.tick(now, last_frame=now).events
    assert [event.online for event in pipeline.tick(clock.advance(10.0)).events if isinstance(event, CameraEvent)] == [False]


def test_detection_switched_on_again_lets_new_looks_settle_the_states(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    watch(pipeline, clock, RED, RED)
    pipeline.set_detect(False, clock.now())
    assert not pipeline.set_detect(True, clock.advance(5.0)).events
    assert [state.on for state in pipeline.decider.states] == [None]
    first, second = watch(pipeline, clock, RED, RED)
    assert not alerts([first])
    assert [alert.event_type for alert in alerts([second])] == [EventType.START]


def test_a_threshold_that_was_moved_is_in_force_and_shown_until_it_is_taken_back(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path, ONE_CAMERA.replace("label: red", "label: red, threshold: 0.3")), clock)
    assert pipeline.thresholds == {"red": 0.3}
    pipeline.set_threshold("red", 0.9)
    assert pipeline.thresholds == {"red": 0.9}
    assert not alerts(watch(pipeline, clock, GREY, GREY))
    pipeline.set_threshold("red", None)
    assert pipeline.thresholds == {"red": 0.3}
    assert [alert.event_type for alert in alerts(watch(pipeline, clock, GREY, GREY))] == [EventType.START]


@pytest.mark.parametrize(("rule", "value"), [("red", 0.0), ("red", 1.5), ("red", float("nan")), ("bird", 0.5)])
def test_a_threshold_that_cannot_be_is_refused_and_nothing_changes(tmp_path: Path, clock: ManualClock, rule: str, value: float) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    with pytest.raises(ValueError, match=rule):
        pipeline.set_threshold(rule, value)
    assert pipeline.thresholds == {"red": 0.5}


def test_what_was_set_against_the_configuration_holds_from_the_start(tmp_path: Path, clock: ManualClock) -> None:
    loaded = load_text(tmp_path)
    parts = ("porch", loaded.config, Classifier(CARD, ColourEngine()), Rulebook(loaded, CARD), clock.now())
    pipeline = Pipeline(*parts, detect=False, thresholds={"red": 0.25, "a rule of yore": 0.7})
    assert not pipeline.detect
    assert pipeline.thresholds == {"red": 0.25}


def test_a_snapshot_tells_nothing_else(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    outcome = pipeline.photograph(frame(clock.now(), RED))
    assert outcome.snapshot is not None
    assert (outcome.snapshot == RED).all()
    assert (outcome.picture, outcome.events, outcome.sightings, outcome.readings) == (None, [], [], ())


def test_a_snapshot_forgets_no_open_episode(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    watch(pipeline, clock, RED, RED)
    assert len(pipeline.photograph(frame(clock.now(), RED)).open_episodes) == 1


def test_classifying_a_picture_is_no_look(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path, ZONED.replace("[frame, left]", "[left]")), clock)
    states = pipeline.decider.states
    image = painted(GREEN, width=128)
    image[:, :32] = RED  # the zone is red; the square in the middle of the picture is not
    best, *others = pipeline.classify(Frame("porch", 0, clock.now(), image))
    assert (best.label, len(others)) == ("green", 2)
    assert (pipeline.decider.states, pipeline.decider.availability, pipeline.seen) == (states, None, None)
    assert not pipeline.close().sightings


def test_the_squares_of_a_frame_are_those_of_the_zones_that_rules_name(tmp_path: Path, clock: ManualClock) -> None:
    text = ZONED.replace("zones: {", "view: centre, zones: {unused: [[0, 0], [1, 0], [1, 1]], ")
    pipeline = pipeline_of(load_text(tmp_path, text), clock)
    shown = frame(clock.now(), RED)
    whole, left = pipeline.squares(shown)
    assert whole.image is shown.image
    assert left.image is shown.image
    assert whole.box is None
    assert left.box == (0, 0, 64, 64)


def test_squares_that_are_classified_elsewhere_mean_the_same_as_a_look(tmp_path: Path, clock: ManualClock) -> None:
    loaded = load_text(tmp_path, ZONED)
    once, apart = pipeline_of(loaded, clock), pipeline_of(loaded, clock)
    looked = once.look(frame(clock.now(), RED))
    shown = frame(clock.now(), RED)
    scores = np.concatenate([apart._classifier.classify([square]) for square in apart.squares(shown)])
    assert apart.conclude(shown, scores).readings == looked.readings


WIDE = Region(0.0, 0.4, 0.1, 0.2), Region(0.85, 0.4, 0.1, 0.2)
"""Something that moves at the left edge, and at the right one."""


def yard(
    clock: ManualClock,
    left: Colour = GREY,
    middle: Colour = GREY,
    right: Colour = GREY,
    moves: Region | None = None,
    reason: GateReason = GateReason.MOVEMENT,
) -> Frame:
    """A picture of 1280 x 720 with a thing on the left, one in the middle and one on the right."""
    image = painted(GREY, 1280, 720)
    image[200:520, :224], image[200:520, 500:780], image[200:520, 1056:] = left, middle, right
    return Frame("porch", 0, clock.advance(0.2), image, reason, moves)


def test_a_thing_at_the_edge_is_seen_where_it_moves_and_stays_seen_where_it_stands_still(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    assert pipeline.look(yard(clock, left=RED)).readings[0].score < 0.5
    pipeline.look(yard(clock, left=RED, moves=WIDE[0]))
    for _ in range(3):
        assert pipeline.look(yard(clock, left=RED)).readings[0].score > 0.9
    assert [alert.event_type for alert in alerts([pipeline.look(yard(clock, left=RED))])] == []
    assert pipeline.decider.states[0].on


def test_with_the_centre_or_all_of_the_picture_in_view_what_moves_makes_no_difference(tmp_path: Path, clock: ManualClock) -> None:
    for view in ("centre", "letterbox"):
        pipeline = pipeline_of(load_text(tmp_path, ONE_CAMERA.replace("demo", f"demo, view: {view}")), clock)
        assert pipeline.look(yard(clock, left=RED, moves=WIDE[0])).readings[0].score < 0.5


def test_once_a_thing_is_gone_its_place_is_not_looked_at_any_more(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path, ONE_CAMERA.replace("label: red", "label: red, hold: 1s")), clock)
    centre = pipeline.squares(yard(clock))[0].box
    for _ in range(3):
        pipeline.look(yard(clock, left=RED, moves=WIDE[0]))
    for _ in range(7):
        pipeline.look(yard(clock))
    assert pipeline.decider.states[0].on is False
    assert pipeline.squares(yard(clock))[0].box == centre


def test_of_a_new_scene_all_is_looked_at_from_one_end_to_the_other(tmp_path: Path, clock: ManualClock) -> None:
    text = "cameras: {porch: {source: demo}}\nrules: [{label: red, threshold: 0.4}, {label: green, threshold: 0.4}]\n"
    for reason, seen in ((GateReason.CHANGE, True), (GateReason.START, True), (GateReason.RECHECK, False)):
        pipeline = pipeline_of(load_text(tmp_path, text), clock)
        for _ in range(2):
            pipeline.look(yard(clock, left=RED, right=GREEN, reason=reason))
        assert [state.on for state in pipeline.decider.states] == [seen, seen]


def test_two_things_in_two_places_are_both_seen(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path, "cameras: {porch: {source: demo}}\nrules: [{label: red}, {label: green}]\n"), clock)
    for _ in range(2):
        pipeline.look(yard(clock, left=RED, moves=WIDE[0]))
    found = [pipeline.look(yard(clock, left=RED, right=GREEN, moves=WIDE[1])) for _ in range(2)]
    assert [alert.place.rule for alert in alerts(found)] == ["green"]
    still = pipeline.look(yard(clock, left=RED, right=GREEN))
    assert all(reading.score > 0.9 for reading in still.readings)
    assert [state.on for state in pipeline.decider.states] == [True, True]


def test_the_sightings_of_a_zone_are_those_of_all_its_squares(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    for _ in range(2):
        pipeline.look(yard(clock, left=RED, moves=WIDE[0]))
    pipeline.look(yard(clock, left=RED, right=GREEN, moves=WIDE[1]))
    assert {sighting.label for sighting in pipeline.close().sightings} == {"red", "green"}


def test_it_says_which_frames_are_worth_a_look(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    needs = [pipeline.need]
    for colour in (GREY, RED, RED):
        watch(pipeline, clock, colour)
        needs.append(pipeline.need)
    assert needs == [Need.LOOK, Need.MOVEMENT, Need.LOOK, Need.MOVEMENT], "unknown, off, a run has begun, on"
    pipeline.set_detect(False, clock.now())
    assert pipeline.need is Need.NOTHING


def test_while_pictures_cannot_be_trusted_nothing_is_looked_at(tmp_path: Path, clock: ManualClock) -> None:
    pipeline = pipeline_of(load_text(tmp_path), clock)
    watch(pipeline, clock, RED, RED)
    told = pipeline.set_problem(ProblemKind.COVERED, "no detail left", clock.now())
    problem, state = told.events
    assert problem == CameraProblem("porch", clock.now().wall, ProblemKind.COVERED, "no detail left")
    assert isinstance(state, RuleState)
    assert state.on is None
    assert (pipeline.problem, pipeline.looking) == (ProblemKind.COVERED, False)
    pipeline.set_problem(None, "", clock.now())
    assert (pipeline.problem, pipeline.looking) == (None, True)
