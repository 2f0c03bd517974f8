"""What is asked of cameras while they run, done by the classify thread's steps."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.errands import PATIENCE, ROOM, Classification, Classify, Errand, Photograph, SetDetect, SetThreshold
from monitor.pipeline import Outcome
from monitor.values import Alert, EndReason, Image
from monitor.workers import TICK
from tests.lanes import Bench
from tests.spine import GREEN, GREY, RED

CAMERAS = [f"camera{number}" for number in range(8)]


@dataclass
class Asker:
    """Asks, and keeps the answers."""

    bench: Bench
    answers: list[Classification | str | None] = field(default_factory=list)

    def ask(self, camera: str, errand: Errand) -> None:
        assert self.bench.lanes[camera].ask(errand)

    def switch(self, camera: str, *, on: bool) -> None:
        self.ask(camera, SetDetect(on, self.answers.append))

    def photograph(self, camera: str) -> None:
        self.ask(camera, Photograph(self.answers.append))

    def classify(self, camera: str) -> None:
        self.ask(camera, Classify(self.answers.append))


@pytest.fixture
def porch(tmp_path: Path) -> Bench:
    return Bench(tmp_path, "porch")


@pytest.fixture
def asker(porch: Bench) -> Asker:
    return Asker(porch)


def snapshots(bench: Bench) -> list[Image]:
    return [outcome.snapshot for outcome in bench.outcomes if outcome.snapshot is not None]


def reasons(bench: Bench) -> list[EndReason]:
    return [event.reason for event in bench.events() if isinstance(event, Alert) and event.reason]


def test_an_errand_wakes_the_thread_that_does_it(porch: Bench, asker: Asker) -> None:
    signal = porch.lanes["porch"].mailbox.signal
    signal.clear()
    asker.switch("porch", on=False)
    assert signal.is_set()


def test_detection_is_switched_without_a_frame(porch: Bench, asker: Asker) -> None:
    porch.put("porch", RED, RED)
    porch.step()
    porch.step()
    before = [lane.pipeline.detect for lane in porch.lanes.values()]
    asker.switch("porch", on=False)
    assert [lane.pipeline.detect for lane in porch.lanes.values()] == before  # nothing is done on the thread of whoever asks
    porch.step()
    assert asker.answers == [None]
    assert not porch.lanes["porch"].pipeline.detect
    assert reasons(porch) == [EndReason.DETECT_OFF]


def test_switches_are_thrown_in_the_order_in_which_they_were_asked_for(porch: Bench, asker: Asker) -> None:
    for on in (False, True, False, True):
        asker.switch("porch", on=on)
    porch.step()
    assert porch.lanes["porch"].pipeline.detect
    assert len(asker.answers) == 4


def test_frames_that_wait_when_detection_is_switched_off_are_not_looked_at(porch: Bench, asker: Asker) -> None:
    porch.put("porch", RED, RED)
    asker.switch("porch", on=False)
    while porch.step() == 0.0:
        pass
    assert not porch.engine.calls


def test_a_threshold_is_set_and_taken_back(porch: Bench, asker: Asker) -> None:
    pipeline = porch.lanes["porch"].pipeline
    asker.ask("porch", SetThreshold("red", 0.9, asker.answers.append))
    porch.step()
    assert pipeline.thresholds == {"red": 0.9}
    asker.ask("porch", SetThreshold("red", None, asker.answers.append))
    porch.step()
    assert pipeline.thresholds == {"red": 0.5}
    assert asker.answers == [None, None]


def test_a_snapshot_is_the_next_picture_and_no_alert_s(porch: Bench, asker: Asker) -> None:
    asker.photograph("porch")
    assert porch.step() == TICK
    assert not asker.answers
    porch.put("porch", GREEN, RED)
    porch.step()
    porch.step()
    (picture,) = snapshots(porch)
    assert (picture == GREEN).all()
    assert asker.answers == [None]
    assert porch.looked_at() == ["porch", "porch"]


def test_the_whole_picture_is_classified_once_for_all_who_ask_and_that_is_no_look(porch: Bench, asker: Asker) -> None:
    porch.lanes["porch"].pipeline.set_detect(False, porch.clock.now())
    asker.classify("porch")
    asker.classify("porch")
    porch.put("porch", GREEN)
    porch.step()
    first, second = asker.answers
    assert first is second
    assert isinstance(first, Classification)
    assert first.predictions[0].label == "green"
    assert first.elapsed_ms > 0
    assert porch.engine.calls == [1]
    assert porch.lanes["porch"].looks == 0
    assert not [row for outcome in porch.outcomes for row in (*outcome.sightings, *outcome.readings)]


def test_an_errand_for_a_camera_that_gives_no_frames_is_answered_after_ten_seconds(porch: Bench, asker: Asker) -> None:
    asker.photograph("porch")
    porch.step()
    porch.clock.advance(5.0)
    asker.classify("porch")
    porch.step()
    porch.step(PATIENCE - 5.1)
    assert not asker.answers
    porch.step(0.1)
    assert asker.answers == ["no picture came from porch in 10 s"]
    porch.step(5.0)
    assert asker.answers == ["no picture came from porch in 10 s"] * 2
    porch.put("porch", RED)
    porch.step()
    assert not snapshots(porch)
    assert len(asker.answers) == 2


def test_more_errands_than_there_is_room_for_are_refused_until_some_are_done(porch: Bench, asker: Asker) -> None:
    for _ in range(ROOM):
        asker.photograph("porch")
    lane = porch.lanes["porch"]
    assert not lane.ask(SetDetect(False, asker.answers.append))
    porch.step()
    assert not lane.ask(SetDetect(False, asker.answers.append))
    porch.put("porch", RED)
    porch.step()
    assert asker.answers == [None] * ROOM
    assert len(snapshots(porch)) == 1
    assert lane.ask(SetDetect(False, asker.answers.append))


def test_a_model_fault_is_told_to_whoever_asked(porch: Bench, asker: Asker) -> None:
    porch.engine.broken = True
    asker.classify("porch")
    porch.put("porch", RED)
    porch.step()
    (answer,) = asker.answers
    assert "colours gave NaN" in str(answer)


def test_an_errand_that_goes_wrong_is_answered_and_logged_and_the_cameras_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, "front", "porch")
    asker = Asker(bench)

    def fail(*_: object) -> Outcome:
        raise ZeroDivisionError

    for lost in ("photograph", "classify", "set_detect"):
        monkeypatch.setattr(bench.lanes["front"].pipeline, lost, fail)
    asker.photograph("front")
    asker.classify("front")
    asker.switch("front", on=False)
    asker.ask("front", SetThreshold("no such rule", 0.5, asker.answers.append))
    for camera in bench.lanes:
        bench.put(camera, GREY)
    bench.step()
    bench.step()
    assert asker.answers == ["it failed; the log says how"] * 4
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 4
    assert "ZeroDivisionError" in caplog.text
    assert bench.looked_at() == ["front", "porch"]


def test_an_answer_that_goes_wrong_is_logged_and_the_others_are_given(porch: Bench, asker: Asker, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    asker.ask("porch", SetDetect(False, fail))
    asker.ask("porch", Photograph(fail))
    asker.photograph("porch")
    porch.put("porch", GREY)
    porch.step()
    assert asker.answers == [None]
    assert caplog.text.count("could not be answered") == 2


def test_what_is_left_at_the_end_is_answered_and_not_done_after_a_new_beginning(porch: Bench, asker: Asker) -> None:
    asker.photograph("porch")
    porch.step()
    asker.switch("porch", on=False)
    porch.classifying.close()
    porch.put("porch", RED)
    porch.step()
    assert asker.answers == ["not done: the daemon stopped meanwhile"] * 2
    assert porch.lanes["porch"].pipeline.detect


def test_no_camera_starves_however_much_is_asked_of_all_of_them(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *CAMERAS)
    askers = {camera: Asker(bench) for camera in CAMERAS}
    for _ in range(20):
        for camera, asker in askers.items():
            asker.classify(camera)
            asker.photograph(camera)
            asker.ask(camera, SetThreshold("red", 0.9, asker.answers.append))
            bench.put(camera, GREY)
        for _ in CAMERAS:
            assert bench.step() == 0.0
    assert bench.step() == TICK
    assert {camera: lane.looks for camera, lane in bench.lanes.items()} == dict.fromkeys(CAMERAS, 20)
    assert {camera: len(asker.answers) for camera, asker in askers.items()} == dict.fromkeys(CAMERAS, 60)


def test_errands_of_a_silent_camera_do_not_wait_for_the_busy_ones(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *CAMERAS)
    asker = Asker(bench)
    asker.switch(CAMERAS[-1], on=False)
    for camera in CAMERAS[:-1]:
        bench.put(camera, *[GREY] * 5)
    for _ in CAMERAS:
        bench.step()
    assert asker.answers == [None]
