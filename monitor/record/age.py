"""What day it is where the age of something kept is judged: a wall clock may be wrong for days, and what is deleted is gone. Pure."""

from __future__ import annotations

from monitor.values import Moment

CLOCK_WAS_SET = 1_577_836_800.0
"""Unix seconds of 2020: what was written before it was written by a clock that nobody had set, and has no age."""


def today(last: Moment | None, now: Moment, synchronised: bool | None) -> float:
    """Give the Unix seconds by which to judge ages: a clock that goes ahead of the time that passed is believed if a service keeps it.

    last: what this gave before, and when; None: never. synchronised: whether a time service keeps the clock; None if nobody knows.
    Where nobody vouches for the clock, time in which nobody watched does not count.
    """
    if last is None:
        return now.wall
    passed = last.wall + now.mono - last.mono
    is_unset = now.wall < CLOCK_WAS_SET
    is_ahead = now.wall > passed >= CLOCK_WAS_SET
    return passed if is_unset or (is_ahead and not synchronised) else now.wall
