"""Which message makes the broker hang up. Pure.

A message that a broker cannot stand costs the connection; sent again first thing on the next one it costs that, too, and everything
behind it waits for ever. So whoever was on its way when the connection broke soon after is a suspect; after a few such breaks messages go
one at a time, and one that is alone when the connection breaks again is accused.

A broker that dies of something else can do that to an innocent one, if it dies again and again just after we are connected. So whoever
is accused is tried: it is held back until the connection has stood for a while without it, each time for longer, and only if the
connection breaks as soon as it is sent, each time, it is the culprit. A break at any other moment acquits everybody, and so does an
answer. One that answered nothing at all on a connection accuses nobody.
"""

from __future__ import annotations

from collections.abc import Hashable

STRIKES = 3
"""Connections that must have broken with a message on its way before it can be accused."""

TRIALS = 3
"""Connections that must have broken with the accused alone on its way, after they had stood without it."""

CALM = 2.0
"""Seconds for which a connection must have stood at the first trial; at the second it is twice that, so that no broker whose connections
always last as long is taken for one that hangs up."""

SOON = 2.0
"""Seconds after its sending for which a message may be to blame."""


class Suspects:
    """Told of every message by what identifies it."""

    def __init__(self) -> None:
        self._since = 0.0
        self._sent: dict[Hashable, float] = {}
        self._strikes: dict[Hashable, int] = {}
        self._anything_answered = False
        self._accused: Hashable | None = None
        self._trials = 0

    @property
    def careful(self) -> bool:
        """Whether only one message is sent at a time."""
        return any(count >= STRIKES for count in self._strikes.values())

    def connected(self, now: float) -> None:
        """Note that a connection begins at `now`, in monotonic seconds."""
        self._since = now
        self._sent.clear()
        self._anything_answered = False

    def may_go(self, what: Hashable, now: float) -> bool:
        """Whether to send a message now, or to wait with it and with all that are behind it."""
        if self._sent and self.careful:
            return False
        return what != self._accused or now - self._since >= CALM * (self._trials + 1)

    def sent(self, what: Hashable, now: float) -> None:
        """Note that a message is on its way since `now`."""
        self._sent[what] = now

    def answered(self, what: Hashable) -> None:
        """Note that the broker lived to answer for it."""
        self._anything_answered = True
        self._sent.pop(what, None)
        self._strikes.pop(what, None)
        if what == self._accused:
            self._accused = None

    def broke(self, now: float) -> Hashable | None:
        """Note that the connection broke, and give the culprit if it is found."""
        recent = [what for what, at in self._sent.items() if now - at <= SOON]
        alone = recent[0] if self._anything_answered and len(recent) == 1 and self._strikes.get(recent[0], 0) >= STRIKES else None
        self._trials = self._trials + 1 if alone is not None and alone == self._accused else 0
        self._accused = alone
        self._sent.clear()
        if self._trials == TRIALS:
            self._accused = None
            self._strikes.clear()
            return alone
        self._strikes = {what: self._strikes.get(what, 0) + 1 for what in recent}
        return None
