"""How long a client may keep us waiting.

Waitress counts every byte as a sign of life, so a client that sends one now and then could stay for ever, and one that reads nothing of a
stream keeps its thread.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Protocol, TypeVar

HEAD = 15.0
WHOLE = 60.0
"""Seconds from a request's first byte to the end of its headers, and to its end: a picture of 8 MB at 1.1 Mbit/s."""

STALLED = 30.0
"""Seconds in which a client must take something of what is there for it."""


class Request(Protocol):
    """A request that is still coming in."""

    headers_finished: bool


class Connection(Protocol):
    """What is asked of a connection of waitress."""

    @property
    def request(self) -> Request | None:
        """What has come in of a request that is not complete."""
        ...

    @property
    def total_outbufs_len(self) -> int:
        """Bytes that the client has not taken."""
        ...

    @property
    def last_activity(self) -> float:
        """When it last took or sent some, on a clock that may jump: good for telling a change."""
        ...


C = TypeVar("C", bound=Connection)


class Patience:
    """Remembers since when each connection has kept us waiting, in monotonic seconds."""

    def __init__(self) -> None:
        self._since: dict[Hashable, float] = {}

    def spent(self, connections: Iterable[C], now: float) -> list[C]:
        """Give the connections that have kept us waiting for too long."""
        waits = [(connection, wait, limit) for connection in connections for wait, limit in _waits(connection)]
        self._since = {wait: self._since.get(wait, now) for _, wait, _ in waits}
        return list(dict.fromkeys(connection for connection, wait, limit in waits if now - self._since[wait] >= limit))


def _waits(connection: Connection) -> Iterator[tuple[Hashable, float]]:
    """Give what we wait for, as something that changes when it has come, and for how many seconds we do."""
    request = connection.request
    if request is not None:
        yield (connection, request), WHOLE
        if not request.headers_finished:
            yield (connection, request, "head"), HEAD
    left = connection.total_outbufs_len
    if left:
        yield (connection, left, connection.last_activity), STALLED
