"""What a stay of a rule publishes: start, updates, end.

An episode is judged by its machine; here is only how it speaks. Its lasting part is an `OpenEpisode`, exactly what is kept over a
restart. Beside it live four things that need no keeping: when it began by the monotonic clock, and what the last message said.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from monitor.clock import iso
from monitor.decide.rule import Reading
from monitor.values import Alert, EndReason, EventType, Moment, OpenEpisode, Place, Severity

UPDATE_EVERY = 10.0
"""Seconds between two messages of an episode, its end left out."""

RISE = 0.05
"""How much the best score must rise above the last message's to be news."""

_ROUNDING = 1e-6  # 0.85 - 0.80 is a little less than 0.05 in binary, and scores come from 32-bit floats


def episode_id(place: Place, started_at: float) -> str:
    """Name an episode by its start and its place, e.g. `20261122t033000123z-1a2b3c`: sortable, fit for a URL.

    The same function names episodes in the daemon and in `replay`. The six digits keep apart episodes of one millisecond.
    """
    stamp = "".join(character for character in iso(started_at, utc=True)[:23] if character.isalnum()).lower()
    key = "\0".join((place.camera, place.zone, place.rule, stamp))
    return f"{stamp}z-{sha256(key.encode()).hexdigest()[:6]}"


def farewell(kept: OpenEpisode, reason: EndReason) -> Alert:
    """End an episode of an earlier run that nobody continued: it ended when it was last seen, for all we know."""
    return _message(kept, EventType.END, kept.seq + 1, kept.last_seen, max(0.0, kept.last_seen - kept.started_at), reason)


class Episode:
    """A running episode. Make one with `begin` or `resume`."""

    def __init__(self, kept: OpenEpisode, began: float, now: Moment) -> None:
        self.kept = kept
        self._began = began
        self._told_at = now.mono
        self._told_score = kept.best_score
        self._told_label = kept.label

    @classmethod
    def begin(cls, place: Place, severity: Severity, reading: Reading, now: Moment) -> tuple[Episode, Alert]:
        """Open an episode and give its `start`."""
        kept = OpenEpisode(
            id=episode_id(place, now.wall),
            seq=-1,
            place=place,
            label=reading.label,
            best_score=reading.score,
            severity=severity,
            started_at=now.wall,
            last_seen=now.wall,
        )
        episode = cls(kept, now.mono, now)
        return episode, episode._say(EventType.START, now)

    @classmethod
    def resume(cls, kept: OpenEpisode, now: Moment) -> Episode:
        """Go on with an episode of an earlier run, silently.

        How long it has lasted can only be told by the wall clock. One that went back meanwhile (no real-time clock) does not make
        it shorter than it was.
        """
        age = max(now.wall, kept.last_seen) - kept.started_at
        return cls(kept, now.mono - max(0.0, age), now)

    def see(self, reading: Reading, now: Moment) -> Alert | None:
        """Take in a look at or above `release`; give an `update` if that is news and the last message is long enough ago."""
        best = max(self.kept.best_score, reading.score)
        self.kept = replace(self.kept, best_score=best, label=reading.label, last_seen=now.wall)
        news = best - self._told_score >= RISE - _ROUNDING or reading.label != self._told_label
        if news and now.mono - self._told_at >= UPDATE_EVERY:
            return self._say(EventType.UPDATE, now)
        return None

    def end(self, reason: EndReason, now: Moment) -> Alert:
        """Give the `end`; nothing may be said afterwards."""
        return self._say(EventType.END, now, reason)

    def _say(self, event_type: EventType, now: Moment, reason: EndReason | None = None) -> Alert:
        self.kept = replace(self.kept, seq=self.kept.seq + 1)
        self._told_at = now.mono
        self._told_score = self.kept.best_score
        self._told_label = self.kept.label
        return _message(self.kept, event_type, self.kept.seq, now.wall, max(0.0, now.mono - self._began), reason)


def _message(kept: OpenEpisode, event_type: EventType, seq: int, time: float, duration: float, reason: EndReason | None) -> Alert:
    return Alert(
        event_type=event_type,
        id=kept.id,
        seq=seq,
        place=kept.place,
        label=kept.label,
        score=kept.best_score,
        severity=kept.severity,
        started_at=kept.started_at,
        time=time,
        duration=duration,
        reason=reason,
    )
