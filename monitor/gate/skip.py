"""How often to look: every Nth frame, and of those at most so many a second.

The limit is kept by slots, one every 1/fps seconds, rather than by the distance to the last look: a camera gives its frames on a
raster of its own, and by distance a camera of 25 fps asked for 10 would be looked at 8.33 times a second (every third frame).
A frame fills the oldest slot that is due; slots that went by with no frame at all are forgotten, so a pause brings no burst.
"""

from __future__ import annotations

_EARLY = 0.1
"""A frame may come this part of a slot early. Frames jitter by some milliseconds, and without this a camera whose rate divides
evenly (20 fps, asked for 5) would by turns be looked at after four frames and after five."""


QUIET = 0.4
"""Seconds from one picture to the next while nothing moves: converting and judging one costs about half as much as decoding one, and
whoever comes is seen 0.2 s later at most than with pictures twice as often."""


class SkipPolicy:
    """Choose the frames of one camera that are worth decoding. Ask once for each frame, in order."""

    def __init__(self, frame_skip: int, fps: float) -> None:
        if frame_skip < 1 or not fps > 0:
            raise ValueError(f"need frame_skip >= 1 and fps > 0, not {frame_skip} and {fps}")
        self._frame_skip = frame_skip
        self._slot = 1 / fps
        self._next_seq: int | None = None
        self._due = float("-inf")

    def allow(self, fps: float) -> None:
        """Look at most so many times a second from now on; from any thread."""
        self._slot = 1 / fps

    def rest(self, seconds: float) -> None:
        """Want none of the frames before `seconds` have gone by since the last one that was wanted, if its slot is shorter."""
        self._due = max(self._due, self._due - self._slot + seconds)

    def wants(self, seq: int, mono: float) -> bool:
        """Whether to look at frame number `seq`, grabbed at `mono` (seconds, monotonic). The first frame is always wanted."""
        if self._next_seq is not None and seq < self._next_seq:
            return False
        self._next_seq = seq + self._frame_skip
        late = mono - self._due
        if late < -_EARLY * self._slot:
            return False
        self._due = self._due + self._slot if late < self._slot else mono + self._slot
        return True
