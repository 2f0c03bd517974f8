"""Whether frames come as promised and their time stamps go with the time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.clock import ManualClock
from monitor.gate.condition.condition import Condition
from monitor.values import ProblemKind


class Stream:
    """A camera's frames. problems: each that was said, with the second, None where it was over."""

    def __init__(self, told: float | None, *, keyframes: bool = False) -> None:
        self.condition = Condition(keyframes=keyframes)
        self.clock = ManualClock()
        self.start = self.clock.now().mono
        self.problems: list[tuple[float, ProblemKind | None]] = []
        self.number = 0
        self.position = 0.0
        self.told = told
        self.condition.opened(self.clock.now(), told)

    def run(self, seconds: float, fps: float, stamp: Callable[[float, float], float]) -> None:
        """Give frames; stamp: the position after the one before it and the seconds that passed since."""
        for _ in range(round(seconds * fps)):
            self.clock.advance(1 / fps)
            self.position = stamp(self.position, 1 / fps)
            self.condition.frame(self.clock.now().mono, self.position)
            self.number += 1
            if self.condition.problem != (self.problems[-1][1] if self.problems else None):
                self.problems.append((round(self.clock.now().mono - self.start), self.condition.problem))

    def reopen(self) -> None:
        self.condition.opened(self.clock.now(), self.told)
        self.number, self.position = 0, 0.0


def right(position: float, passed: float) -> float:
    """A clock that goes as it should, with the jitter of a network."""
    return position + passed * (1.001 if round(position * 100) % 2 else 0.999)


@pytest.mark.parametrize("rate", [0.3, 0.0, 2.5])
def test_time_stamps_that_do_not_go_with_the_time_for_half_a_minute(rate: float) -> None:
    stream = Stream(20)
    stream.run(60, 20, right)
    stream.run(60, 20, lambda position, passed: position + passed * rate)
    assert f"{rate:.2f} times" in stream.condition.detail
    stream.run(30, 20, right)
    (raised, kind), (over, nothing) = stream.problems
    assert (kind, nothing) == (ProblemKind.CLOCK, None)
    assert 90 <= raised <= 96
    assert 130 <= over <= 136


@pytest.mark.parametrize("rate", [0.6, 1.8])
def test_a_clock_that_is_a_little_off_is_no_problem(rate: float) -> None:
    stream = Stream(20)
    stream.run(200, 20, lambda position, passed: position + passed * rate)
    assert stream.problems == []


def test_time_stamps_that_jump_back_again_and_again() -> None:
    stream = Stream(20)
    stream.run(60, 20, lambda position, passed: position + passed if round(position, 2) % 3 < 2.5 else position - 2)
    assert [kind for _, kind in stream.problems] == [ProblemKind.CLOCK]
    assert "jumped back" in stream.condition.detail


def test_a_recording_that_begins_again_every_ten_seconds_is_no_problem() -> None:
    stream = Stream(20)
    stream.run(200, 20, lambda position, passed: right(position, passed) if position < 10 else 0.0)
    assert stream.problems == []


def test_a_clock_that_was_set_is_no_problem() -> None:
    stream = Stream(20)
    for change in (3600.0, -7200.0):
        stream.run(60, 20, right)
        stream.position += change
    stream.run(60, 20, right)
    assert stream.problems == []


@pytest.mark.parametrize(("told", "fps"), [(None, 12), (None, 5), (None, 60), (25, 60), (15, 14)])
def test_a_stream_without_time_stamps_is_counted_and_has_no_clock(told: float | None, fps: float) -> None:
    stream = Stream(told)
    stream.run(200, fps, lambda position, passed: position + 1 / (told or 25))
    assert stream.problems == []


@pytest.mark.parametrize(("told", "key_seconds"), [(25, 2), (None, 4)])
def test_key_frames_without_time_stamps_have_no_clock_either(told: float | None, key_seconds: float) -> None:
    stream = Stream(told, keyframes=True)
    stream.run(200, 1 / key_seconds, lambda position, passed: position + 1 / (told or 25))
    assert stream.problems == []


def test_fewer_than_half_of_the_promised_frames_for_a_minute_are_slow() -> None:
    stream = Stream(20)
    stream.run(30, 20, right)
    stream.run(100, 8, right)
    assert stream.condition.detail == "8 frames a second instead of 20"
    stream.run(30, 20, right)
    (raised, kind), (over, nothing) = stream.problems
    assert (kind, nothing) == (ProblemKind.SLOW, None)
    assert 90 <= raised <= 96
    assert 140 <= over <= 146


@pytest.mark.parametrize(("told", "fps"), [(20, 12), (25, 12.5), (None, 1), (20, 40)])
def test_enough_frames_are_not_slow(told: float | None, fps: float) -> None:
    stream = Stream(told)
    stream.run(200, fps, right)
    assert stream.problems == []


@pytest.mark.parametrize(("key_seconds", "slow"), [(2, False), (10, False), (18, True)])
def test_key_frames_are_slow_below_one_in_fifteen_seconds_whatever_was_promised(key_seconds: float, slow: bool) -> None:
    stream = Stream(25, keyframes=True)
    stream.run(400, 1 / key_seconds, right)
    assert [kind for _, kind in stream.problems] == [ProblemKind.SLOW] * slow


def test_a_pause_and_the_burst_after_it_are_no_problem() -> None:
    stream = Stream(20)
    for _ in range(6):
        stream.run(30, 20, right)
        stream.clock.advance(4)
        stream.run(1, 100, lambda position, passed: position + 0.05)
    assert stream.problems == []


def test_a_camera_that_was_opened_anew_begins_anew() -> None:
    stream = Stream(20)
    stream.run(100, 20, lambda position, passed: position)
    stream.reopen()
    assert [kind for _, kind in stream.problems] == [ProblemKind.CLOCK]
    assert stream.condition.problem is None
    stream.clock.advance(500)
    stream.run(100, 20, right)
    assert [kind for _, kind in stream.problems] == [ProblemKind.CLOCK, None]
