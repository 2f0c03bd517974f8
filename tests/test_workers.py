"""The classify thread's work, stepped by hand, with captures that play scripts."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from monitor.camera.state import LinkState
from monitor.errands import Photograph
from monitor.pipeline import Outcome
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.values import Alert, CameraEvent, CameraProblem, EndReason, EventType, Need, OfflineReason, ProblemKind, RuleState
from monitor.workers import TICK, Lane, announce
from tests.lanes import Bench, Raced
from tests.spine import GREY, PORCH_RED, RED, an_alert


@pytest.fixture
def porch(tmp_path: Path) -> Bench:
    return Bench(tmp_path, "porch")


def test_frames_that_wait_are_looked_at_one_a_step_and_then_it_rests(porch: Bench) -> None:
    porch.put("porch", RED, RED)
    assert porch.step() == 0.0
    assert porch.looked_at() == ["porch"]
    assert porch.step() == 0.0
    assert porch.looked_at() == ["porch", "porch"]
    assert porch.step() == TICK


def test_cameras_take_turns_however_many_frames_one_of_them_has(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "porch", "yard", "hall")
    bench.put("porch", *[GREY] * 5)
    bench.put("yard", *[GREY] * 2)
    bench.put("hall", GREY)
    for _ in range(8):
        assert bench.step() == 0.0
    looked_at = bench.looked_at()
    assert sorted(looked_at[:3]) == ["hall", "porch", "yard"]
    assert looked_at[3:] == ["porch", "yard", "porch", "porch", "porch"]


def test_a_camera_that_is_busy_does_not_keep_time_from_passing_for_one_that_is_silent(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "porch", "yard")
    bench.put("yard", RED)
    while bench.step() == 0.0:
        pass
    for _ in range(110):
        bench.put("porch", GREY)
        bench.step()
    gone = [event for event in bench.events() if isinstance(event, CameraEvent) and not event.online]
    assert [(event.camera, event.reason) for event in gone] == [("yard", OfflineReason.LOST)]


def test_a_camera_without_frames_is_ticked_twice_a_second_and_not_at_every_step(porch: Bench) -> None:
    for _ in range(50):
        porch.step(0.1)
    assert 8 <= len(porch.outcomes) <= 12


def test_a_silent_camera_is_offline_after_ten_seconds_with_the_reason_of_its_link(porch: Bench) -> None:
    porch.put("porch", RED, RED)
    while porch.step() == 0.0:
        pass
    for _ in range(130):
        porch.step(TICK)
    told = porch.events()
    (gone,) = (event for event in told if isinstance(event, CameraEvent) and not event.online)
    assert gone.reason is OfflineReason.LOST
    ends = [(event.reason, event.duration) for event in told if isinstance(event, Alert) and event.reason]
    assert [reason for reason, _ in ends] == [EndReason.CAMERA_LOST]


def test_the_last_frame_of_a_file_is_looked_at_before_its_end_is_told(porch: Bench) -> None:
    lane = porch.lanes["porch"]

    def play_to_the_end() -> None:
        while lane.capture.link.state is not LinkState.ENDED:
            lane.capture.step(porch.clock.now())

    assert isinstance(lane.mailbox, Raced)
    lane.mailbox.meanwhile = play_to_the_end
    porch.clock.advance(1.0)
    porch.step()
    assert porch.events() == []
    porch.step(TICK)
    porch.step(TICK)
    assert [event.online for event in porch.events() if isinstance(event, CameraEvent)] == [True, False]
    assert [event.reason for event in porch.events() if isinstance(event, CameraEvent)] == [None, OfflineReason.ENDED]
    assert porch.looked_at() == ["porch"]


def test_a_frame_that_was_not_decoded_keeps_its_camera_online(porch: Bench) -> None:
    lane = porch.lanes["porch"]
    for _ in range(40):
        lane.capture.last_frame = porch.clock.advance(TICK).mono - 0.05
        porch.step()
    assert [event.online for event in porch.events() if isinstance(event, CameraEvent)] == [True]


def test_a_model_fault_is_counted_and_the_next_frame_goes_on(porch: Bench, caplog: pytest.LogCaptureFixture) -> None:
    lane = porch.lanes["porch"]
    porch.put("porch", RED, RED, RED)
    porch.engine.broken = True
    assert porch.step() == 0.0
    porch.engine.broken = False
    porch.step()
    porch.step()
    assert (lane.faults, lane.looks) == (1, 2)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "colours gave NaN" in caplog.text
    (start,) = (event for event in porch.events() if isinstance(event, Alert))
    assert start.event_type is EventType.START


def test_a_camera_whose_every_look_fails_is_online_and_shows_nothing(porch: Bench) -> None:
    porch.engine.broken = True
    for _ in range(130):
        porch.put("porch", RED)
        porch.step(0.4)
    assert [event.online for event in porch.events() if isinstance(event, CameraEvent)] == [True]
    assert not [event for event in porch.events() if not isinstance(event, CameraEvent)]


@pytest.mark.parametrize(("together", "calls"), [(1, [1, 1, 1]), (2, [2, 1]), (8, [3])])
def test_frames_that_wait_from_several_cameras_share_a_call_where_that_is_faster(tmp_path: Path, together: int, calls: list[int]) -> None:
    bench = Bench(tmp_path, "front", "porch", "yard")
    bench.classifier.together = together
    for camera in bench.lanes:
        bench.put(camera, RED)
    while bench.step() == 0.0:
        pass
    assert bench.engine.calls == calls
    assert {name: lane.looks for name, lane in bench.lanes.items()} == {"front": 1, "porch": 1, "yard": 1}
    looked = [outcome for outcome in bench.outcomes if outcome.picture is not None]
    assert [outcome.camera for outcome in looked] == ["front", "porch", "yard"]
    assert all(outcome.readings[0].score > 0.9 for outcome in looked)


def test_a_frame_is_not_kept_waiting_for_company(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "front", "porch")
    bench.classifier.together = 2
    bench.put("porch", RED, RED)
    bench.step()
    assert bench.lanes["porch"].looks == 1


def test_a_model_fault_in_a_shared_call_keeps_every_camera_online(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "front", "porch")
    bench.classifier.together, bench.engine.broken = 2, True
    for camera in bench.lanes:
        bench.put(camera, RED)
    bench.step()
    assert [lane.faults for lane in bench.lanes.values()] == [1, 1]
    assert {event.camera for event in bench.events() if isinstance(event, CameraEvent) and event.online} == {"front", "porch"}


def test_a_camera_whose_detection_is_off_is_not_looked_at_and_stays_online(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "front", "porch")
    bench.put("porch", GREY)
    bench.step()
    bench.lanes["porch"].pipeline.set_detect(False, bench.clock.now())
    looks = len(bench.engine.calls)
    for _ in range(30):
        bench.put("porch", RED)
        bench.step(0.9)
    assert len(bench.engine.calls) == looks
    assert bench.lanes["porch"].looks == 1
    assert [event.online for event in bench.events() if isinstance(event, CameraEvent) and event.camera == "porch"] == [True]


def test_a_camera_whose_detection_is_off_goes_offline_when_it_falls_silent(porch: Bench) -> None:
    porch.lanes["porch"].pipeline.set_detect(False, porch.clock.now())
    porch.put("porch", RED)
    porch.step()
    for _ in range(22):
        porch.step(TICK)
    assert [event.online for event in porch.events() if isinstance(event, CameraEvent)] == [True, False]


def test_a_camera_whose_detection_is_off_keeps_none_from_being_looked_at(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "front", "porch")
    bench.classifier.together = 2
    bench.lanes["front"].pipeline.set_detect(False, bench.clock.now())
    for camera in bench.lanes:
        bench.put(camera, RED)
    assert bench.step() == 0.0
    assert bench.looked_at() == ["porch"]
    assert bench.engine.calls == [1]


def test_the_lane_counts_what_the_figures_need(porch: Bench) -> None:
    porch.put("porch", RED, GREY)
    porch.clock.advance(0.5)
    porch.step()
    porch.step()
    totals = porch.lanes["porch"].totals()
    assert totals.looks == 2
    assert totals.frame_age == pytest.approx(0.5 + 0.6)
    assert totals.inference > 0
    assert (totals.frames, totals.skipped, totals.dropped) == (0, 0, 0)


def test_frames_that_the_mailbox_pushed_out_are_counted(porch: Bench) -> None:
    porch.put("porch", *[RED] * 13)
    assert porch.lanes["porch"].totals().dropped == 3


def test_closing_hands_over_the_open_sightings_and_ends_nothing(porch: Bench) -> None:
    porch.put("porch", RED, RED)
    while porch.step() == 0.0:
        pass
    before = porch.events()
    porch.classifying.close()
    assert [sighting.label for sighting in porch.outcomes[-1].sightings] == ["red"]
    assert len(porch.outcomes[-1].open_episodes) == 1
    assert porch.events() == before


ONLINE = CameraEvent("porch", 1.7e9, online=True, reason=None, detail="")
OFFLINE = CameraEvent("porch", 1.7e9, online=False, reason=OfflineReason.LOST, detail="no answer")
ON = RuleState(PORCH_RED, on=True, score=0.9, label="red", since=1.7e9, episode="e1")


def told(voice: Voice) -> list[str]:
    """The topics on which there is something to say."""
    topics = []
    while (message := voice.latest.next()) is not None:
        topics.append(message[0])
        voice.latest.told(*message)
    return topics


def test_states_and_availability_go_to_the_broker_at_once_and_alerts_do_not(caplog: pytest.LogCaptureFixture) -> None:
    voice = Voice(Topics("B"), wake=lambda: None)
    told(voice)
    with caplog.at_level(logging.INFO):
        announce(Outcome("porch", [ONLINE, ON, an_alert()]), voice)
    assert told(voice) == ["B/porch/availability", "B/porch/red"]
    assert [record.message for record in caplog.records] == ["porch: red start (red 0.90)"]


def test_a_camera_that_went_is_said_in_the_log_with_and_without_a_broker(caplog: pytest.LogCaptureFixture) -> None:
    announce(Outcome("porch", [OFFLINE, ON]), None)
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.WARNING, "porch: offline (lost); its states are unknown")
    ]


class Doubtful:
    """A watch that has its doubts about a camera's pictures."""

    problem: ProblemKind | None = None
    detail = "in words"


