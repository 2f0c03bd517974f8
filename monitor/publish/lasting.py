"""A link to a broker that lasts: one connection after another, with growing, jittered pauses in between.

MQTT 5 is tried first. A broker that knows only 3.1.1 may say so, hang up, or (amqtt, given a last will) wait for ever for more; so an
attempt in MQTT 5 that is not accepted, but for the password, is followed at once by one in 3.1.1. The version that worked is kept
until a broker does not answer to it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from monitor.backoff import Backoff
from monitor.clock import Clock, stopwatch
from monitor.config.schema import MqttSettings
from monitor.publish.contract import Acknowledged, Connected, Disconnected, LinkEvent, Received, Subscribed
from monitor.publish.link import MQTT_3, MQTT_5, WINDOW, Accepted, Answered, Connection, Ended, Granted, Heard, Opened, Will
from monitor.publish.sendable import MAX_PACKET, check_sendable
from monitor.publish.trouble import Trouble, TroubleKind, from_brevity, from_silence

log = logging.getLogger(__name__)

LOOKUP_TIMEOUT = 60.0
"""Seconds for an attempt to reach the broker. Above any resolver's own time-outs, which nothing can cut short."""

ANSWER_TIMEOUT = 5.0
"""Seconds for the broker to accept us, once reached."""

ACK_TIMEOUT = 60.0
"""Seconds after which a message without an answer means that the connection is not what it seems."""

STEADY = 10.0
"""Seconds after which a connection counts as good, and pauses begin small again."""

AT_ONCE = 1000
"""Things heard that one `drain` tells of, so that a flood does not keep its caller from everything else."""

BRIEF = 30.0
"""Seconds of a connection that broke suspiciously early."""

BRIEF_IN_A_ROW = 3
"""Brief connections one after the other, with no failed attempt in between, that make us suspect another client of our name."""

GOODBYE = 0.6
"""Seconds that `stop` waits for the broker to take our last message."""


