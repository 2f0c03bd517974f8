"""Tells the broker what the rest of the daemon has to say.

States are coalesced: of each retained topic only the latest payload counts, and all of them are sent again whenever the broker
accepts us, for it may have lost its memory. Alerts are never coalesced: they go in their order, each until it is acknowledged.
What only matters now (rates, health) is dropped while there is no broker.

The `send_` methods may be called from any thread and never block; `step` and `close` belong to one thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.clock import Clock
from monitor.publish import payloads
from monitor.publish.contract import Acknowledged, AlertQueue, Connected, Disconnected, Link, LinkEvent, Pending
from monitor.publish.latest import LatestOnly
from monitor.publish.payloads import Payload
from monitor.publish.sendable import UnsendableError
from monitor.publish.topics import Topics
from monitor.publish.trouble import Trouble
from monitor.values import Alert, Moment, OfflineReason, RuleState

log = logging.getLogger(__name__)

LATE = 10.0
"""Seconds after which an alert is marked `delayed`."""

IDLE = 0.5
"""Seconds between steps when nothing calls for one; the longest that a due attempt to connect is put off."""

BATCH = 20
"""Alerts taken from the queue at a time."""


@dataclass(frozen=True, slots=True)
class PublisherStatus:
    """How publishing goes. waiting: alerts not acknowledged; the others count since the start."""

    connected: bool
    trouble: Trouble | None
    waiting: int
    acknowledged: int
    rejected: int
    unsendable: int


class Publisher:
    """Feeds one link. `wake` is called when a step is worth making before the time that the last one gave."""

    def __init__(self, link: Link, topics: Topics, alerts: AlertQueue, *, node: str, clock: Clock, wake: Callable[[], None]) -> None:
        self._link = link
        self._topics = topics
        self._alerts = alerts
        self._node = node
        self._clock = clock
        self._wake = wake
        self._latest = LatestOnly()
        self._passing: dict[str, tuple[bytes, int]] = {}  # topic -> payload, QoS: not retained, of no use later
        self._unsendable = 0
        self._counting = threading.Lock()  # several threads may find something that cannot be sent
        self._connected = False
        self._flying: dict[int, Pending | str] = {}  # token -> an alert, or a topic
        self._complained: set[str] = set()  # topics whose refusal is in the log already
        self._last_key = 0
        self._acknowledged = 0
        self._rejected = 0
        self._retain(topics.bridge_state, payloads.bridge_state(online=True))

    def send_state(self, state: RuleState) -> None:
        """Tell what a rule says now."""
        self._retain(self._topics.rule(state.place), payloads.rule_state(state))

    def send_availability(self, camera: str, reason: OfflineReason | None) -> None:
        """Tell whether a camera gives pictures; reason: why not, None if it does."""
        self._retain(self._topics.availability(camera), payloads.availability(reason))

    def send_info(self, info: Payload) -> None:
        """Tell what the daemon is (`payloads.bridge_info`)."""
        self._retain(self._topics.bridge_info, info)

    def send_alert(self, alert: Alert, jpeg: bytes | None) -> None:
        """Queue an alert, and its picture to be shown before it. Of the pictures of one camera only the latest is sent."""
        if jpeg is not None:
            self._latest.put(self._topics.snapshot(alert.place.camera), jpeg)
        self._alerts.put(alert, self._clock.now().mono)
        self._wake()

    def send_stats(self, camera: str, stats: Payload) -> None:
        """Tell the rates of a camera, if there is a broker to tell."""
        self._pass_on(self._topics.stats(camera), stats, qos=0)

    def send_health(self, health: Payload) -> None:
        """Tell how the daemon is, if there is a broker to tell."""
        self._pass_on(self._topics.bridge_health, health, qos=1)

    def step(self, now: Moment) -> float:
        """Listen to the link and give it what it will take; return how many seconds the next step may wait."""
        for event in self._link.drain():
            self._hear(event)
        if self._connected:
            self._send(now)
        else:
            self._passing.clear()
        return IDLE

    def close(self) -> None:
        """Send what can still be sent, say goodbye and disconnect, in about 2 s at most. The next `step` would begin again."""
        try:
            self.step(self._clock.now())
        finally:
            for event in self._link.stop():
                self._hear(event)
            self._connected = False
            self._flying.clear()
        if waiting := len(self._alerts):
            log.warning("alerts that the MQTT broker had not acknowledged at the end: %d", waiting)

    def status(self) -> PublisherStatus:
        """Say how publishing goes; from any thread."""
        return PublisherStatus(self._connected, self._link.trouble, len(self._alerts), self._acknowledged, self._rejected, self._unsendable)

    def _retain(self, topic: str, payload: Payload) -> None:
        if (data := self._encode(topic, payload)) is not None:
            self._latest.put(topic, data)
            self._wake()

    def _pass_on(self, topic: str, payload: Payload, *, qos: int) -> None:
        if (data := self._encode(topic, payload)) is not None:
            self._passing[topic] = (data, qos)
            self._wake()

    def _encode(self, topic: str, payload: Payload) -> bytes | None:
        try:
            return payloads.encode(payload)
        except ValueError as error:
            self._cannot_send(f"the message for {topic} cannot be written: {error}")
            return None

    def _cannot_send(self, why: str) -> None:
        with self._counting:
            self._unsendable += 1
        log.error("not sent: %s", why)

    def _hear(self, event: LinkEvent) -> None:
        match event:
            case Connected():
                self._connected = True
                self._last_key = 0
                self._latest.tell_all_again()
            case Disconnected():
                self._connected = False
                self._flying.clear()
            case Acknowledged(token, refused):
                self._settle(token, refused)

    def _settle(self, token: int, refused: str | None) -> None:
        what = self._flying.pop(token, None)
        if refused is None:
            self._acknowledged += 1
        else:
            self._rejected += 1
        if isinstance(what, Pending):
            self._alerts.settle(what.key, None if refused is None else f"the broker refused it ({refused})")
        elif what is not None and refused is None:
            self._complained.discard(what)
        elif what is not None and what not in self._complained:
            self._complained.add(what)
            log.error("the MQTT broker refuses what we say on %s: %s", what, refused)

    def _send(self, now: Moment) -> None:
        # Asked for before the pictures are sent: the picture of an alert that is in the queue is among them.
        alerts = self._alerts.peek(self._last_key, BATCH)
        if self._send_latest() and self._send_alerts(alerts, now):
            while self._passing:
                topic, (data, qos) = self._passing.popitem()
                self._offer(topic, topic, data, qos=qos, retain=False)

    def _send_latest(self) -> bool:
        """Send what retained topics have to say; False if the link takes no more."""
        while (item := self._latest.next()) is not None:
            topic, data = item
            if not self._offer(topic, topic, data, qos=1, retain=True):
                return False
            self._latest.told(topic, data)
        return True

    def _send_alerts(self, alerts: Sequence[Pending], now: Moment) -> bool:
        """Send alerts in their order; False if the link takes no more."""
        for pending in alerts:
            topic = self._topics.alert(pending.alert.place.camera)
            delayed = now.mono - pending.since > LATE
            data = self._encode(topic, payloads.alert(pending.alert, node=self._node, delayed=delayed))
            if data is None:
                self._alerts.settle(pending.key, "cannot be written")
            elif not self._offer(pending, topic, data, qos=1, retain=False):
                return False
            self._last_key = pending.key
        return True

    def _offer(self, what: Pending | str, topic: str, data: bytes, *, qos: int, retain: bool) -> bool:
        """Hand a message to the link; False if it is not taken now. What may never be sent counts as dealt with."""
        try:
            token = self._link.publish(topic, data, qos=qos, retain=retain)
        except UnsendableError as error:
            self._cannot_send(str(error))
            if isinstance(what, Pending):
                self._alerts.settle(what.key, "no broker should see it")
            else:
                self._latest.forget(what)
            return True
        if token is not None:
            self._flying[token] = what
        return token is not None
