"""The clip of each alert: what its camera saw shortly before and after. The work of the clips thread, where `clips.enabled`.

It has a thread of its own so that no alert waits for a clip: a picture takes 15 ms to encode on a PC and some 60 on a Raspberry Pi. They
are encoded as they come in, a few per step, so that little is left to do when a clip is over, or when the daemon stops and it is saved
with what is there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from monitor.camera.ring import LAG, Ring
from monitor.clock import Clock
from monitor.config.schema import ClipSettings
from monitor.errors import PictureError
from monitor.pipeline import Outcome
from monitor.record.clips import Clips
from monitor.record.webm import KeyFrame, key_frame
from monitor.values import Alert, EventType, Moment

log = logging.getLogger(__name__)

STEP = 1.0
"""Seconds between two steps while clips are being made and there is nothing to catch up with."""

BATCH = 8
"""Pictures encoded in one step, of all clips together: a stop waits for so many at most."""

CLIPS = 16
"""Clips that are made at a time; an alert beyond them goes without its own."""

BYTES = 64 * 1000**2
"""What the clips that are being made may hold together; beyond it the oldest is saved as it is."""

HOUSEKEEPING = 900.0
"""Seconds between two rounds of retention."""


@dataclass(slots=True)
class Clip:
    """A clip in the making. upto: how far it has got; end: when it is over (both seconds, monotonic)."""

    alert: Alert
    ring: Ring
    upto: float
    end: float
    frames: list[KeyFrame] = field(default_factory=list)
    size: int = 0

    def feed(self, most: int) -> int:
        """Encode at most so many of the pictures that wait; return how many were taken."""
        stills = self.ring.between(self.upto, self.end)[:most]
        for still in stills:
            self.upto = still.at.mono
            try:
                self.frames.append(key_frame(still.jpeg, still.at.mono))
            except PictureError as error:
                log.error("the clip of %s ends early: %s", self.alert.id, error)
                self.end = self.upto
                break
            self.size += len(self.frames[-1].data)
        return len(stills)


class Clipping:
    """Makes the clips of all cameras. `ring` and `put` are for any thread. dropped: alerts that went without a clip.

    today: gives the Unix seconds by which the ages of clips are judged.
    """

    def __init__(self, settings: ClipSettings, clips: Clips, clock: Clock, today: Callable[[], float]) -> None:
        self.wake = threading.Event()
        self.dropped = 0
        self._settings = settings
        self._clips = clips
        self._clock = clock
        self._today = today
        self._rings: dict[str, Ring] = {}
        self._lock = threading.Lock()
        self._begun: list[Clip] = []
        self._making: list[Clip] = []
        self._swept = float("-inf")

    @property
    def making(self) -> int:
        """How many clips are being made."""
        return len(self._begun) + len(self._making)

    def ring(self, camera: str) -> Ring:
        """Give a camera a new ring, to be filled by its capture."""
        self._rings[camera] = Ring(self._settings.pre + LAG, self._settings.width, self._settings.fps)
        return self._rings[camera]

    def keep(self, cameras: Collection[str]) -> None:
        """Let go of the rings of all other cameras. On the classify thread, as `put` is."""
        self._rings = {camera: ring for camera, ring in self._rings.items() if camera in cameras}

    def put(self, outcome: Outcome) -> None:
        """Begin a clip for each alert that starts an episode; never waits."""
        for event in outcome.events:
            if isinstance(event, Alert) and event.event_type is EventType.START:
                self._begin(event)

    def step(self, now: Moment) -> float:
        """Encode some of the pictures that have come, and save the clips that are over."""
        if now.mono - self._swept >= HOUSEKEEPING:
            self._swept = now.mono
            self._clips.sweep(self._today())
        with self._lock:
            self._making += self._begun
            self._begun = []
        left = BATCH
        for clip in list(self._making):
            left -= clip.feed(left)
            if left > 0 and now.mono > clip.end + STEP:  # by now its last picture has come
                self._save(clip)
        self._making = self._making[1:] + self._making[:1]  # each is the first in its turn
        while sum(clip.size for clip in self._making) > BYTES:
            self._save(min(self._making, key=lambda clip: clip.end))
        if left <= 0:
            return 0.0
        return STEP if self._making else HOUSEKEEPING

    def close(self) -> None:
        """Save the clips that are being made, with what there is."""
        self.step(self._clock.now())
        for clip in list(self._making):
            self._save(clip)

    def _begin(self, alert: Alert) -> None:
        ring = self._rings.get(alert.place.camera)
        if ring is None:
            return
        now = self._clock.now()
        alerted = now.mono - min(max(0.0, now.wall - alert.time), LAG)
        with self._lock:
            if self.making >= CLIPS:
                self.dropped += 1
                log.warning("%s: alert %s goes without a clip: %d are being made", alert.place.camera, alert.id, CLIPS)
                return
            self._begun.append(Clip(alert, ring, alerted - self._settings.pre, alerted + self._settings.post))
        self.wake.set()

    def _save(self, clip: Clip) -> None:
        self._making.remove(clip)
        if clip.frames:
            self._clips.save(clip.alert, clip.frames)