class MqttLink:
    """A `Link` over paho. `will` is published, retained, by the broker when we vanish and by ourselves on `stop`.

    settings: host must be a real one, not `embedded`. subscriptions: topics to listen to, in packets that are sent one after the other:
    what is retained on those of the first has come when the broker answers for the last. mqtt_5: try MQTT 5 first; False where the
    broker is known to be older.
    """

    def __init__(
        self,
        settings: MqttSettings,
        client_id: str,
        will: Will,
        *,
        clock: Clock,
        backoff: Backoff,
        wake: Callable[[], None],
        subscriptions: Sequence[Sequence[str]] = (),
        mqtt_5: bool = True,
    ) -> None:
        self._settings = settings
        self._client_id = client_id
        self._will = will
        self._clock = clock
        self._backoff = backoff
        self._wake = wake
        self._subscriptions = subscriptions
        self._version = MQTT_5 if mqtt_5 else MQTT_3
        self._trouble: Trouble | None = None
        self._connection: Connection | None = None
        self._deadline = 0.0
        self._opened = False
        self._up_since: float | None = None
        self._brief = 0
        self._retry_at = 0.0
        self._tokens = 0
        self._waiting: dict[int, tuple[int, float]] = {}  # packet id -> token, when
        self._max_packet = MAX_PACKET
        self._asked: dict[int, Sequence[str]] = {}  # packet id -> subscriptions without an answer
        self._unserved: list[str] = []

    @property
    def trouble(self) -> Trouble | None:
        """Why there is no connection, or None while there is one or none was tried yet."""
        return self._trouble

    def drain(self) -> list[LinkEvent]:
        """Tell what happened since the last call, and move on with connecting where that is due."""
        events: list[LinkEvent] = []
        now = self._clock.now().mono
        if self._connection is None and now >= self._retry_at:
            self._begin(now)
        # Asked before listening: a thread that ends tells why first, and only one that did not has ended by itself.
        alive = self._connection is None or self._connection.alive
        for _ in range(AT_ONCE):
            if self._connection is None or (heard := self._connection.hear()) is None:
                break
            events += self._take(heard, now)
        else:
            return events
        if self._connection is not None and (trouble := self._overdue(now, alive=alive)) is not None:
            events += self._end(trouble, now)
        return events

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, marks: Mapping[str, str] | None = None) -> int | None:
        """Hand over a message and give its token, or None if it is not taken now."""
        check_sendable(topic, payload, self._max_packet)
        if self._connection is None or self._up_since is None or len(self._waiting) >= WINDOW:
            return None
        return self._hand_over(self._connection, topic, payload, qos=qos, retain=retain, marks=marks)

    def stop(self, *, farewell: bool = True) -> list[LinkEvent]:
        """Say goodbye, unless told not to, and disconnect, bounded whatever the broker does; tell what happened until then."""
        events: list[LinkEvent] = []
        if self._connection is not None:
            if self._up_since is not None and farewell:
                events = self._say_goodbye(self._connection)
            self._connection.close(goodbye=0.2, patience=0.4)
        self._forget_connection()
        return events

    def _forget_connection(self) -> None:
        self._connection = self._up_since = None
        self._waiting.clear()
        self._asked.clear()
        self._unserved.clear()

    def _say_goodbye(self, connection: Connection) -> list[LinkEvent]:
        """Send the will ourselves and listen until the broker answered for it, and so for all before it."""
        events: list[LinkEvent] = []
        farewell = self._hand_over(connection, self._will.topic, self._will.payload, qos=1, retain=True)
        deadline = stopwatch() + GOODBYE
        while (left := deadline - stopwatch()) > 0:
            match connection.hear(timeout=left):
                case Answered() as answer:
                    events.append(acknowledged := self._answered(answer))
                    if acknowledged.token == farewell:
                        break
                case Ended():
                    break
        return events

    def _begin(self, now: float) -> None:
        self._deadline = now + LOOKUP_TIMEOUT
        self._opened = False
        try:
            self._connection = Connection(self._settings, self._client_id, self._will, self._version, self._wake)
        except OSError as error:
            self._end(Trouble(TroubleKind.TLS, f"a file of mqtt.tls cannot be used: {error}"), now)

    def _take(self, heard: Heard, now: float) -> list[LinkEvent]:
        match heard:
            case Opened():
                self._opened = True
                self._deadline = now + ANSWER_TIMEOUT
                return []
            case Accepted(max_packet):
                return self._accepted(max_packet, now)
            case Granted():
                return self._granted(heard)
            case Received():
                return [heard]
            case Answered():
                return [self._answered(heard)]
            case Ended(trouble):
                return self._end(trouble, now)

    def _accepted(self, max_packet: int | None, now: float) -> list[LinkEvent]:
        self._up_since = now
        self._trouble = None
        self._max_packet = min(MAX_PACKET, max_packet or MAX_PACKET)
        version = "5" if self._version == MQTT_5 else "3.1.1"
        log.info("connected to the MQTT broker %s:%d (MQTT %s) as %s", self._settings.host, self._settings.port, version, self._client_id)
        if self._connection is not None:
            for topics in self._subscriptions:
                if (mid := self._connection.subscribe(topics)) is not None:
                    self._asked[mid] = topics
        return [Connected()] if self._subscriptions else [Connected(), Subscribed()]

    def _granted(self, granted: Granted) -> list[LinkEvent]:
        """Take in an answer to a subscription; tell of the last one."""
        topics = self._asked.pop(granted.mid, ())
        self._unserved += [topic for topic, served in zip(topics, granted.served, strict=False) if not served]
        return [] if self._asked else [Subscribed(tuple(self._unserved))]

    def _answered(self, answer: Answered) -> Acknowledged:
        token, _ = self._waiting.pop(answer.mid)
        return Acknowledged(token, answer.refused)

    def _end(self, trouble: Trouble, now: float) -> list[LinkEvent]:
        """Give the connection up and set the time of the next attempt."""
        was_up, unanswered = self._up_since is not None, self._up_since is None and self._opened
        lasted = 0.0 if self._up_since is None else now - self._up_since
        if lasted >= STEADY:
            self._backoff.reset()
        self._brief = self._brief + 1 if was_up and lasted < BRIEF else 0
        if self._brief >= BRIEF_IN_A_ROW and trouble.kind is TroubleKind.LOST:
            trouble = from_brevity(self._client_id)
        if self._connection is not None:
            self._connection.close()
        self._forget_connection()
        if unanswered and trouble.kind is TroubleKind.LOST:
            trouble = from_silence(self._settings)
        if unanswered and trouble.kind is not TroubleKind.AUTH:
            self._version = MQTT_3 if self._version == MQTT_5 else MQTT_5
            if self._version == MQTT_3:
                self._retry_at = now
                return []
        self._retry_at = now + self._backoff.next()
        if trouble != self._trouble:
            self._trouble = trouble
            log.warning("no connection to the MQTT broker %s:%d: %s; trying again", self._settings.host, self._settings.port, trouble)
        return [Disconnected(trouble)] if was_up else []

    def _overdue(self, now: float, *, alive: bool) -> Trouble | None:
        """Say why to give up a connection from which nothing is heard any more."""
        if not alive:
            return Trouble(TroubleKind.LOST, "the network thread ended by itself")
        if self._up_since is None and now >= self._deadline:
            return Trouble(TroubleKind.TIMEOUT, "the broker does not answer" if self._opened else "the broker cannot be reached in time")
        if self._waiting and now - next(iter(self._waiting.values()))[1] >= ACK_TIMEOUT:
            return Trouble(TroubleKind.TIMEOUT, "the broker does not acknowledge what it is sent")
        return None

    def _hand_over(
        self, connection: Connection, topic: str, payload: bytes, *, qos: int, retain: bool, marks: Mapping[str, str] | None = None
    ) -> int:
        self._tokens += 1
        mid = connection.publish(topic, payload, qos=qos, retain=retain, marks=marks)
        self._waiting[mid] = (self._tokens, self._clock.now().mono)
        return self._tokens
