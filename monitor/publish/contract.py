"""What the publisher asks of the two things it stands on: a link to a broker, and a queue of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.publish.trouble import Trouble
from monitor.values import Alert


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted us; it may remember nothing of what it was told before."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is gone; the tokens not acknowledged by now never will be, and their messages may have arrived or not."""

    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker answered for a message. refused: why it will not have it, None if it has it."""

    token: int
    refused: str | None = None


LinkEvent = Connected | Disconnected | Acknowledged


class Link(Protocol):
    """A connection to a broker that comes back by itself. One thread owns it; no call blocks but `stop`.

    Between `Connected` and `Disconnected` messages are taken, at most a window of them unacknowledged. Messages taken arrive at
    the broker in their order.
    """

    @property
    def trouble(self) -> Trouble | None:
        """Why there is no connection, or None while there is one or none was tried yet."""
        ...

    def drain(self) -> list[LinkEvent]:
        """Tell what happened since the last call, in order, and move on with connecting where that is due."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> int | None:
        """Hand over a message and give its token, or None if it is not taken now: not connected, or the window is full.

        Raises UnsendableError for a message that no broker should see; the connection does not notice.
        """
        ...

    def stop(self) -> list[LinkEvent]:
        """Say goodbye (a retained `offline`) and disconnect, in under 2 s whatever the broker does; tell what happened until then.

        Tokens not acknowledged by then never will be. The next `drain` would begin to connect again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pending:
    """An alert on its way. key grows with each; since: the monotonic second of its handing over, -inf if before this process."""

    key: int
    alert: Alert
    since: float


class AlertQueue(Protocol):
    """Alerts that no broker acknowledged yet. Safe to use from several threads."""

    def put(self, alert: Alert, since: float) -> None:
        """Keep an alert behind those already there."""
        ...

    def peek(self, after: int, limit: int) -> Sequence[Pending]:
        """Give at most `limit` alerts with a key above `after`, in the order in which they must be sent; they stay in the queue."""
        ...

    def settle(self, key: int, refused: str | None) -> None:
        """Note that a broker has the alert, or why it never will. A key that is no longer there is no error."""
        ...

    def __len__(self) -> int: ...
