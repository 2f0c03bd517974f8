"""STUB until the motion gate is there: replace this file."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.config.polygon import Polygon
from monitor.config.schema import MotionSettings
from monitor.values import GateReason, Grey, Verdict


class MotionGate:
    """Let everything through."""

    def __init__(
        self, settings: MotionSettings, looks: int, masks: Sequence[Polygon] = (), zones: Sequence[Polygon] | None = None
    ) -> None: ...

    def judge(self, grey: Grey, mono: float, *, needed: bool = False) -> Verdict:
        """Let it through."""
        return Verdict(True, GateReason.UNGATED)

    def forget(self) -> None:
        """Forget."""
