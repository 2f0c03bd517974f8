"""Whether a soak went well, from its samples. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.faults.plot import Sample

LIMIT = 1.0
"""MB an hour by which the memory may grow after the warm-up, where it was followed for `LONG_ENOUGH` seconds."""

LONG_ENOUGH = 600.0


@dataclass(frozen=True)
class Verdict:
    """Whether all is well, and the lines that say how it went."""

    held: bool
    lines: Sequence[str]


def judge(samples: Sequence[Sample], faults: Sequence[str], warm_up: float, lost: int, twice: int) -> Verdict:
    """Judge the last run of the daemon. warm_up: seconds of it in which each fault came once; lost, twice: alerts."""
    last = [sample for sample in samples if sample.run == samples[-1].run]
    warm = [sample for sample in last if sample.at >= last[0].at + warm_up] or last[-1:]
    end, kinds = samples[-1], Counter(faults).most_common()
    lines = [
        f"{len(faults)} faults: " + ", ".join(f"{count} x {name}" for name, count in kinds),
        f"alerts: {end.committed} committed, {end.received} received ({twice} of them again), lost ids {lost}",
    ]
    held = not lost
    half = len(warm) // 2
    for name in ("threads", "descriptors"):
        before, after = ([getattr(sample, name) for sample in part if sample.calm] for part in (warm[:half], warm[half:]))
        if before and after:
            was, became = statistics.median_high(before), statistics.median_high(after)
            lines.append(f"{name} in calm moments: {was} in the first half of the last run, {became} in the second")
            held &= became <= was
    followed = warm[-1].at - warm[0].at
    growth = slope(warm) if len(warm) > 2 else 0.0
    lines.append(
        f"memory: {warm[0].rss / 1e6:.1f} MB -> {warm[-1].rss / 1e6:.1f} MB, {growth:+.2f} MB/h by least squares over"
        f" {followed / 60:.1f} min after the warm-up" + ("" if followed >= LONG_ENOUGH else ": too short to tell")
    )
    return Verdict(held and (followed < LONG_ENOUGH or growth <= LIMIT), lines)


def slope(samples: Sequence[Sample]) -> float:
    """MB an hour by which the memory grew: a straight line by least squares."""
    seconds, megabytes = [sample.at for sample in samples], [sample.rss / 1e6 for sample in samples]
    return float(np.polyfit(seconds, megabytes, 1)[0] * 3600)
