"""Messages that are said once, in their order: what tidies up at a broker after an earlier configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class Once:
    """Retained messages, each a topic and its payload, that count as said when the broker has acknowledged all of them."""

    def __init__(self, messages: Iterable[tuple[str, bytes]] = ()) -> None:
        self._messages = list(messages)
        self._sent = 0
        self._answered = 0

    @property
    def done(self) -> bool:
        """Whether the broker has answered for all."""
        return self._answered >= len(self._messages)

    def next(self) -> tuple[str, bytes] | None:
        """Give the next that is to be sent, or None if all are."""
        return self._messages[self._sent] if self._sent < len(self._messages) else None

    def sent(self) -> None:
        """Note that the next one is on its way."""
        self._sent += 1

    def answered(self) -> None:
        """Note that the broker answered for one."""
        self._answered += 1

    def forget(self, topic: str) -> None:
        """Drop what would be said on a topic; what is on its way must be said `again`."""
        self._messages = [message for message in self._messages if message[0] != topic]

    def again(self) -> None:
        """Take it that nothing was said, unless all was: the connection broke."""
        if not self.done:
            self._sent = self._answered = 0


@dataclass(frozen=True, slots=True)
class Said:
    """One of the messages, on its way."""

    once: Once
    topic: str
