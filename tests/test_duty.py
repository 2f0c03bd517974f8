"""Looks held to what the classifier and the board can bear, on lanes whose counts are set by hand."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from monitor.duty import QUIET, Duty
from monitor.runtime.thermal import Heat
from tests.lanes import Bench

FPS = 5.0
ROUND = 5.0


class Stage:
    """Two cameras of which each is to be looked at five times a second. heat: what the board tells."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder, "porch", "yard")
        self.heat = Heat()
        self.lanes = list(self.bench.lanes.values())
        self.duty = Duty(self.bench.clock.now(), lambda: self.heat)
        self.regulate()

    def regulate(self) -> None:
        self.duty.regulate(self.lanes, dict.fromkeys(("porch", "yard"), FPS), self.bench.clock.now())

    def run(self, seconds: float, cost: float, *busy: str) -> None:
        """Let time pass in which the busy cameras get all the looks they may have, each at so many seconds, and the others a few."""
        for _ in range(round(seconds / ROUND)):
            self.bench.clock.advance(ROUND)
            for lane in self.lanes:
                rate = self.allowed(lane.capture.name) if lane.capture.name in busy else 0.2
                looks = round(ROUND * rate)
                lane.capture.counters.retrieved += looks
                lane.looks += looks
                lane.work += looks * cost
            self.regulate()

    def allowed(self, camera: str) -> float:
        rate = self.duty.allowed(self.bench.lanes[camera])
        assert rate is not None
        return rate


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == "monitor.duty"]


def test_cameras_that_fit_have_what_is_configured_and_nothing_is_said(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.run(60, 0.03, "porch", "yard")
    assert (stage.allowed("porch"), stage.allowed("yard")) == (FPS, FPS)
    assert not said(caplog)


def test_the_classifier_is_left_some_air(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.run(120, 0.25, "porch", "yard")
    assert stage.allowed("porch") == stage.allowed("yard") == pytest.approx(0.7 / 0.5)
    assert said(caplog) == ["looks slowed to 1.4 a second: one takes 250 ms"]


def test_a_few_slow_looks_are_no_news(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for cost in (0.3, 0.02, 0.02, 0.02, 0.02):
        stage.run(ROUND, cost, "porch", "yard")
    stage.run(60, 0.02, "porch", "yard")
    assert stage.allowed("porch") == FPS
    assert not said(caplog)


def test_what_a_quiet_camera_leaves_goes_to_the_busy_one(stage: Stage) -> None:
    stage.run(120, 0.2, "porch")
    assert stage.allowed("porch") == pytest.approx((0.7 - 0.25 * 0.2) / 0.2)


def test_a_hot_board_is_given_less_to_do_until_it_has_cooled_down(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stage.run(60, 0.06, "porch", "yard")
    stage.heat = Heat(82.3)
    stage.run(60, 0.06, "porch", "yard")
    assert stage.allowed("porch") < FPS
    assert stage.duty.share < 0.4
    stage.heat = Heat(60.0)
    stage.run(QUIET / 2, 0.06, "porch", "yard")
    assert stage.allowed("porch") == FPS
    assert said(caplog) == ["looks slowed to 3.0 a second: the board is at 82 °C"]
    stage.run(QUIET, 0.06, "porch", "yard")
    assert said(caplog)[1:] == ["looks are slowed no more"]


def test_a_board_that_throttles_itself_is_given_half(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.run(60, 0.06, "porch", "yard")
    stage.heat = Heat(70.0, throttled=True)
    stage.run(60, 0.06, "porch", "yard")
    assert stage.allowed("porch") == pytest.approx(0.35 / 0.12)
    assert said(caplog) == ["looks slowed to 2.9 a second: the board throttles itself"]


def test_the_captures_are_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(stage.lanes[0].capture.eye, "allow", asked.append)
    stage.run(10, 0.2, "porch", "yard")
    assert asked == [pytest.approx(1.75)] * 2


def test_a_lane_that_is_new_begins_with_what_is_configured(stage: Stage, tmp_path: Path) -> None:
    stage.run(60, 0.2, "porch", "yard")
    (tmp_path / "other").mkdir()
    fresh = Bench(tmp_path / "other", "porch").lanes["porch"]
    stage.duty.regulate([fresh], {"porch": FPS}, stage.bench.clock.advance(ROUND))
    assert stage.duty.allowed(fresh) == FPS
    assert stage.duty.allowed(stage.lanes[0]) is None
