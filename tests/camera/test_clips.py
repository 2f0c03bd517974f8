"""Files: played in real time or as fast as they go, once or for ever."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from monitor.camera.pace import Pacer
from monitor.camera.state import LinkState
from monitor.clock import ManualClock
from monitor.values import OfflineReason
from tests.camera.conftest import Bench
from tests.camera.fake_source import FILE, LOST, FakeSource, Grab, clip

MakeBench = Callable[..., Bench]


def file(clock: ManualClock, *positions: float) -> FakeSource:
    return FakeSource(clock, clip(*positions), FILE)


def times(b: Bench) -> list[float]:
    return [round(frame.at.mono - 1000, 3) for frame in b.frames()]


def test_a_file_plays_by_its_own_time_stamps(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(file(clock, 0, 0.1, 0.3, 1.3), source="/a.mp4")
    b.run(2)
    assert times(b) == [0, 0.1, 0.3, 1.3]


def test_a_file_whose_time_stamps_begin_late_begins_at_once(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(file(clock, 500, 500.5), source="/a.mp4")
    b.run(2)
    assert times(b) == [0, 0.5]


def test_a_file_at_full_pace_never_rests(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(file(clock, 0, 1, 2, 3), source="/a.mp4", pace="full")
    assert [b.step() for _ in range(5)] == [0] * 5
    assert b.capture.counters.grabbed == 4


def test_a_file_that_is_over_ends_and_is_not_tried_again(bench: MakeBench, clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source = file(clock, 0, 0.1)
    b = bench(source, source="/a.mp4")
    b.run(1000)
    assert (b.capture.link.state, b.capture.link.reason) == (LinkState.ENDED, OfflineReason.ENDED)
    assert source.closed
    assert len(b.opener.asked) == 1
    assert caplog.messages == ["porch: connected 64x48 h264 10 fps", "porch: ended (/a.mp4 is over)"]


def test_a_loop_goes_on_one_frame_after_its_end_and_time_never_goes_back(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(*(file(clock, 0, 0.1, 0.2) for _ in range(3)), source="/a.mp4", loop=True)
    b.run(0.85)
    assert times(b) == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    assert b.capture.counters.reconnects == 0
    assert b.capture.link.state is LinkState.ONLINE


def test_the_demo_loops_without_being_told_to(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(*(file(clock, 0, 0.1) for _ in range(9)), source="demo")
    b.run(1)
    assert len(b.frames()) >= 9


def test_a_damaged_place_in_a_file_is_not_its_end(bench: MakeBench, clock: ManualClock) -> None:
    source = FakeSource(clock, [*clip(0, 0.1), LOST, *clip(0.2, 0.3)], FILE)
    b = bench(source, source="/a.mp4")
    b.run(0.35)
    assert len(b.frames()) == 4


def test_a_file_without_a_single_picture_is_a_fault_and_does_not_spin(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(file(clock), source="/a.mp4", loop=True)
    b.run(100)
    assert (b.capture.link.state, b.capture.link.detail) == (LinkState.WAITING, "/a.mp4 holds no picture that can be decoded")
    assert len(b.opener.asked) < 10


def test_a_player_that_fell_a_little_behind_catches_up(bench: MakeBench, clock: ManualClock) -> None:
    slow = Grab(takes=0.5, position=0.1)
    b = bench(FakeSource(clock, [*clip(0), slow, *clip(0.2, 0.3, 0.7)], FILE), source="/a.mp4")
    b.run(1)
    assert b.capture.counters.grabbed == 5
    assert times(b) == [0, 0.5, 0.7]  # those that were late came at once, and only one of them was wanted


def test_a_player_that_fell_far_behind_goes_on_from_there(bench: MakeBench, clock: ManualClock) -> None:
    slow = Grab(takes=60.0, position=0.1)
    b = bench(FakeSource(clock, [*clip(0), slow, *clip(0.2, 0.3)], FILE), source="/a.mp4")
    b.run(62)
    assert times(b) == [0, 60.0, 60.1, 60.2]


def test_a_jump_in_the_time_stamps_is_not_played_out() -> None:
    pacer = Pacer()
    assert pacer.due(0.0, 100.0) == 100.0
    assert pacer.due(7200.0, 101.0) == 101.0
    assert pacer.due(7200.5, 101.25) == 101.5
    assert pacer.due(1.0, 102.0) == 102.0
