"""What becomes of episodes that an earlier run, or the configuration before a reload, left open.

A clean stop ends nothing: the thing may well still be there when the daemon is back a second later, and "gone, come again" would be
an invention. So episodes are found open at start, and each is either continued or ended.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from monitor.decide.episode import farewell
from monitor.values import Alert, EndReason, Moment, OpenEpisode, Place

PATIENCE = 60.0
"""Seconds that a camera has to show whether the thing is still there."""

TOO_LONG = 15 * 60.0
"""Seconds without a sight of the thing after which it counts as another one, even if it looks the same."""


def orphans(kept: Iterable[OpenEpisode], places: Collection[Place]) -> list[Alert]:
    """End, with rule_removed, the episodes whose camera, zone or rule is configured no more."""
    return [farewell(episode, EndReason.RULE_REMOVED) for episode in kept if episode.place not in places]


class Found:
    """An episode found open, until a look continues it or it is given up.

    kept: as the store had it. looks: how many looks it has. deadline: monotonic seconds at which it is given up anyway.

    How long the daemon was away can only be told by the wall clock: the one place in this room where two wall times are compared.
    It counts from when the thing was last seen, which is never later than the stop. A clock that went back says nothing, and
    leaves the judgement to the looks.
    """

    def __init__(self, kept: OpenEpisode, looks: int, now: Moment) -> None:
        self.kept = kept
        self.deadline = -math.inf if now.wall - kept.last_seen > TOO_LONG else now.mono + PATIENCE
        self._looks = looks

    def miss(self) -> bool:
        """Count a look below `release`; True when it was the last chance."""
        self._looks -= 1
        return self._looks <= 0
