"""The loop of one camera: open it, grab every frame, leave those worth a look in the mailbox, and come back after a loss.

`step` does one thing at a time and never sleeps; how long it may rest is its answer. It blocks only inside the source: OpenCV bounds
a read, and an opening, in seconds. Frames are stamped here, for the time stamps of a stream are the camera's own and start anew with
every connection.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from monitor.backoff import Backoff
from monitor.camera.eye import Eye
from monitor.camera.mailbox import Mailbox
from monitor.camera.opencv import Decode, open_source
from monitor.camera.pace import Pacer
from monitor.camera.protocol import ABSENT, Fault, Source
from monitor.camera.source import Clip, Description, parse_source
from monitor.camera.state import CameraLink, Counters, LinkState
from monitor.clock import Clock
from monitor.config.schema import CameraSettings
from monitor.errors import CameraError
from monitor.gate.skip import QUIET
from monitor.gate.watch import Watch
from monitor.values import Image, Moment, OfflineReason

log = logging.getLogger(__name__)

_STEADY = 10.0
"""Seconds of frames after which a camera counts as well again and the pauses begin anew."""

_LOCKOUT = 60.0
"""The shortest pause after a refused password: cameras lock out who tries again and again."""

_ABSENT_LONGEST = 5.0
"""The longest pause while nobody answers at all. Asking then is one packet, and a camera that returns is to be seen at once."""

_STALLED = 0.9
"""The part of the read timeout from which a frame may be the stale one that FFmpeg flushes out of its decoder when a read runs into its
timeout."""

_RECENT = 0.5
"""The part of the time that such a read took by which the stream's own time stamps must have gone on, or the frame is the stale one: of a
slow camera they have."""

_MISS_PAUSE = 0.05
"""Seconds to rest after a failed grab that does not yet mean a loss: a camera that was unplugged fails without waiting."""

_IDLE = 60.0


class Capture:
    """One camera's capture. `step` and `close` belong to one thread; everything else may be used by any. eye: takes what it grabs.

    Raises CameraError at once if `settings.source` makes no sense. random: gives numbers from 0 to 1. watch, offer, quiet: as in
    `Eye`. delay: seconds until it is opened first. last_step, last_frame: monotonic seconds of the last step's beginning and of the last
    good frame (None before the first).
    """

    def __init__(
        self,
        name: str,
        settings: CameraSettings,
        clock: Clock,
        mailbox: Mailbox,
        random: Callable[[], float],
        opener: Callable[[Description, Decode], Source] | None = None,
        *,
        watch: Watch | None = None,
        offer: Callable[[Image, Moment], None] | None = None,
        quiet: float = QUIET,
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self.description = parse_source(settings.source, settings.username, settings.password)
        self.counters = Counters()
        self.eye = Eye(name, settings, mailbox, self.counters, watch, offer, quiet)
        start = clock.now()
        self.link = CameraLink(LinkState.CONNECTING, start)
        self.last_step = start.mono
        self.last_frame: float | None = None
        self._settings = settings
        self._clock = clock
        self._mailbox = mailbox
        self._random = random
        self._opener = opener or partial(open_source, fps=settings.fps)
        self._abandoned = threading.Event()
        self._paced = isinstance(self.description, Clip) and settings.pace == "realtime"
        self._loops = isinstance(self.description, Clip) and (settings.loop or self.description.endless)
        self._backoff = Backoff(random)
        self._absent_backoff = Backoff(random, longest=_ABSENT_LONGEST)
        self._due = start.mono + delay
        self._source: Source | None = None
        self._start_run()

    def abandon(self) -> None:
        """Have it let go of the camera as soon as it comes back, and do and say nothing more."""
        self._abandoned.set()

    def replace(self) -> Capture:
        """Give up on this one, which hangs inside OpenCV, and give another in its place: same counts, same eye.

        When this one comes back, it lets go of the camera and does nothing more.
        """
        self.abandon()
        heir = Capture(self.name, self._settings, self._clock, self._mailbox, self._random, self._opener)
        heir.eye, heir.counters = self.eye, self.counters
        heir.last_frame = self.last_frame
        return heir

    def step(self, now: Moment) -> float:
        """Do the next thing; give the seconds until there is something to do again."""
        self.last_step = now.mono
        if now.mono < self._due:
            return self._due - now.mono
        if self._abandoned.is_set() or self.link.state is LinkState.ENDED:
            return _IDLE
        try:
            if self._source is None:
                self._open()
                return 0.0
            if self._held:
                return self._deliver(self._source, now)
            return self._grab(self._source, now)
        except CameraError as error:
            return _IDLE if self._abandoned.is_set() else self._lose(error)

    def close(self) -> None:
        """Let go of the camera."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _open(self) -> None:
        source = self._opener(self.description, self._settings.decode)
        self._source = source
        self._start_run()
        if self._abandoned.is_set():
            self.close()
        elif self.link.state is not LinkState.ONLINE:  # a clip that begins again is the same scene
            self.eye.opened(self._clock.now(), source.facts.fps)

    def _start_run(self) -> None:
        """Forget what belongs to one opening of the source."""
        self._pacer = Pacer()
        self._held = False
        self._frames = self._misses = 0
        self._run_began = 0.0

    def _grab(self, source: Source, now: Moment) -> float:
        before = source.position
        grabbed = source.grab()
        if self._abandoned.is_set():
            self.close()
            return _IDLE
        at = self._clock.now()
        limit = source.facts.read_timeout
        waited = at.mono - now.mono
        stalled = limit is not None and waited >= _STALLED * limit
        if not grabbed:
            return self._miss(source, at, stalled=stalled)
        self._misses = 0
        if stalled and source.position - before < _RECENT * waited:
            self.counters.stale += 1
            return 0.0
        if self._paced:
            self._due = self._pacer.due(source.position, at.mono)
            if self._due > at.mono:
                self._held = True
                return self._due - at.mono
        return self._deliver(source, at)

    def _deliver(self, source: Source, at: Moment) -> float:
        """Hand the grabbed frame on."""
        self._held = False
        self._welcome(source, at)
        self.eye.see(source, at)
        return 0.0

    def _welcome(self, source: Source, at: Moment) -> None:
        """Note a good frame: the first brings the camera online, ten seconds of them make it well."""
        before, self.last_frame = self.last_frame, at.mono
        if self._frames == 0:
            self._run_began = at.mono
        self._frames += 1
        if self.link.state is not LinkState.ONLINE:
            if before is not None:
                self.counters.reconnects += 1
                self.counters.recovery = at.mono - before
            self.link = CameraLink(LinkState.ONLINE, at, detail=str(source.facts))
            log.info("%s: connected %s", self.name, source.facts)
        if at.mono - self._run_began >= _STEADY:
            self._backoff.reset()
            self._absent_backoff.reset()

    def _miss(self, source: Source, at: Moment, *, stalled: bool) -> float:
        """Judge a failed grab."""
        self._misses += 1
        if self._misses < source.facts.misses:
            return _MISS_PAUSE if source.facts.live else 0.0
        if source.facts.live:
            raise CameraError("no picture comes any more" if stalled else "the stream broke off", Fault.LOST)
        if self._frames == 0:
            raise CameraError(f"{self.description} holds no picture that can be decoded", Fault.NOT_VIDEO)
        self.close()
        if self._loops:
            self._due = at.mono + (1 / (source.facts.fps or 25.0) if self._paced else 0.0)
            return self._due - at.mono
        self.link = CameraLink(LinkState.ENDED, at, OfflineReason.ENDED, f"{self.description} is over")
        log.info("%s: ended (%s)", self.name, self.link.detail)
        return _IDLE

    def _lose(self, error: CameraError) -> float:
        """Release the camera and fix the time of the next attempt."""
        self.close()
        refused = error.reason == Fault.AUTH_FAILED
        backoff = self._absent_backoff if error.reason in ABSENT else self._backoff
        pause = backoff.next(at_least=_LOCKOUT if refused else 0.0)
        at = self._clock.now()
        self._due = at.mono + pause
        reason, detail = OfflineReason.AUTH_FAILED if refused else OfflineReason.LOST, str(error)
        waiting = self.link.state is LinkState.WAITING
        news = not waiting or self.link.detail != detail
        self.link = CameraLink(LinkState.WAITING, self.link.since if waiting else at, reason, detail)
        level = logging.WARNING if news else logging.DEBUG
        what = "login refused" if refused else "lost" if self.counters.grabbed else "not connected"
        log.log(level, "%s: %s (%s): trying again in %.0f s", self.name, what, detail, pause)
        return pause
