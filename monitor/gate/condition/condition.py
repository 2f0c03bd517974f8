"""Whether one camera's pictures can be trusted, and what is wrong if not.

Every picture is compared with the one before it, and every two seconds what was seen in them, averaged, is judged. What is usual is
learnt from pictures that are not suspicious, by time and never by their number; by day and at night separately. A cover and a blackout
are problems only if they come at once: night falls in minutes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.config.polygon import Polygon
from monitor.gate.condition.averaging import Averager
from monitor.gate.condition.exposure import Exposure, colourless, expose, living
from monitor.gate.condition.frozen import Repeats
from monitor.gate.condition.lasting import Lasting
from monitor.gate.condition.sharpness import Sharpness, measure, middle
from monitor.gate.condition.timing import Timing
from monitor.gate.condition.view import View
from monitor.values import Glimpse, Grey, Image, Moment, ProblemKind

_STEP = 2.0
"""Seconds of pictures that are judged together."""

_SHARP_EVERY = 12.0
"""Seconds between two measurements of the sharpness, which reads two whole pictures; where it is in question, `_STEP`."""

_LONGEST = 15.0
"""Seconds, at most, that one picture stands for: while nobody looked, nothing was seen. Key frames may be ten seconds apart."""

_AT_ONCE = 30.0
"""Seconds within which what is sudden has happened; the shortest dusk takes minutes for as much."""

_OUTAGE = 300.0
"""Seconds without a camera that change nothing of what is sudden: it may come back covered."""

_HEALTHY = 10.0
"""Seconds of healthy pictures that end a problem."""

_TIMES = {
    ProblemKind.FROZEN: (60.0, 0.0),
    ProblemKind.BLACK: (10.0, _HEALTHY),
    ProblemKind.COVERED: (10.0, _HEALTHY),
    ProblemKind.MOVED: (40.0, _HEALTHY),  # beside the 20 s after which another view is known
    ProblemKind.BLURRED: (60.0, _HEALTHY),
    ProblemKind.CLOCK: (30.0, _HEALTHY),
    ProblemKind.SLOW: (60.0, _HEALTHY),
}
"""Seconds of bad sights that raise a problem and of good ones that end it, the worst problem first."""

_OF_SIGHT = (ProblemKind.FROZEN, ProblemKind.BLACK, ProblemKind.COVERED, ProblemKind.MOVED, ProblemKind.BLURRED)
_OF_VIEW = (ProblemKind.COVERED, ProblemKind.MOVED, ProblemKind.BLURRED)
_OF_TIME = (ProblemKind.CLOCK, ProblemKind.SLOW)


class Condition:
    """Judges whether one camera's pictures can be trusted. Pure; moments may not go back.

    keyframes: only key frames are decoded, so that rates mean nothing. masks: what is black for good, in fractions of the picture.
    """

    def __init__(self, *, keyframes: bool, masks: Sequence[Polygon] = ()) -> None:
        self._keyframes = keyframes
        self._lasting = {kind: Lasting(*times) for kind, times in _TIMES.items()}
        self._timing = Timing(None, keyframes=keyframes)
        self._repeats = Repeats()
        self._averager = Averager(masks)
        self._exposure = Exposure(128.0, flat=False, clear=False)
        self._view = View()
        self._problem: ProblemKind | None = None
        self._night = False
        self._last: float | None = None  # when the last picture was seen, or the camera opened
        self._seconds = 0.0  # that the pictures averaged so far stand for
        self._middle: Grey | None = None
        self._measured: Sharpness | None = None
        self._sharp_due = -math.inf
        self._recognised_at = self._clear_at = -math.inf  # when the usual view was there last, and when it was clear, too
        self._emptied = False

    @property
    def problem(self) -> ProblemKind | None:
        """What is wrong at present, the worst of it; None if nothing is."""
        return self._problem

    @property
    def detail(self) -> str:
        """The problem in words; "" without one."""
        timing, view = self._timing, self._view
        match self._problem:
            case ProblemKind.FROZEN:
                return f"the same picture for {self._repeats.seconds:.0f} s"
            case ProblemKind.BLACK:
                return f"the picture is {'black' if self._exposure.level < 128 else 'white'} all over"
            case ProblemKind.COVERED:
                return f"the scene is gone: {view.strength:.0%} of its edges are left"
            case ProblemKind.MOVED:
                return f"another scene: {view.likeness or 0:.0%} of the picture is what it was"
            case ProblemKind.BLURRED:
                return f"{view.sharpness or 0:.0%} of the usual fine detail is left"
            case ProblemKind.CLOCK:
                return timing.wrong_clock
            case ProblemKind.SLOW:
                return f"{timing.fps:.2g} frames a second instead of {timing.promised:.3g}"
            case None:
                return ""

    @property
    def same(self) -> bool:
        """Whether the last picture seen is, to the bit, the one before it."""
        return self._repeats.same

    @property
    def night(self) -> bool:
        """Whether the picture has no colours: infrared light, or night. A fact, no problem."""
        return self._night

    def opened(self, now: Moment, told_fps: float | None) -> None:
        """Take note that the camera was opened: time stamps and rates begin anew, what is known of the scene stays."""
        self._timing = Timing(told_fps, keyframes=self._keyframes)
        self._reset(_OF_TIME)
        if self._last is not None and now.mono - self._last <= _OUTAGE:
            self._recognised_at += now.mono - self._last
            self._clear_at += now.mono - self._last
        self._last = now.mono
        self._averager.drop()
        self._seconds = 0.0

    def frame(self, mono: float, position: float) -> None:
        """Take note of a frame, decoded or not. position: seconds from the beginning of the stream by its own time stamps."""
        timing = self._timing
        if timing.frame(mono, position):
            self._lasting[ProblemKind.CLOCK].see(bool(timing.wrong_clock), timing.seconds)
            self._lasting[ProblemKind.SLOW].see(timing.slow, timing.seconds)
            self._choose()

    def see(self, glimpse: Glimpse) -> None:
        """Take note of a picture that was decoded. Nothing of it is kept."""
        now = glimpse.at.mono
        seconds = min(_LONGEST, now - self._last) if self._last is not None else 0.0
        self._last = now
        self._repeats.see(glimpse)
        self._lasting[ProblemKind.FROZEN].see(self._repeats.same, seconds)
        self._averager.add(glimpse.grey)
        self._focus(glimpse.image, now)
        self._seconds += seconds
        if self._seconds >= _STEP:
            self._judge(glimpse.image, now, self._seconds)
            self._seconds = 0.0
        self._choose()

    def _focus(self, image: Image, now: float) -> None:
        """Measure the sharpness every now and then, by two pictures that follow each other."""
        if self._middle is not None:
            later = middle(image)
            if later.shape == self._middle.shape:
                self._measured = measure(self._middle, later, self._averager.seen)
            self._middle = None
        elif now >= self._sharp_due:
            self._middle = middle(image)
            self._sharp_due = now + (_SHARP_EVERY if self._lasting[ProblemKind.BLURRED].quiet else _STEP)

    def _judge(self, image: Image, now: float, seconds: float) -> None:
        """Judge the pictures of so many seconds together."""
        mean, seen, view = self._averager.take(), self._averager.seen, self._view
        self._night = colourless(image, self._night)
        self._exposure = expose(mean, seen)
        view.see(mean, seen, self._exposure.level, self._measured, night=self._night)
        self._measured = None
        if view.recognised:
            self._recognised_at = now
            self._clear_at = now if self._exposure.clear else self._clear_at
        self._lasting[ProblemKind.BLACK].see(self._is_black(image, now), seconds)
        self._lasting[ProblemKind.COVERED].see(self._is_covered(now), seconds)
        self._lasting[ProblemKind.MOVED].see(view.moved, seconds)
        self._lasting[ProblemKind.BLURRED].see(view.blurred, seconds)
        if all(self._lasting[kind].quiet for kind in _OF_SIGHT):
            view.learn(seconds, faded=self._exposure.flat)
        if view.settle(seconds):
            self._reset(_OF_VIEW)

    def _is_black(self, image: Image, now: float) -> bool:
        """Whether there is nothing in the picture, and night is no reason for it."""
        if not self._exposure.empty or self._view.there:
            self._emptied = False
            return False
        self._emptied = self._emptied or (now - self._clear_at <= _AT_ONCE and not self._view.blank)
        return self._emptied or not living(image)

    def _is_covered(self, now: float) -> bool | None:
        """Whether the scene has gone, and night is no reason for it; None if in doubt."""
        gradual = self._lasting[ProblemKind.COVERED].quiet and now - self._recognised_at > _AT_ONCE
        return False if gradual else self._view.gone

    def _reset(self, kinds: Sequence[ProblemKind]) -> None:
        self._lasting.update({kind: Lasting(*_TIMES[kind]) for kind in kinds})
        self._choose()

    def _choose(self) -> None:
        self._problem = next((kind for kind, lasting in self._lasting.items() if lasting.on), None)
