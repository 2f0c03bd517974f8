"""Messages that are said once, in their order: what tidies up at a broker after an earlier configuration."""

from __future__ import annotations

from collections.abc import Iterable


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

    def give_up(self) -> None:
        """Say no more of it."""
        self._messages.clear()

    def again(self) -> None:
        """Take it that nothing was said, unless all was: the connection broke."""
        if not self.done:
            self._sent = self._answered = 0
