"""The one place that reads time.

Timing uses the monotonic clock, which neither NTP nor a missing real-time clock can move; the wall clock only labels. Both
clocks of a `Moment` are read together. `ManualClock` is for tests and for whoever brings a clock of their own.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

from monitor.values import Moment


class Clock(Protocol):
    """Tells the time. Nothing in the daemon asks anyone else."""

    def now(self) -> Moment:
        """Read both clocks at one instant."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> Moment:
        """Read the machine's clocks."""
        return Moment(mono=time.monotonic(), wall=time.time())


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, mono: float = 1000.0, wall: float = 1_700_000_000.0) -> None:
        self._mono = mono
        self._wall = wall

    def now(self) -> Moment:
        """Give the moment that was set."""
        return Moment(self._mono, self._wall)

    def advance(self, seconds: float) -> Moment:
        """Move both clocks on by `seconds` (>= 0) and return the new moment."""
        if seconds < 0:
            raise ValueError(f"a monotonic clock cannot go back by {-seconds} s")
        self._mono += seconds
        self._wall += seconds
        return self.now()

    def set_wall(self, wall: float) -> None:
        """Step the wall clock, as NTP does; the monotonic clock does not notice."""
        self._wall = wall


def stopwatch() -> float:
    """Seconds of the finest monotonic clock there is, for measuring how long a piece of work took."""
    return time.perf_counter()


def cpu_seconds() -> float:
    """Seconds of processor time that the calling thread has used, for measuring what a piece of work costs whoever else is running."""
    return time.thread_time()


def iso(wall: float, *, utc: bool = False) -> str:
    """Unix seconds as ISO 8601 with offset and milliseconds, in local time unless `utc`."""
    moment = datetime.fromtimestamp(wall, UTC)
    return (moment if utc else moment.astimezone()).isoformat(timespec="milliseconds")
