"""What follows from the measurements: the figures of several rounds, the fastest, how many cameras' frames are worth one call. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from monitor.bench.child import Result


def merged(rounds: Sequence[Result]) -> Result:
    """Return the median of every figure over the rounds that did not fail; what is no figure is that of the first, as is an error."""
    good = [each for each in rounds if "error" not in each]
    return {key: _middle([each[key] for each in good]) for key in good[0]} if good else rounds[0]


def _middle(values: Sequence[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {key: _middle([value[key] for value in values]) for key in first}
    return median(values) if isinstance(first, float) else first


def together(batch_ms: Mapping[int, float]) -> int:
    """Return how many waiting frames one call may take so that, on average, each is answered no later than one after the other.

    batch_ms: the time for all pictures of a call, by their number. One after the other the n-th of n frames waits for n calls, on average
    each for (n + 1) / 2 of them; in one call all wait for the whole of it.
    """
    alone = batch_ms[1]
    return max(size for size, whole in batch_ms.items() if size == 1 or whole <= alone * (size + 1) / 2)


def fastest(rows: Sequence[Result], precision: str, threads: int) -> Result | None:
    """Return the row with the quickest look in a precision with so many threads, None if there is none."""
    fit = [row for row in rows if "error" not in row and row["precision"] == precision and row["threads"] == threads]
    return min(fit, key=lambda row: float(row["look_ms"]), default=None)
