"""Playing a file in real time: when each of its frames is due."""

from __future__ import annotations

_LATE = 1.0
"""Seconds a clip may fall behind and still catch up; beyond, it goes on from where it is, as a viewer's player would."""

_GAP = 30.0
"""The longest pause between two frames that is played out, in seconds. Longer ones are broken time stamps or cut recordings."""


class Pacer:
    """Tells, for one run through a clip, when its frames are due on the monotonic clock."""

    def __init__(self) -> None:
        self._origin: float | None = None

    def due(self, position: float, mono: float) -> float:
        """Give the time at which the frame at `position` (seconds into the clip) is due, `mono` being now. Maybe in the past."""
        if self._origin is None or not -_LATE <= self._origin + position - mono <= _GAP:
            self._origin = mono - position
        return self._origin + position