def test_pictures_that_cannot_be_trusted_are_told_and_not_looked_at(porch: Bench) -> None:
    lane = porch.lanes["porch"]
    doubtful = lane.capture.eye.watch = Doubtful()  # type: ignore[assignment]  # it is only asked for these two
    porch.put("porch", RED, RED)
    porch.step()
    porch.step()
    doubtful.problem = ProblemKind.FROZEN
    porch.put("porch", RED)
    porch.step()
    porch.step(1.0)
    assert porch.looked_at() == ["porch"] * 2
    told = [event for event in porch.events() if isinstance(event, CameraProblem)]
    assert [(event.kind, event.detail) for event in told] == [(ProblemKind.FROZEN, "in words")]
    assert [event.online for event in porch.events() if isinstance(event, CameraEvent)] == [True, False]
    doubtful.problem = None
    porch.put("porch", RED)
    porch.step()
    assert porch.looked_at() == ["porch"] * 3


def test_a_lane_needs_a_picture_when_somebody_asks_for_one(porch: Bench) -> None:
    lane = porch.lanes["porch"]
    assert lane.capture.eye.need() is Need.LOOK
    porch.put("porch", GREY)
    porch.step()
    assert lane.capture.eye.need() is Need.MOVEMENT
    lane.ask(Photograph(lambda _: None))
    assert lane.capture.eye.need() is Need.PICTURE
    porch.put("porch", GREY)
    porch.step()
    assert lane.capture.eye.need() is Need.MOVEMENT


