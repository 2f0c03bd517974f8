"""The figures of one camera, out of counters that only grow. Pure arithmetic: a rate is a difference over a window."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Totals:
    """What one camera's path has counted since the daemon started.

    frames: given by the camera. looks: analysed. skipped: left out by frame_skip and fps. dropped: pushed out of the queue by
    newer ones. gated: left out because nothing moved. inference: seconds spent in the model, all looks together. frame_age:
    seconds from grab to the end of its look, all looks together.
    """

    frames: int = 0
    looks: int = 0
    skipped: int = 0
    dropped: int = 0
    gated: int = 0
    inference: float = 0.0
    frame_age: float = 0.0


class CameraStats:
    """Rates and means of one camera over the last `window` seconds (monotonic)."""

    def __init__(self, window: float = 60.0) -> None:
        self._window = window
        self._samples: deque[tuple[float, Totals]] = deque()

    def sample(self, totals: Totals, mono: float) -> None:
        """Note the counters as they are now; every few seconds will do."""
        self._samples.append((mono, totals))
        # One sample as old as the window is kept: the differences are against it.
        while len(self._samples) > 1 and self._samples[1][0] <= mono - self._window:
            self._samples.popleft()

    def figures(self) -> dict[str, float | int | None]:
        """The payload of `B/CAM/stats`.

        camera_fps and look_fps: per second, 2 decimals; inference_ms and frame_age_ms: means per look, 1 decimal; None while there
        is nothing to divide by. frames, looks, skipped, dropped, gated: since the daemon started, so that a message that is lost loses no
        count.
        """
        if not self._samples:
            return _figures(Totals(), Totals(), 0.0)
        (began, before), (ended, after) = self._samples[0], self._samples[-1]
        return _figures(before, after, ended - began)


def _figures(before: Totals, after: Totals, seconds: float) -> dict[str, float | int | None]:
    looks = after.looks - before.looks
    return {
        "camera_fps": _ratio(after.frames - before.frames, seconds, 2),
        "look_fps": _ratio(looks, seconds, 2),
        "frames": after.frames,
        "looks": after.looks,
        "skipped": after.skipped,
        "dropped": after.dropped,
        "gated": after.gated,
        "inference_ms": _ratio(1000 * (after.inference - before.inference), looks, 1),
        "frame_age_ms": _ratio(1000 * (after.frame_age - before.frame_age), looks, 1),
    }


def _ratio(amount: float, by: float, decimals: int) -> float | None:
    return round(amount / by, decimals) if by > 0 else None
