"""What is asked for (`Rule`) and what one look answers (`Reading`)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.errors import ModelFaultError
from monitor.values import WHOLE, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of one camera with everything filled in.

    label: the label or group as it was asked for. threshold, release: scores, 0 < threshold <= 1, release <= threshold.
    looks: how many in a row turn it ON. hold, cooldown: seconds. zones: those that the camera has.
    """

    name: str
    label: str
    threshold: float
    release: float
    looks: int = 2
    hold: float = 5.0
    cooldown: float = 60.0
    zones: tuple[str, ...] = (WHOLE,)
    severity: Severity = Severity.ALERT

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"rule {self.name}: threshold must be above 0 and at most 1, not {self.threshold}")
        if not 0 <= self.release <= self.threshold:
            raise ValueError(f"rule {self.name}: release must be between 0 and the threshold {self.threshold}, not {self.release}")
        if self.looks < 1 or self.hold < 0 or self.cooldown < 0:
            raise ValueError(f"rule {self.name}: need looks >= 1, hold >= 0 and cooldown >= 0")

    def with_threshold(self, threshold: float) -> Rule:
        """Give the same rule with another threshold; `release` moves in proportion, so the hysteresis keeps its character."""
        # Rounding may lift the product above the threshold when the two were equal.
        return replace(self, threshold=threshold, release=min(threshold, self.release * (threshold / self.threshold)))


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look says for one rule in one zone.

    score: 0..1, for a group the sum over its members. label: the model's own label behind it (the best member of a group).
    """

    zone: str
    rule: str
    score: float
    label: str


def refuse_faults(scores: Iterable[float], where: str) -> None:
    """Raise ModelFaultError if one of `scores` is NaN or infinite. Called before anything is changed by them."""
    for score in scores:
        if not math.isfinite(score):
            raise ModelFaultError(f"the model gave the score {score} for {where}; check its weights with: monitor weights verify")
