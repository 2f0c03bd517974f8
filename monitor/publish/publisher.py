"""Tells the broker what the rest of the daemon has to say, and hears what it is told.

States are coalesced, see `voice`, and all of them are sent again whenever the broker accepts us, for it may have lost its memory. Alerts
are never coalesced: they go in their order, each until it is acknowledged.

On each connection the order is: listen; see that no other box has this base topic; tidy up after an earlier configuration; states;
alerts; the rest; last, empty the topics that nobody fills any more.
`step` and `close` belong to one thread.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from monitor.clock import Clock
from monitor.outgoing import OutboxFacts, Outgoing
from monitor.publish import payloads
from monitor.publish.contract import (
    Acknowledged,
    AlertQueue,
    Connected,
    Disconnected,
    Key,
    Link,
    LinkEvent,
    Received,
    Subscribed,
)
from monitor.publish.hearing import Hearing
from monitor.publish.once import Once, Said
from monitor.publish.sendable import UnsendableError
from monitor.publish.suspects import Suspects
from monitor.publish.trouble import Trouble
from monitor.publish.voice import Passing, Voice
from monitor.values import Moment

log = logging.getLogger(__name__)

LATE = 10.0
"""Seconds after which an alert is marked `delayed`."""

IDLE = 0.5
"""Seconds between steps when nothing calls for one; the longest that a due attempt to connect is put off."""

HANGS_UP = "the broker ends the connection whenever it is sent"

BATCH = 20
"""Alerts taken from the queue at a time."""


@dataclass(frozen=True, slots=True)
class PublisherStatus:
    """How publishing goes. rival: another box that has our base topic; the counts are since the start.

    last_acknowledged: the monotonic second of the broker's last answer, None if there was none.
    """

    connected: bool
    trouble: Trouble | None
    rival: str | None
    outbox: OutboxFacts
    last_acknowledged: float | None
    acknowledged: int
    rejected: int
    unsendable: int


class Publisher:
    """Feeds one link with what `voice` has to say and with the alerts."""

    def __init__(self, link: Link, voice: Voice, alerts: AlertQueue, hearing: Hearing, clock: Clock) -> None:
        self._link = link
        self._voice = voice
        self._latest = voice.latest
        self._alerts = alerts
        self._hearing = hearing
        self._clock = clock
        self._first = Once()
        self._last = Once()
        self._tidied: Callable[[], None] | None = None
        self._connected = False
        self._handed_out: deque[Outgoing] = deque()
        self._unsaid: Passing | None = None
        self._flying: dict[int, Hashable] = {}  # token -> an alert's key, a topic, or what is said once
        self._suspects = Suspects()
        self._complained: set[str] = set()  # topics whose refusal is in the log already
        self._lost = (0, 0)
        self._last_acknowledged: float | None = None
        self._acknowledged = 0
        self._rejected = 0

    def tidy(self, first: Iterable[tuple[str, bytes]], last: Iterable[str], done: Callable[[], None]) -> None:
        """Before the first step: what to say once before the states, and what to empty after them; `done` is called after that."""
        self._first = Once(first)
        self._last = Once((topic, b"") for topic in last)
        self._tidied = done

    def step(self, now: Moment) -> float:
        """Listen to the link and give it what it will take; return how many seconds the next step may wait."""
        self._hear(self._link.drain(), now)
        if self._connected and self._hearing.may_talk(now.mono):
            if self._hearing.greet(now.mono):
                self._latest.tell_all_again()
            self._send(now)
        else:
            self._voice.drop_passing()
        return IDLE

    def close(self) -> None:
        """Send what can still be sent, say goodbye and disconnect, in about 2 s at most. The next `step` would begin again."""
        now = self._clock.now()
        try:
            self.step(now)
        finally:
            farewell = self._hearing.may_talk(now.mono)
            self._hear(self._link.stop(farewell=farewell), now)
            self._lose_connection()
        if waiting := self._alerts.facts.waiting:
            log.warning("alerts that the MQTT broker had not acknowledged at the end: %d; they are sent after the next start", waiting)

    @property
    def busy(self) -> bool:
        """Whether alerts wait and there is a broker to take them."""
        return self._connected and self._alerts.facts.waiting > 0

    def status(self) -> PublisherStatus:
        """Say how publishing goes; from any thread."""
        return PublisherStatus(
            self._connected,
            self._link.trouble,
            self._hearing.rival,
            self._alerts.facts,
            self._last_acknowledged,
            self._acknowledged,
            self._rejected,
            self._voice.unsendable,
        )

    def _hear(self, events: Iterable[LinkEvent], now: Moment) -> None:
        acknowledged: list[Key] = []
        for event in events:
            match event:
                case Connected():
                    self._connected = True
                    self._hearing.connected(now.mono)
                    self._suspects.connected(now.mono)
                    self._latest.tell_all_again()
                    self._first.again()
                    self._last.again()
                    self._alerts.again()
                case Disconnected():
                    self._alerts.acknowledge(acknowledged)
                    acknowledged.clear()
                    self._lose_connection(now)
                case Acknowledged(token, refused):
                    self._last_acknowledged = now.mono
                    self._settle(token, refused, acknowledged)
                case Subscribed(refused):
                    self._hearing.subscribed(refused)
                case Received():
                    if self._hearing.hear(event, now.mono):
                        self._latest.again(self._voice.topics.bridge_state)
        self._alerts.acknowledge(acknowledged)  # also of none: the queue looks how it stands

    def _lose_connection(self, now: Moment | None = None) -> None:
        self._connected = False
        self._unsaid = None
        self._flying.clear()
        self._handed_out.clear()
        match self._suspects.broke(now.mono) if now else None:
            case tuple() as key:
                self._alerts.quarantine(key, HANGS_UP)
            case str() as topic:
                self._latest.forget(topic)
                self._voice.cannot_send(f"{topic}: {HANGS_UP}")
            case Said(once, topic):
                once.forget(topic)
                self._voice.cannot_send(f"{topic}: {HANGS_UP}")

    def _settle(self, token: int, refused: str | None, acknowledged: list[Key]) -> None:
        what = self._flying.pop(token, None)
        self._suspects.answered(what)
        if refused is None:
            self._acknowledged += 1
        else:
            self._rejected += 1
        match what:
            case tuple() if refused is None:
                acknowledged.append(what)
            case tuple():
                self._alerts.refuse(what, f"the broker refused it ({refused})")
            case Said(once):
                once.answered()
            case str() if refused is None:
                self._complained.discard(what)
            case str() if what not in self._complained:
                self._complained.add(what)
                log.error("the MQTT broker refuses what we say on %s: %s", what, refused)

    def _send(self, now: Moment) -> None:
        # Asked for before the pictures are sent: the picture of an alert that is in the queue is among them.
        if not self._handed_out:
            self._handed_out += self._alerts.next(BATCH)
        self._tell_losses()
        if self._send_once(self._first, now) and self._send_latest(now) and self._send_alerts(now) and self._send_the_rest(now):
            self._send_once(self._last, now)
            if self._tidied and self._first.done and self._last.done:
                self._tidied()
                self._tidied = None

    def _send_once(self, once: Once, now: Moment) -> bool:
        while (item := once.next()) is not None:
            topic, data = item
            if not self._offer(Said(once, topic), topic, data, now, retain=True):
                return False
            once.sent()
        return True

    def _send_latest(self, now: Moment) -> bool:
        """Send what retained topics have to say; False if the link takes no more."""
        while (item := self._latest.next()) is not None:
            topic, data = item
            if not self._offer(topic, topic, data, now, retain=True):
                return False
            self._latest.told(topic, data)
        return True

    def _send_alerts(self, now: Moment) -> bool:
        """Send alerts in the order in which they are handed out; False if the link takes no more."""
        while self._handed_out:
            alert = self._handed_out[0]
            delayed = now.mono - alert.since > LATE
            try:
                data = payloads.with_delayed(alert.payload) if delayed else alert.payload
            except ValueError as error:
                self._alerts.quarantine(alert.key, f"its payload cannot be read: {error}")
            else:
                marks = {"id": alert.id, "seq": str(alert.seq)}  # for those who sort out duplicates without reading the JSON
                if not self._offer(alert.key, alert.topic, data, now, marks=marks):
                    return False
            self._handed_out.popleft()
        return True

    def _send_the_rest(self, now: Moment) -> bool:
        while (message := self._unsaid or self._voice.next_passing()) is not None:
            topic, data, qos = message
            if not self._offer(topic, topic, data, now, qos=qos):
                self._unsaid = message
                return False
            self._unsaid = None
        return True

    def _tell_losses(self) -> None:
        facts = self._alerts.facts
        if (facts.lost_alerts, facts.lost_notices) != self._lost:
            self._lost = (facts.lost_alerts, facts.lost_notices)
            self._voice.send_lost(facts)

    def _offer(
        self,
        what: Hashable,
        topic: str,
        data: bytes,
        now: Moment,
        *,
        qos: int = 1,
        retain: bool = False,
        marks: Mapping[str, str] | None = None,
    ) -> bool:
        """Hand a message to the link; False if it is not taken now. What may never be sent counts as dealt with."""
        if not self._suspects.may_go(what, now.mono):
            return False
        try:
            token = self._link.publish(topic, data, qos=qos, retain=retain, marks=marks)
        except UnsendableError as error:
            self._voice.cannot_send(str(error))
            match what:
                case tuple():
                    self._alerts.quarantine(what, str(error))
                case Said(once):
                    once.answered()
                case str():
                    self._latest.forget(what)
            return True
        if token is not None:
            self._flying[token] = what
            self._suspects.sent(what, now.mono)
        return token is not None
