"""How many looks a second each camera may have, so that the classifier keeps some air and a hot board cools down.

The classifier's time is shared out evenly: who wants little gets that, and the rest is divided among those who want more. A camera that
is quiet may have as many looks as the busiest, for the moment when something moves there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SHARE = 0.7
"""The part of the time that the classifier may be busy: frames that come together wait for each other, and the board does other things."""

HOT, TOO_HOT = 75.0, 85.0
"""Degrees Celsius between which the share falls; a Raspberry Pi slows itself down from 80 on and more from 85
(raspberrypi.com/documentation, "Frequency management and thermal control")."""

COOLING = 1 / 3
"""What is left of the share at TOO_HOT and above."""

THROTTLED = 0.5
"""What is left of it while the board slows itself down."""

SLOWEST = 0.2
"""Looks a second that a camera keeps in any case."""

FRESH = 0.3
"""The weight of the newest measurement of what a look costs."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one camera asks for. fps: looks a second, as configured; wanted: those that it would take at present; cost: seconds of each."""

    fps: float
    wanted: float
    cost: float


class Cost:
    """Seconds that a look takes, smoothed (an exponentially weighted moving average). seconds: None before the first look."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    def measure(self, looks: int, seconds: float) -> None:
        """Take in that so many looks took so many seconds in all; no look says nothing."""
        if looks > 0:
            each = seconds / looks
            self.seconds = each if self.seconds is None else self.seconds + FRESH * (each - self.seconds)


def share(temperature: float | None, throttled: bool | None) -> float:
    """Give the part of the time that the classifier may be busy. temperature: in °C; None: this board does not tell."""
    heat = 0.0 if temperature is None else min(1.0, max(0.0, (temperature - HOT) / (TOO_HOT - HOT)))
    return SHARE * (1 - (1 - COOLING) * heat) * (THROTTLED if throttled else 1.0)


def allowances(demands: Mapping[str, Demand], busy: float) -> dict[str, float]:
    """Give the looks a second that each camera may have, so that all of them keep the classifier busy for the part `busy` of the time.

    Never below SLOWEST, unless its fps is, and never above its fps. Max-min fairness by progressive filling (Bertsekas and Gallager,
    Data Networks, 6.5.2).
    """
    level = _level(list(demands.values()), busy)
    return {name: min(demand.fps, max(SLOWEST, level)) for name, demand in demands.items()}


def _level(demands: list[Demand], busy: float) -> float:
    """Give the looks a second up to which every camera gets what it wants."""
    left = busy
    waiting = sorted(demands, key=lambda demand: demand.wanted)
    while waiting:
        level = left / max(sum(demand.cost for demand in waiting), 1e-9)
        if waiting[0].wanted > level:
            return level
        first = waiting.pop(0)
        left -= first.wanted * first.cost
    return float("inf")
