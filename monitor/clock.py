"""The one place that reads time.

Timing uses the monotonic clock, which neither NTP nor a missing real-time clock can move; the wall clock only labels. Both
clocks of a `Moment` are read together. `ManualClock` is for tests and for whoever brings a clock of their own.
"""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
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


class TimeQuality(StrEnum):
    """How far a wall clock can be trusted: a time service keeps it, none does, or nobody has set it since the machine was started."""

    SYNCHRONISED = "synchronised"
    UNSYNCHRONISED = "unsynchronised"
    UNSET = "unset"


def time_quality(wall: float, synchronised: bool | None, not_before: float) -> TimeQuality | None:
    """Judge a time of `wall` Unix seconds; not_before: Unix seconds that are past for certain. None: there is no telling."""
    if wall < not_before:
        return TimeQuality.UNSET
    if synchronised is None:
        return None
    return TimeQuality.SYNCHRONISED if synchronised else TimeQuality.UNSYNCHRONISED


_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


def is_synchronised(timesync: Path = Path("/run/systemd/timesync")) -> bool | None:
    """Tell whether a time service keeps the clock; None if nobody says.

    The kernel knows, but a sandbox may forbid to ask it (`ProtectClock=yes` does); then systemd-timesyncd does, where it runs.
    """
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    # `struct timex` of zeros, with room to spare: only asks.
    state: int = -1 if adjtimex is None else adjtimex(ctypes.create_string_buffer(512))
    if state >= 0:
        return state != _TIME_ERROR
    return (timesync / "synchronized").exists() if timesync.exists() else None


@cache
def installed_at() -> float:
    """Unix seconds of this file: no right clock is behind it."""
    return Path(__file__).stat().st_mtime


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


def from_iso(text: str) -> float:
    """ISO 8601 as Unix seconds, local time unless it has an offset; ValueError where it is no time of the years 1 to 9999."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except OverflowError as error:
        raise ValueError(str(error)) from error
