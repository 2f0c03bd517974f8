"""Whether frames come as often as promised, and whether their time stamps go with the time.

Judged by windows of some seconds, from one frame to another, so that a frame costs a few additions.
"""

from __future__ import annotations

_WINDOW = 5.0
"""Seconds of a window, at least."""

_RATES = (0.5, 2.0)
"""Seconds of the time stamps a second of the clock between which they go with the time: a burst after a stall stays inside."""

_JUMP = 0.1
"""Seconds by which a time stamp must lie before the last one to have jumped back; pictures out of order are closer."""

_JUMPS = 2
"""Jumps in a window that are too many. A recording that begins again jumps once."""

_COUNTED = 0.02
"""Part by which time stamps may differ from the frames' count for them to be that count."""

_HALF = 0.48
"""Of the frames promised. Cameras that halve their rate at night do it on purpose."""

_FEWEST_KEYFRAMES = 1 / 15
"""A second, where only key frames are decoded; cameras that save bandwidth send one in ten seconds."""

_USUAL_FPS = 25.0
"""What a source without time stamps is counted with where the stream does not tell its rate, as `camera/opencv.py` does."""


class Timing:
    """The frames of one opening of a camera. told_fps: frames a second that the stream promises, None if it does not."""

    def __init__(self, told_fps: float | None, *, keyframes: bool) -> None:
        self._told = told_fps
        self._keyframes = keyframes
        self._began: float | None = None
        self._last = 0.0
        self._frames = self._jumps = self._jumped = 0
        self._advance = 0.0
        self.fps = 0.0
        self.rate = 1.0
        self.seconds = 0.0

    @property
    def slow(self) -> bool:
        """Whether far fewer frames came in the last window than promised."""
        if self._keyframes:
            return self.fps < _FEWEST_KEYFRAMES
        return self._told is not None and self.fps < _HALF * self._told

    @property
    def promised(self) -> float:
        """Frames a second that are expected."""
        return _FEWEST_KEYFRAMES if self._keyframes else self._told or _USUAL_FPS

    @property
    def wrong_clock(self) -> str:
        """How the time stamps of the last window did not go with the time; "" if they did."""
        if self._jumped >= _JUMPS:
            return f"the time stamps jumped back {self._jumped} times in {self.seconds:.0f} s"
        return "" if _RATES[0] <= self.rate <= _RATES[1] else f"the time stamps run {self.rate:.2f} times as fast as the time"

    def frame(self, mono: float, position: float) -> bool:
        """Take note of a frame; tell whether it ended a window, which sets `seconds`, `fps` and `rate`."""
        if self._began is None:
            self._began, self._last = mono, position
            return False
        step = position - self._last
        self._last = position
        self._frames += 1
        if step > 0:
            self._advance += step
        elif step < -_JUMP:
            self._jumps += 1
        if mono - self._began < _WINDOW:
            return False
        self.seconds = mono - self._began
        self.fps = self._frames / self.seconds
        # a stream without time stamps is counted by its frames, and the count says nothing of its clock
        counted = self._frames / (self._told or _USUAL_FPS)
        self.rate = 1.0 if abs(self._advance - counted) <= _COUNTED * counted else self._advance / self.seconds
        self._jumped = self._jumps
        self._began, self._frames, self._jumps, self._advance = mono, 0, 0, 0.0
        return True
