"""Messages in memory, while the disk refuses them: bounded, and sent from there.

The record thread brings them and takes them along with its next commit; the publisher's thread sends them meanwhile. What a broker
has by the time that it reaches the disk must not come back from there, so between `held` and the outcome of that commit
(`hold` or `release`) nothing is forgotten for good.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from monitor.outgoing import Outgoing
from monitor.record.losses import Losses
from monitor.values import Severity

CAPACITY = 1000
"""Messages held at most: the oldest notice goes first, then the oldest alert."""

Key = tuple[str, int]


class Held:
    """Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: dict[Key, Outgoing] = {}
        self._leaving: set[Key] = set()  # on their way to the disk
        self._delivered: set[Key] = set()  # of those, what a broker has by now
        self._losses = Losses()

    def hold(self, messages: Sequence[Outgoing], wall: float) -> Losses:
        """Keep what the disk refused at `wall` (Unix seconds); what a broker has meanwhile is left out. Give what was lost by it."""
        with self._lock:
            for message in messages:
                if message.key not in self._delivered:
                    self._messages.setdefault(message.key, message)
            self._arrived()
            by_worth = sorted(self._messages.values(), key=lambda message: message.severity is Severity.ALERT)
            excess = by_worth[: max(0, len(by_worth) - CAPACITY)]
            for message in excess:
                del self._messages[message.key]
            losses = Losses.of((message.severity for message in excess), wall)
            self._losses += losses
            return losses

    def leave(self) -> list[Outgoing]:
        """Give all that is held, to be committed now."""
        with self._lock:
            self._arrived()
            self._leaving.update(self._messages)
            return list(self._messages.values())

    def release(self, keys: Sequence[Key]) -> None:
        """Forget what is on the disk."""
        with self._lock:
            for key in keys:
                self._messages.pop(key, None)
            self._arrived()

    def deliver(self, keys: Sequence[Key]) -> None:
        """Forget what a broker has."""
        with self._lock:
            for key in keys:
                self._messages.pop(key, None)
            self._delivered |= self._leaving.intersection(keys)

    def keys(self) -> set[Key]:
        """Give the keys of what is not on the disk for certain, and may be soon."""
        with self._lock:
            return self._messages.keys() | self._leaving

    def messages(self) -> list[Outgoing]:
        """Give all that is held, oldest first."""
        with self._lock:
            return list(self._messages.values())

    @property
    def losses(self) -> Losses:
        """What was lost and is not counted on the disk yet."""
        with self._lock:
            return self._losses

    def counted(self, losses: Losses) -> None:
        """Forget losses that are counted on the disk now."""
        with self._lock:
            left = (self._losses.alerts - losses.alerts, self._losses.notices - losses.notices)
            self._losses = Losses(*left, self._losses.until, self._losses.until) if any(left) else Losses()

    def _arrived(self) -> None:
        self._leaving.clear()
        self._delivered.clear()
