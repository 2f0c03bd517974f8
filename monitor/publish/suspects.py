"""Which message makes the broker hang up. Pure.

A message that a broker cannot stand costs the connection; sent again first thing on the next one it costs that, too, and everything
behind it waits for ever. So whoever was on its way when the connection broke soon after is a suspect; after a few such breaks messages go
one at a time, and one that is alone when the connection breaks again is the culprit. A broker that is merely restarted clears everybody
by its next answer, and one that answered nothing at all on a connection accuses nobody.
"""

from __future__ import annotations

from collections.abc import Hashable

STRIKES = 3
"""Connections that must have broken with a message on its way before it can be the culprit."""

SOON = 2.0
"""Seconds after its sending for which a message may be to blame."""


class Suspects:
    """Told of every message by what identifies it."""

    def __init__(self) -> None:
        self._sent: dict[Hashable, float] = {}
        self._strikes: dict[Hashable, int] = {}
        self._anything_answered = False

    @property
    def careful(self) -> bool:
        """Whether to send only one message at a time."""
        return any(count >= STRIKES for count in self._strikes.values())

    def sent(self, what: Hashable, now: float) -> None:
        """Note that a message is on its way since `now`, in monotonic seconds."""
        self._sent[what] = now

    def answered(self, what: Hashable) -> None:
        """Note that the broker lived to answer for it."""
        self._anything_answered = True
        self._sent.pop(what, None)
        self._strikes.pop(what, None)

    def broke(self, now: float) -> Hashable | None:
        """Note that the connection broke, and give the culprit if it is found."""
        recent = [what for what, at in self._sent.items() if now - at <= SOON]
        self._sent.clear()
        lived, self._anything_answered = self._anything_answered, False
        if lived and self.careful and len(recent) == 1 and self._strikes.get(recent[0], 0) >= STRIKES:
            self._strikes.clear()
            return recent[0]
        self._strikes = {what: self._strikes.get(what, 0) + 1 for what in recent}
        return None
