"""Whether a camera is there, judged by its frames.

A connection that stands says nothing: cameras hang with the connection open. So a camera is online from a frame on, and offline
after `SILENCE` seconds without one. The link only lends its reason, with one exception: a file that ended is over at once. Frames that
are one and the same say nothing either: while the picture is frozen, the camera is offline.
"""

from __future__ import annotations

import math

from monitor.values import CameraEvent, Moment, OfflineReason

SILENCE = 10.0
"""Seconds without a frame after which a camera is offline and its states are unknown."""

LOSS = 60.0
"""Seconds without a frame after which its episodes end."""


class Presence:
    """The judgement over one camera. Neither online nor offline until it knows."""

    def __init__(self, camera: str, now: Moment) -> None:
        self._camera = camera
        self._last_frame = now.mono  # before the first frame: since when it could have come
        self._gone_at = -math.inf  # frames from before this bring nobody back: they lay about in a queue
        self._told: CameraEvent | None = None
        self._frozen = False

    @property
    def availability(self) -> CameraEvent | None:
        """What was said last; None as long as nothing is known."""
        return self._told

    @property
    def online(self) -> bool:
        """Whether frames come."""
        return self._told is not None and self._told.online

    def silence(self, now: Moment) -> float:
        """Seconds since the last frame, or since the beginning."""
        return now.mono - self._last_frame

    def frame(self, at: Moment) -> CameraEvent | None:
        """Take note of a frame grabbed at `at`; give the event if the camera is there now and was not."""
        self._last_frame = max(self._last_frame, at.mono)
        if self.online or self._frozen or at.mono <= self._gone_at:
            return None
        self._told = CameraEvent(self._camera, at.wall, online=True, reason=None, detail="")
        return self._told

    def freeze(self, now: Moment, detail: str) -> CameraEvent | None:
        """Take note that the picture does not change any more; give the event if the camera was there."""
        self._frozen = True
        return self._go(now, OfflineReason.FROZEN, detail) if self.online else None

    def thaw(self) -> None:
        """Take note that the picture changes again: the next frame brings the camera back."""
        self._frozen = False

    def tick(self, now: Moment, reason: OfflineReason | None, detail: str) -> CameraEvent | None:
        """Let time pass; give the event if the camera went, or if it is away for another reason than was said.

        reason, detail: why the link is down as far as it knows, detail in words without secrets.
        """
        if self.silence(now) < SILENCE and reason is not OfflineReason.ENDED:
            return None
        said = self._told.reason if self._told is not None else None
        # A link that tries again has no reason while it tries: what was said still stands.
        reason = reason or said or OfflineReason.LOST
        if reason is said:
            return None
        self._gone_at = min(now.mono, self._last_frame + SILENCE)
        return self._go(now, reason, detail)

    def _go(self, now: Moment, reason: OfflineReason, detail: str) -> CameraEvent:
        self._told = CameraEvent(self._camera, now.wall, online=False, reason=reason, detail=detail)
        return self._told
