"""Which of a camera's frames are looked at."""

from __future__ import annotations

import math
from collections.abc import Callable

from monitor.camera.live import Live
from monitor.camera.mailbox import Mailbox
from monitor.camera.protocol import Fault, Source
from monitor.camera.state import Counters
from monitor.config.schema import CameraSettings
from monitor.errors import CameraError
from monitor.gate.skip import QUIET, SkipPolicy
from monitor.gate.watch import Watch
from monitor.values import Frame, GateReason, Image, Moment, Need, ProblemKind, Verdict

_EMPTY_LIMIT = 3
"""Frames in a row that give no picture until the camera is opened anew."""

_UNGATED = Verdict(True, GateReason.UNGATED)


class Eye:
    """Leaves those of one camera's frames that are worth a look in its mailbox, and counts the others.

    `opened` and `see` are for the capture's thread, everything else for any. watch: judges pictures (it may be exchanged), None: all that
    the settings want are looked at. need: asked for what those who look need. offer: shown every picture that was decoded, masked.
    quiet: seconds from one picture to the next while nothing moves.
    """

    def __init__(
        self,
        camera: str,
        settings: CameraSettings,
        mailbox: Mailbox,
        counters: Counters,
        watch: Watch | None = None,
        offer: Callable[[Image, Moment], None] | None = None,
        quiet: float = QUIET,
    ) -> None:
        self.watch = watch
        self.need: Callable[[], Need] = lambda: Need.MOVEMENT
        self.live = Live()
        self.verdict: Verdict | None = None
        self.size: tuple[int, int] | None = None
        self._camera = camera
        self._fps = settings.fps
        self._mailbox = mailbox
        self._counters = counters
        self._offer = offer
        self._quiet = quiet
        self._spare: Image | None = None  # memory for the next picture: fresh memory costs a third of a millisecond a megabyte
        self._skip = SkipPolicy(settings.frame_skip, settings.fps)
        self._duty = SkipPolicy(1, math.inf)
        self._empty = 0

    @property
    def trouble(self) -> tuple[ProblemKind | None, str]:
        """What is wrong with the pictures, and that in words; None if nothing is known to be."""
        return (self.watch.problem, self.watch.detail) if self.watch else (None, "")

    def allow(self, fps: float) -> None:
        """Leave at most so many frames a second in the mailbox from now on, beside what the settings say."""
        # As many as the settings say are held to that already, on a raster of their own.
        self._duty.allow(fps if fps < self._fps else math.inf)

    def opened(self, now: Moment, told_fps: float | None) -> None:
        """Take note that the camera was opened, anew or for the first time. told_fps: what it says it gives."""
        self._empty = 0
        if self.watch:
            self.watch.opened(now, told_fps)

    def see(self, source: Source, at: Moment) -> None:
        """Take the frame that was grabbed at `at` as far as it is worth. CameraError once several in a row give no picture."""
        seq = self._counters.grabbed
        self._counters.grabbed += 1
        if self.watch:
            self.watch.frame(at.mono, source.position)
        if not self._skip.wants(seq, at.mono):
            self._counters.skipped += 1
            return
        image = source.retrieve(self._spare)
        if image is None:
            self._counters.empty += 1
            self._empty += 1
            if self._empty >= _EMPTY_LIMIT:
                raise CameraError("it sends frames that give no picture", Fault.LOST)
            return
        self._empty = 0
        verdict = self.watch.judge(image, at, source.position, self.need()) if self.watch else _UNGATED
        self.verdict, self.size = verdict, (image.shape[1], image.shape[0])
        if self._offer:
            self._offer(image, at)
        self._spare = image
        if verdict.reason is GateReason.QUIET and not self.live.watched:
            self._skip.rest(self._quiet)
        if not verdict.look:
            self._counters.gated += 1
        elif not self._duty.wants(seq, at.mono):
            self._counters.skipped += 1
        else:
            self._counters.retrieved += 1
            self._spare = None
            self._mailbox.put(Frame(self._camera, seq, at, image, verdict.reason, verdict.movement))
        self.live.offer(image, at)  # last, as no look is to wait for it
