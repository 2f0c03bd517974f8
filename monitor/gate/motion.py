"""Whether anything moves that is worth a look."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from monitor.config.polygon import Polygon
from monitor.config.schema import MotionSettings
from monitor.gate.background import Background, Difference
from monitor.gate.region import largest
from monitor.values import GateReason, Grey, Region, Verdict

LINGER = 2.0
"""Seconds that the gate stays open after the last movement: who came and stands still gets the looks that a rule needs."""

SETTLE = 1.0
"""Seconds that a change of the whole picture is waited for: lightning and headlights are over by then."""

_MOST = 0.5
"""Of the picture: if more than this differs at once, it is the light or another scene rather than something that moves."""

_LEAST = 0.001
"""Of the picture: the least that something must cover to count, at sensitivity 0.5."""


class MotionGate:
    """The gate of one camera. Pictures and times come in order; rates and waits go by the times, however many pictures there are.

    looks: how many looks a new picture earns. masks: black, and nothing in them counts. zones: where movement counts; None: everywhere.
    """

    def __init__(self, settings: MotionSettings, looks: int, masks: Sequence[Polygon] = (), zones: Sequence[Polygon] | None = None) -> None:
        self._settings = settings
        self._looks = looks
        self._masks = masks
        self._zones = zones
        self._background: Background | None = None
        self._earned = 0
        self._reason = GateReason.START
        self._at = -inf
        self._looked = -inf
        self._open_until = -inf
        self._shut_until = -inf
        self._changed: float | None = None
        self._least = 1
        self._movement: Region | None = None

    def forget(self) -> None:
        """Begin anew: what comes next may be another scene."""
        self._background = None

    def judge(self, grey: Grey, mono: float, *, needed: bool = False) -> Verdict:
        """Tell whether a picture is worth a look. mono: seconds, monotonic. needed: a rule is between states, it is looked at anyway."""
        if not self._settings.enabled:
            return Verdict(True, GateReason.UNGATED)
        verdict = self._verdict(self._moving(grey, mono), mono, needed)
        if verdict.look:
            self._looked = mono
        return verdict

    def _verdict(self, moving: Region | None, mono: float, needed: bool) -> Verdict:
        if self._earned:
            self._earned -= 1
            return Verdict(True, self._reason)
        if moving:
            return Verdict(True, GateReason.MOVEMENT, moving)
        if needed:
            return Verdict(True, GateReason.NEEDED)
        if mono - self._looked >= self._settings.recheck:
            return Verdict(True, GateReason.RECHECK)
        return Verdict(False, GateReason.QUIET)

    def _moving(self, grey: Grey, mono: float) -> Region | None:
        """Where something moves, or did a moment ago."""
        seconds, self._at = mono - self._at, mono
        if self._background is None or self._background.shape != grey.shape:
            self._begin(grey)
            return None
        difference = self._background.compare(grey)
        if difference.share > _MOST:
            self._see_change(self._background, grey, mono, seconds)
        else:
            self._changed = None
            self._background.follow(seconds)
            self._see_movement(difference, mono)
        return self._movement if mono <= self._open_until else None

    def _begin(self, grey: Grey) -> None:
        background = Background(grey.shape, self._settings.sensitivity, self._masks, self._zones)
        share = _LEAST * 4 ** (0.5 - self._settings.sensitivity)
        self._least = max(1, round(min(share * grey.size, background.counted / 2)))
        self._open_until = self._shut_until = -inf
        self._background = background
        self._renew(background, grey, GateReason.START)

    def _see_change(self, background: Background, grey: Grey, mono: float, seconds: float) -> None:
        if self._changed is None:
            self._changed = mono
            # Twice in a row would let a light that blinks keep the gate shut.
            if mono > max(self._open_until, self._shut_until + SETTLE):
                self._shut_until = mono + SETTLE
            return
        background.wait(seconds)
        if mono - self._changed >= SETTLE:
            self._renew(background, grey, GateReason.CHANGE)

    def _see_movement(self, difference: Difference, mono: float) -> None:
        if mono < self._shut_until or difference.number < self._least:
            return
        moving = largest(difference.moving, self._least)
        if moving:
            self._movement = moving
            self._open_until = mono + LINGER

    def _renew(self, background: Background, grey: Grey, reason: GateReason) -> None:
        """Take the picture for the background; it earns its looks."""
        background.learn(grey)
        self._changed = None
        self._earned, self._reason = self._looks, reason
