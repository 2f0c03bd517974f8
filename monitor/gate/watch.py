"""All that is judged of one camera's pictures before anybody looks at them: can they be trusted, and does something move?"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.config.schema import CameraSettings
from monitor.gate.condition.condition import Condition
from monitor.gate.grey import black_out, shrink
from monitor.gate.motion import MotionGate
from monitor.values import WHOLE, GateReason, Glimpse, Image, Moment, Need, ProblemKind, Verdict


class Watch:
    """One camera's. Moments may not go back.

    zones: those that are looked at; where none of them is the whole picture, movement elsewhere opens no gate. looks: how many a rule
    asks for. live: a camera; the pictures of a file are what they are, and nothing is wrong with them. before: the watch over the same
    camera until now, whose knowledge of its pictures goes on.
    """

    def __init__(self, settings: CameraSettings, zones: Sequence[str], looks: int, *, live: bool, before: Watch | None = None) -> None:
        polygons = None if WHOLE in zones else [settings.zones[zone] for zone in zones]
        self._masks = settings.masks
        self._gate = MotionGate(settings.motion, looks, settings.masks, polygons)
        fresh = Condition(keyframes=settings.decode == "keyframes", masks=settings.masks) if live else None
        self._condition: Condition | None = before._condition if before else fresh

    @property
    def problem(self) -> ProblemKind | None:
        """What is wrong with the pictures; None if nothing is known to be."""
        return self._condition.problem if self._condition else None

    @property
    def detail(self) -> str:
        """The same in words."""
        return self._condition.detail if self._condition else ""

    def opened(self, now: Moment, told_fps: float | None) -> None:
        """Take note that the camera was opened, anew or for the first time. told_fps: what it says it gives."""
        self._gate.forget()
        if self._condition:
            self._condition.opened(now, told_fps)

    def frame(self, mono: float, position: float) -> None:
        """Take note of a frame, decoded or not. position: seconds from the beginning of the stream by its own time stamps."""
        if self._condition:
            self._condition.frame(mono, position)

    def judge(self, image: Image, at: Moment, position: float, need: Need) -> Verdict:
        """Tell whether a picture, which is masked for good, is worth a look."""
        black_out(image, self._masks)
        grey = shrink(image)
        if self._condition:
            self._condition.see(Glimpse(at, image, grey, position))
        again = self._condition is not None and self._condition.same
        verdict = Verdict(False, GateReason.SAME) if again else self._gate.judge(grey, at.mono, needed=need >= Need.LOOK)
        if need is Need.PICTURE:
            return Verdict(True, GateReason.NEEDED, verdict.movement)
        if need is Need.NOTHING:
            return Verdict(False, GateReason.IDLE)
        if self.problem is not None and self.problem.blind:
            return Verdict(False, GateReason.BLIND)
        return verdict
