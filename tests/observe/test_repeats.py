"""A line that is said over and over."""

from __future__ import annotations

import logging

import pytest

from monitor.clock import ManualClock
from monitor.observe.repeats import RepeatFilter


def record(message: str = "camera %s is lost", *args: object, name: str = "monitor.camera") -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "x.py", 1, message, args or ("porch",), None)


def test_the_same_line_passes_a_few_times_a_minute_and_then_tells_how_often_it_was_meant(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock, seconds=60, times=2)
    passed = []
    for _ in range(260):
        again = record()
        if repeats.filter(again):
            passed.append(again.__dict__["repeated"])
        clock.advance(0.5)
    assert passed == [0, 0, 118, 0, 118, 0]


def test_a_camera_that_comes_and_goes_is_told_of_each_time(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock)
    for _ in range(20):
        assert repeats.filter(record("camera %s is connected"))
        clock.advance(15)


def test_another_camera_another_logger_and_another_time_are_other_lines(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock, times=1)
    assert repeats.filter(record())
    assert repeats.filter(record("camera %s is lost", "garden"))
    assert repeats.filter(record(name="monitor.publish"))
    assert not repeats.filter(record())


def test_a_wall_clock_that_steps_back_holds_nothing_up(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock, seconds=60, times=1)
    repeats.filter(record())
    clock.advance(61)
    clock.set_wall(0.0)
    assert repeats.filter(record())


def test_endless_variety_is_not_remembered_for_ever(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock)
    assert all(repeats.filter(record(f"frame {number} of %s")) for number in range(2000))
    assert len(repeats._lines) <= 500
    assert len(repeats._kinds) <= 500


def test_an_error_each_millisecond_that_reads_differently_each_time_fills_no_disk(clock: ManualClock) -> None:
    repeats, passed = RepeatFilter(clock), []
    for number in range(120_000):
        line = record("porch: no luck after %.3f s", number / 1000)
        if repeats.filter(line):
            passed.append(line.__dict__["repeated"])
        clock.advance(0.001)
    assert len(passed) == 200
    assert passed[:100] == [0] * 100
    assert passed[100] == pytest.approx(59_900, abs=1)
    assert passed[101:200] == [0] * 99


def test_many_cameras_that_fail_together_are_all_told_of(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock)
    assert all(repeats.filter(record("camera %s is lost", f"cam{number}")) for number in range(100))
