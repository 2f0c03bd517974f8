"""A line that is said over and over."""

from __future__ import annotations

import logging

from monitor.clock import ManualClock
from monitor.observe.repeats import RepeatFilter


def record(message: str = "camera %s is lost", *args: object, name: str = "monitor.camera") -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "x.py", 1, message, args or ("porch",), None)


def test_the_same_line_passes_once_a_minute_and_then_tells_how_often_it_was_meant(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock, seconds=60)
    passed = []
    for _ in range(260):
        again = record()
        if repeats.filter(again):
            passed.append(again.__dict__["repeated"])
        clock.advance(0.5)
    assert passed == [0, 119, 119]


def test_another_camera_another_logger_and_another_time_are_other_lines(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock)
    assert repeats.filter(record())
    assert repeats.filter(record("camera %s is lost", "garden"))
    assert repeats.filter(record(name="monitor.publish"))
    assert not repeats.filter(record())


def test_a_wall_clock_that_steps_back_holds_nothing_up(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock, seconds=60)
    repeats.filter(record())
    clock.advance(61)
    clock.set_wall(0.0)
    assert repeats.filter(record())


def test_endless_variety_is_not_remembered_for_ever(clock: ManualClock) -> None:
    repeats = RepeatFilter(clock)
    assert all(repeats.filter(record("frame %d", number)) for number in range(2000))
    assert len(repeats._seen) <= 500
