"""The looks a second of all cameras, held to what the classifier and the board can bear (`gate.duty` says how)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.gate.duty import HOT, SHARE, Cost, Demand, allowances, share
from monitor.runtime.thermal import Heat
from monitor.values import Moment
from monitor.workers import Lane

log = logging.getLogger(__name__)

EAGER = 0.8
"""The part of its allowance from which on a camera is taken to want more than it has."""

HEADROOM = 1.25
"""What a camera that wants less than it may have is granted beyond what it took."""

LASTING = 30.0
"""Seconds that looks must have been slowed until the log says so: the first of them are slow, and other programs come and go."""

QUIET = 60.0
"""Seconds without need for it until the log says that looks are slowed no more."""


@dataclass(slots=True)
class _Known:
    """What is known of a lane. looks, work, offered: its counts at the last round. allowed, wanted: looks a second, before the first round
    as many as are configured.
    """

    looks: int
    work: float
    offered: int
    allowed: float
    wanted: float
    cost: Cost = field(default_factory=Cost)


class Duty:
    """Regulates the lanes. read: looks at the board. heat: as it was last; share: the part of the time that the classifier may be busy."""

    def __init__(self, now: Moment, read: Callable[[], Heat]) -> None:
        self.heat = Heat()
        self.share = SHARE
        self._read = read
        self._round = now.mono
        self._known: dict[Lane, _Known] = {}
        self._told = False
        self._began: float | None = None
        self._needed = now.mono

    def allowed(self, lane: Lane) -> float | None:
        """Give the looks a second that a camera may have now; None before the first round."""
        known = self._known.get(lane)
        return None if known is None else known.allowed

    def regulate(self, lanes: Sequence[Lane], fps: Mapping[str, float], now: Moment) -> None:
        """Measure what the looks since the last round cost, and allow accordingly; every few seconds. fps: as configured, by camera."""
        self.heat = self._read()
        self.share = share(self.heat.temperature, self.heat.throttled)
        seconds, self._round = now.mono - self._round, now.mono
        known = {lane: self._measure(lane, fps[lane.capture.name], seconds) for lane in lanes}
        self._known = known
        dearest = max((each.cost.seconds or 0.0 for each in known.values()), default=0.0)
        demands = {
            lane.capture.name: Demand(fps[lane.capture.name], each.wanted, each.cost.seconds or dearest) for lane, each in known.items()
        }
        rates = allowances(demands, self.share)
        for lane, each in known.items():
            each.allowed = rates[lane.capture.name]
            lane.capture.eye.allow(each.allowed)
        self._tell([each for each in known.values() if each.allowed < each.wanted], dearest, now)

    def _measure(self, lane: Lane, fps: float, seconds: float) -> _Known:
        offered = lane.capture.counters.retrieved
        known = self._known.get(lane)
        if known is None:
            return _Known(lane.looks, lane.work, offered, fps, fps)
        known.cost.measure(lane.looks - known.looks, lane.work - known.work)
        rate = (offered - known.offered) / seconds if seconds > 0 else 0.0
        known.wanted = fps if rate >= EAGER * known.allowed else min(fps, HEADROOM * rate)
        known.looks, known.work, known.offered = lane.looks, lane.work, offered
        return known

    def _tell(self, slowed: Sequence[_Known], dearest: float, now: Moment) -> None:
        """Say once that there are fewer looks than were wanted, and why; and once that there have been enough for some time."""
        if not slowed:
            self._began = None
            if self._told and now.mono - self._needed >= QUIET:
                self._told = False
                log.info("looks are slowed no more")
            return
        self._needed = now.mono
        self._began = now.mono if self._began is None else self._began
        if not self._told and now.mono - self._began >= LASTING:
            self._told = True
            log.warning("looks slowed to %.1f a second: %s", min(each.allowed for each in slowed), self._why(dearest))

    def _why(self, dearest: float) -> str:
        if self.heat.throttled:
            return "the board throttles itself"
        if self.heat.temperature is not None and self.heat.temperature > HOT:
            return f"the board is at {self.heat.temperature:.0f} °C"
        return f"one takes {1000 * dearest:.0f} ms"
