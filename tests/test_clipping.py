"""The clips thread's work, stepped by hand: which pictures become part of a clip, and when it is saved."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor import clipping
from monitor.clipping import BATCH, CLIPS, HOUSEKEEPING, STEP, Clipping
from monitor.clock import ManualClock
from monitor.config.schema import ClipSettings
from monitor.errors import PictureError
from monitor.pipeline import Outcome
from monitor.record.clips import Clips
from monitor.record.webm import KeyFrame
from monitor.values import Alert, EventType, Image, Moment
from tests.spine import an_alert, load_text, painted

CLIPPED = "cameras: {porch: {source: demo}}\nclips: {enabled: true, pre: 5s, post: 10s, width: 64, fps: 2}\nsnapshots: {min_free: 0MB}\n"


class Noted(Clips):
    """The folder of clips, which notes what was saved: alert's id -> the times of its pictures, in seconds since the bench began."""

    saved: dict[str, list[float]]
    sweeps = 0
    began: float

    def save(self, alert: Alert, frames: Sequence[KeyFrame]) -> Path | None:
        self.saved[alert.id] = [frame.mono - self.began for frame in frames]
        return super().save(alert, frames)

    def sweep(self, wall: float) -> int:
        self.sweeps += 1
        return super().sweep(wall)


class Bench:
    """A camera of ten pictures a second, and the clips of its alerts. shown: what it shows from now on, None: nothing."""

    def __init__(self, folder: Path, text: str = CLIPPED) -> None:
        config = load_text(folder, text).config
        self.clock = ManualClock()
        self.clips = Noted(config.clips, config.snapshots)
        self.clips.saved, self.clips.began = {}, self.clock.now().mono
        self.clipping = Clipping(config.clips, self.clips, self.clock, lambda: self.clock.now().wall)
        self.ring = self.clipping.ring("porch")
        self.shown: Image | None = painted()

    @property
    def saved(self) -> dict[str, list[float]]:
        return self.clips.saved

    def alert(self, name: str = "e1", kind: EventType = EventType.START, age: float = 0.0) -> None:
        """An alert of a picture that is `age` seconds old."""
        now = self.clock.now()
        self.clipping.put(Outcome("porch", [replace(an_alert(0, kind), id=name, time=now.wall - age, started_at=now.wall - age)]))

    def film(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            now = self.clock.advance(0.1)
            if self.shown is not None:
                self.ring.offer(self.shown, now)

    def run(self, seconds: float) -> None:
        """Let time pass, with a step whenever one is due."""
        for _ in range(round(seconds)):
            self.film(1.0)
            self.catch_up()

    def catch_up(self) -> int:
        """Step until there is nothing to do at once; give how many steps that took."""
        steps = 1
        while not self.clipping.step(self.clock.now()):
            steps += 1
        return steps


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench whose camera has been running for a while."""
    made = Bench(tmp_path)
    made.run(20)
    return made


def test_a_clip_begins_before_its_alert_and_ends_after_it(bench: Bench) -> None:
    bench.alert()
    bench.run(15)
    times = bench.saved["e1"]
    assert times == pytest.approx([15.1 + number / 2 for number in range(30)], abs=0.2)
    assert bench.clips.find("e1") is not None


def test_it_is_saved_when_it_is_over_and_not_before(bench: Bench) -> None:
    bench.alert()
    bench.run(10)
    assert bench.saved == {}
    assert bench.clipping.making == 1
    bench.run(2)
    assert list(bench.saved) == ["e1"]
    assert bench.clipping.making == 0


def test_an_alert_of_an_older_picture_has_the_clip_of_that_time(bench: Bench) -> None:
    bench.alert(age=4)
    bench.run(10)
    assert bench.saved["e1"][0] == pytest.approx(11.1, abs=0.5)
    assert bench.saved["e1"][-1] == pytest.approx(26, abs=0.5)


def test_a_wall_clock_that_was_set_moves_a_clip_by_some_seconds_at_most(bench: Bench) -> None:
    bench.alert(age=3600)
    bench.run(15)
    assert 0 < bench.saved["e1"][0] < 20
    bench.alert("e2", age=-3600)
    bench.run(15)
    assert bench.saved["e2"][0] == pytest.approx(30, abs=0.6)


def test_only_the_start_of_an_episode_makes_a_clip(bench: Bench) -> None:
    bench.alert("e1", EventType.UPDATE)
    bench.alert("e1", EventType.END)
    bench.run(15)
    assert bench.saved == {}


def test_episodes_that_overlap_have_a_clip_each(bench: Bench) -> None:
    bench.alert("e1")
    bench.run(3)
    bench.alert("e2")
    bench.run(15)
    assert {name: round(times[0] - bench.saved["e1"][0]) for name, times in bench.saved.items()} == {"e1": 0, "e2": 3}
    assert len(bench.saved["e1"]) == len(bench.saved["e2"]) == 30


def test_a_stop_saves_what_there_is(bench: Bench) -> None:
    bench.alert("e1")
    bench.run(3)
    bench.alert("e2")
    bench.clipping.close()
    assert bench.saved["e1"][-1] == pytest.approx(23, abs=0.5)
    assert 0 < len(bench.saved["e2"]) <= BATCH
    assert bench.clipping.making == 0


def test_a_step_is_short_however_many_pictures_wait(bench: Bench) -> None:
    for number in range(4):
        bench.alert(f"e{number}")
    assert bench.clipping.step(bench.clock.now()) == 0.0
    assert bench.catch_up() == 4 * 10 // BATCH
    bench.run(15)
    assert [len(times) for times in bench.saved.values()] == [30] * 4


def test_clips_take_turns_when_there_is_more_to_do_than_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CLIPPED.replace("fps: 2", "fps: 20"))
    bench.run(20)
    bench.alert("e1")
    bench.alert("e2")
    for _ in range(8):
        bench.film(1)
        assert bench.clipping.step(bench.clock.now()) == 0.0
    bench.clipping.close()
    assert abs(len(bench.saved["e1"]) - len(bench.saved["e2"])) <= BATCH


def test_a_picture_that_comes_a_moment_late_still_belongs_to_it(bench: Bench) -> None:
    bench.alert()
    bench.run(9)
    bench.clock.advance(1.1)
    bench.catch_up()
    bench.ring.offer(painted(), Moment(bench.clock.now().mono - 0.3, 0.0))
    bench.run(2)
    assert bench.saved["e1"][-1] == pytest.approx(29.8)


def test_nothing_to_do_costs_nothing_and_an_alert_wakes_it(bench: Bench) -> None:
    assert bench.clipping.step(bench.clock.now()) == HOUSEKEEPING
    assert not bench.clipping.wake.is_set()
    bench.alert()
    assert bench.clipping.wake.is_set()
    bench.catch_up()
    assert bench.clipping.step(bench.clock.now()) == STEP


def test_so_many_clips_are_made_at_a_time_and_the_others_are_counted_and_said(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(CLIPS + 2):
            bench.alert(f"e{number}")
    assert bench.clipping.making == CLIPS
    assert bench.clipping.dropped == 2
    assert [record.getMessage() for record in caplog.records] == [
        f"porch: alert e{CLIPS + number} goes without a clip: {CLIPS} are being made" for number in range(2)
    ]


def test_clips_that_take_too_much_memory_are_saved_early(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipping, "BYTES", 5000)
    bench.shown = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    bench.alert("e1")
    bench.run(6)
    bench.alert("e2")
    bench.run(15)
    assert 0 < len(bench.saved["e1"]) < 30
    assert 0 < len(bench.saved["e2"]) < 30


def test_a_camera_without_pictures_has_no_clip(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.shown = None
    bench.alert()
    bench.run(15)
    assert bench.saved == {}
    assert bench.clipping.making == 0


def test_a_camera_that_is_lost_leaves_the_clip_as_far_as_it_goes(bench: Bench) -> None:
    bench.alert()
    bench.run(4)
    bench.shown = None
    bench.run(10)
    assert bench.saved["e1"][-1] == pytest.approx(24, abs=0.5)


def test_an_alert_of_a_camera_without_a_ring_is_no_matter(bench: Bench) -> None:
    alert = replace(an_alert(), place=replace(an_alert().place, camera="yard"))
    bench.clipping.put(Outcome("yard", [alert]))
    assert bench.clipping.making == 0


def test_a_picture_that_cannot_be_encoded_ends_the_clip_and_nothing_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(jpeg: bytes, mono: float) -> KeyFrame:
        raise PictureError("a picture cannot be decoded")

    bench.alert()
    bench.run(4)
    monkeypatch.setattr(clipping, "key_frame", refuse)
    with caplog.at_level(logging.INFO):
        bench.run(4)
    assert [record.getMessage() for record in caplog.records] == ["the clip of e1 ends early: a picture cannot be decoded"]
    assert bench.saved["e1"][-1] == pytest.approx(24, abs=0.5)


def test_old_clips_are_cleared_at_the_start_and_every_quarter_of_an_hour(bench: Bench) -> None:
    assert bench.clips.sweeps == 1
    bench.run(100)
    assert bench.clips.sweeps == 1
    bench.clock.advance(HOUSEKEEPING)
    bench.catch_up()
    assert bench.clips.sweeps == 2


def test_the_ring_reaches_further_back_than_the_clip(tmp_path: Path) -> None:
    settings = ClipSettings(enabled=True)
    bench = Bench(tmp_path)
    bench.film(60)
    oldest = bench.ring.between(0, bench.clock.now().mono)[0].at.mono
    assert bench.clock.now().mono - oldest >= settings.pre + 9


def test_the_ring_of_a_camera_that_was_removed_is_let_go(bench: Bench) -> None:
    bench.film(10.0)
    bench.clipping.keep(["yard"])
    bench.alert()
    bench.run(20.0)
    assert not bench.saved
