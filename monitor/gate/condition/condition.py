"""STUB until camera health is there: replace this file."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.config.polygon import Polygon
from monitor.values import Glimpse, Moment, ProblemKind


class Condition:
    """Find nothing wrong."""

    problem: ProblemKind | None = None
    detail = ""
    same = False
    night = False

    def __init__(self, *, keyframes: bool, masks: Sequence[Polygon] = ()) -> None: ...

    def opened(self, now: Moment, told_fps: float | None) -> None:
        """Do nothing."""

    def frame(self, mono: float, position: float) -> None:
        """Do nothing."""

    def see(self, glimpse: Glimpse) -> None:
        """Do nothing."""
