"""The figures of a soak as one picture, drawn with OpenCV, which is here anyway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from monitor.values import Image

WIDTH, PANEL, LEFT, RIGHT, GAP = 1400, 170, 90, 20, 40
INK, PALE, LINE, MARK = (40, 40, 40), (225, 225, 225), (170, 90, 20), (150, 190, 250)  # BGR
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Sample:
    """A look at everything.

    at: seconds since the soak began. run: how often the daemon had been killed. rss: bytes. queued: frames and rows in all queues, as the
    daemon told last. waiting: alerts in the outbox. calm: whether nothing had been broken for some seconds.
    """

    at: float
    run: int
    rss: int
    threads: int
    descriptors: int
    queued: int
    waiting: int
    committed: int
    received: int
    calm: bool


PANELS: tuple[tuple[str, Callable[[Sample], float]], ...] = (
    ("memory (RSS), MB", lambda sample: sample.rss / 1e6),
    ("threads", lambda sample: sample.threads),
    ("file descriptors", lambda sample: sample.descriptors),
    ("in the queues", lambda sample: sample.queued),
    ("waiting in the outbox", lambda sample: sample.waiting),
    ("committed and not received", lambda sample: max(0, sample.committed - sample.received)),
)


def draw(path: Path, samples: Sequence[Sample], faults: Sequence[tuple[float, str]], title: str) -> None:
    """Write a PNG with a panel for each figure over time. faults: second and name of each, drawn as lines."""
    height = GAP + len(PANELS) * (PANEL + GAP)
    picture = np.full((height, WIDTH, 3), 255, np.uint8)
    end = max(samples[-1].at, 1.0)
    cv2.putText(picture, title, (LEFT, 26), FONT, 0.6, INK, 1, cv2.LINE_AA)
    for number, (name, figure) in enumerate(PANELS):
        top = GAP + GAP // 2 + number * (PANEL + GAP)
        _panel(picture, top, name, [(sample.at, figure(sample), sample.run) for sample in samples], faults, end)
    cv2.imwrite(str(path), picture)


def _panel(
    picture: Image, top: int, name: str, points: Sequence[tuple[float, float, int]], faults: Sequence[tuple[float, str]], end: float
) -> None:
    values = [value for _, value, _ in points]
    low, high = min(values), max(values)
    low, high = (low, high) if high > low else (low - 1, high + 1)

    def across(second: float) -> int:
        return LEFT + round((WIDTH - LEFT - RIGHT) * second / end)

    def down(value: float) -> int:
        return top + PANEL - round(PANEL * (value - low) / (high - low))

    for second, fault in faults:
        colour = INK if fault == "daemon killed" else MARK
        cv2.line(picture, (across(second), top), (across(second), top + PANEL), colour, 1)
    cv2.rectangle(picture, (LEFT, top), (WIDTH - RIGHT, top + PANEL), PALE, 1)
    for run in sorted({run for _, _, run in points}):
        line = np.array([(across(at), down(value)) for at, value, of in points if of == run], np.int32)
        cv2.polylines(picture, [line], isClosed=False, color=LINE, thickness=2, lineType=cv2.LINE_AA)
    cv2.putText(picture, name, (LEFT, top - 6), FONT, 0.5, INK, 1, cv2.LINE_AA)
    for value, place in ((high, top + 10), (low, top + PANEL)):
        cv2.putText(picture, f"{value:.4g}", (8, place), FONT, 0.45, INK, 1, cv2.LINE_AA)
    cv2.putText(picture, f"{end / 60:.1f} min", (WIDTH - RIGHT - 70, top + PANEL + 16), FONT, 0.45, INK, 1, cv2.LINE_AA)
