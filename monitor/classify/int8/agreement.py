"""How far two models agree about the same pictures. Pure arithmetic on their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
"""N x classes; each row adds up to 1."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Figures over some pictures. same: the share on which both say the same. difference: of the scores, on average."""

    same: float
    difference: float


def top1_agreement(reference: Scores, other: Scores) -> Agreement:
    """Compare the best labels, and the scores of the label that the reference finds best."""
    best = reference.argmax(axis=1)
    rows = np.arange(len(best))
    return Agreement(float((other.argmax(axis=1) == best).mean()), float(np.abs(other - reference)[rows, best].mean()))


def rule_agreement(reference: Scores, other: Scores, class_ids: Sequence[int], threshold: float) -> Agreement:
    """Compare whether a rule's score reaches its threshold, and the score itself."""
    scores = [np.minimum(each[:, list(class_ids)].sum(axis=1, dtype=np.float64), 1.0) for each in (reference, other)]
    same = (scores[0] >= threshold) == (scores[1] >= threshold)
    return Agreement(float(same.mean()), float(np.abs(scores[0] - scores[1]).mean()))


def all_rules(reference: Scores, other: Scores, rules: Mapping[str, tuple[Sequence[int], float]]) -> dict[str, Agreement]:
    """Compare every rule, given as its class ids and its threshold by its name."""
    return {name: rule_agreement(reference, other, class_ids, threshold) for name, (class_ids, threshold) in rules.items()}


def split(count: int, block: int = 10) -> tuple[list[int], list[int]]:
    """Share out `count` pictures to calibrate on and to measure on, in blocks by turns.

    Neighbours in a folder or a stream are nearly the same picture; those of one block stay on one side, so that what is measured was
    not seen before.
    """
    numbers = range(count)
    return [n for n in numbers if n // block % 2 == 0], [n for n in numbers if n // block % 2 == 1]