def test_lanes_are_exchanged_between_two_steps(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "porch", "yard")
    seen: list[list[Lane]] = []

    def change(lanes: list[Lane]) -> list[Lane]:
        seen.append(lanes)
        return [bench.lanes["yard"]]

    bench.classifying.change(change)
    assert not seen
    bench.put("porch", RED)
    bench.put("yard", RED)
    while bench.step() == 0.0:
        pass
    assert sorted(lane.capture.name for lane in seen[0]) == ["porch", "yard"]
    assert bench.looked_at() == ["yard"]
    bench.step()
    assert len(seen) == 1


def test_a_problem_is_told_to_the_log_and_the_broker(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    voice = Voice(Topics("monitor"), lambda: None)

    def told(voice: Voice) -> bytes:
        while (message := voice.latest.next()) is not None and message[0] != "monitor/porch/problem":
            voice.latest.told(*message)
        assert message
        return message[1]

    announce(Outcome("porch", [CameraProblem("porch", 1.0, ProblemKind.COVERED, "no detail left")]), voice)
    assert told(voice) == b'{"state":"ON","kind":"covered"}'
    announce(Outcome("porch", [CameraProblem("porch", 2.0, None, "")]), voice)
    assert told(voice) == b'{"state":"OFF","kind":null}'
    assert [record.getMessage() for record in caplog.records] == [
        "porch: its picture is covered: no detail left",
        "porch: its picture is well again",
    ]
