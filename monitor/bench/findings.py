"""What follows from the measurements of an engine: which is the fastest, and how many cameras' frames are worth one call. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.bench.child import Result


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
