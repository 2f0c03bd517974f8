"""What the publisher asks of the two things it stands on: a link to a broker, and a queue of alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.outgoing import OutboxFacts, Outgoing
from monitor.publish.trouble import Trouble

Key = tuple[str, int]
"""(id, seq) of an alert."""


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


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker answered for all subscriptions, and told what was retained on the first of them. refused: those it will not serve."""

    refused: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """A message on a topic that was subscribed to. retained: it was said before we came."""

    topic: str
    payload: bytes
    retained: bool


LinkEvent = Connected | Disconnected | Acknowledged | Subscribed | Received


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

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, marks: Mapping[str, str] | None = None) -> int | None:
        """Hand over a message and give its token, or None if it is not taken now: not connected, or the window is full.

        marks: user properties, for those who speak MQTT 5.
        Raises UnsendableError for a message that no broker should see; the connection does not notice.
        """
        ...

    def stop(self, *, farewell: bool = True) -> list[LinkEvent]:
        """Say goodbye (a retained `offline`) and disconnect, in under 2 s whatever the broker does; tell what happened until then.

        farewell: False to go without a word, because the topic is another box's.
        Tokens not acknowledged by then never will be. The next `drain` would begin to connect again.
        """
        ...


class AlertQueue(Protocol):
    """Alerts that no broker acknowledged yet, as the publisher's thread sees them. No call raises: a disk that refuses delays, no more."""

    def next(self, limit: int) -> Sequence[Outgoing]:
        """Hand out at most `limit` alerts that are not out already: in strict order per camera, cameras taking turns."""
        ...

    def again(self) -> None:
        """Take back all that is out, to be handed out anew: the connection broke. The refused ones are to be tried again, too."""
        ...

    def acknowledge(self, keys: Sequence[Key]) -> None:
        """Forget alerts that the broker has. One that is no longer there is no error."""
        ...

    def refuse(self, key: Key, why: str) -> None:
        """Set an alert aside that the broker will not have now: it is tried again later, and may be listed meanwhile."""
        ...

    def quarantine(self, key: Key, why: str) -> None:
        """Set an alert aside that no broker should see again, until somebody says otherwise."""
        ...

    @property
    def facts(self) -> OutboxFacts:
        """How it stands; from any thread, a second old at most while the publisher runs."""
        ...


class Announced(Protocol):
    """What was retained at a broker in our name, kept over restarts. No call raises."""

    def recall(self) -> Mapping[str, str]:
        """Give every topic that may still be retained, each with the note that was kept with it."""
        ...

    def keep(self, topics: Mapping[str, str]) -> None:
        """Replace what is recalled."""
        ...
