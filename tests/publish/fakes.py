"""What a publisher stands on, without a network and without a disk, and alerts to send."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from monitor.clock import ManualClock, SystemClock
from monitor.outgoing import OutboxFacts, Outgoing
from monitor.publish import payloads
from monitor.publish.contract import Acknowledged, Connected, Disconnected, Key, LinkEvent, Received, Subscribed
from monitor.publish.hearing import Hearing
from monitor.publish.publisher import Publisher
from monitor.publish.sendable import check_sendable
from monitor.publish.topics import Topics
from monitor.publish.trouble import Trouble, TroubleKind
from monitor.publish.voice import Voice
from monitor.values import Alert, EventType, Place, Severity

BOX = "monitor-pi-bbbbbb"
"""The id of the box that is tested; others have smaller and greater ones."""


def an_alert(seq: int, *, camera: str = "porch", score: float = 0.9, label: str = "tabby", time: float = 1.7e9) -> Alert:
    place = Place(camera, "frame", "cat")
    kind = EventType.UPDATE if seq else EventType.START
    return Alert(kind, "e1", seq, place, label, score, Severity.ALERT, started_at=1.7e9, time=time, duration=time - 1.7e9)


def outgoing(alert: Alert, since: float | None = None, base: str = "monitor") -> Outgoing:
    """An alert as it goes into the queue; since: None for now."""
    since = SystemClock().now().mono if since is None else since
    data = payloads.encode(payloads.alert(alert, node="t", delayed=False))
    return Outgoing(alert.id, alert.seq, alert.place.camera, alert.severity, Topics(base).alert(alert.place.camera), data, since)


class FakeQueue:
    """An `AlertQueue` without a disk. set_aside: why, by key; lost, oldest: what it says of these."""

    def __init__(self) -> None:
        self.set_aside: dict[Key, str] = {}
        self.lost = 0
        self.oldest: float | None = None
        self._items: dict[Key, Outgoing] = {}
        self._out: set[Key] = set()
        self._turn: list[str] = []
        self._lock = threading.Lock()

    def put(self, *items: Outgoing) -> None:
        with self._lock:
            self._items |= {item.key: item for item in items}

    def next(self, limit: int) -> list[Outgoing]:
        with self._lock:
            ready = [item for key, item in self._items.items() if key not in self._out and key not in self.set_aside]
        cameras = sorted({item.camera for item in ready}, key=self._last_turn)
        handed: list[Outgoing] = []
        while ready and len(handed) < limit:
            for camera in cameras:
                mine = next((item for item in ready if item.camera == camera), None)
                if mine and len(handed) < limit:
                    handed.append(mine)
                    ready.remove(mine)
                    self._turn = [other for other in self._turn if other != camera] + [camera]
        self._out |= {item.key for item in handed}
        return handed

    def again(self) -> None:
        self._out.clear()

    def acknowledge(self, keys: Sequence[Key]) -> None:
        with self._lock:
            for key in keys:
                self._items.pop(key, None)

    def refuse(self, key: Key, why: str) -> None:
        self.set_aside[key] = why

    def quarantine(self, key: Key, why: str) -> None:
        self.set_aside[key] = why

    @property
    def facts(self) -> OutboxFacts:
        return OutboxFacts(waiting=len(self), oldest=self.oldest, lost_alerts=self.lost)

    def seqs(self) -> list[int]:
        """The numbers of those that wait, in order."""
        return [seq for _, seq in self._items]

    def __len__(self) -> int:
        return len(self._items) - len(self.set_aside)

    def _last_turn(self, camera: str) -> tuple[int, str]:
        return (self._turn.index(camera) if camera in self._turn else -1, camera)


class FakeLink:
    """A `Link` without a network: the test says what the broker does, the rules of the contract hold."""

    WINDOW = 20

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.sent: list[tuple[str, bytes]] = []
        self.retained: set[str] = set()
        self.holding_back = False
        self.refusing: Callable[[str], str | None] = lambda topic: None
        self.hanging_up: Callable[[str, bytes], bool] = lambda topic, payload: False
        self.told_at_once: list[Received] = []  # what is retained at the broker
        self.said_goodbye: bool | None = None
        self.connections = 0
        self._up = False
        self._reachable = True
        self._tokens = 0
        self._unanswered: dict[int, tuple[str, bytes]] = {}
        self._events: list[LinkEvent] = []

    def drain(self) -> list[LinkEvent]:
        if not self._up and self._reachable:
            self._up = True
            self.connections += 1
            self._events += [Connected(), *self.told_at_once, Subscribed()]
        if not self.holding_back:
            self._answer()
        events, self._events = self._events, []
        return events

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, marks: Mapping[str, str] | None = None) -> int | None:
        check_sendable(topic, payload)
        if not self._up or len(self._unanswered) >= self.WINDOW:
            return None
        self._tokens += 1
        self._unanswered[self._tokens] = topic, payload
        self.sent.append((topic, payload))
        if retain:
            self.retained.add(topic)
        return self._tokens

    def stop(self, *, farewell: bool = True) -> list[LinkEvent]:
        self.said_goodbye = farewell
        events = [] if self.holding_back else self.drain()
        self._up = False
        self._unanswered.clear()
        return [event for event in events if isinstance(event, Acknowledged)]

    def lose(self) -> None:
        """Break the connection until it is told to come back; nothing in flight is ever answered."""
        self._reachable = False
        self._events.clear()
        self._hang_up()

    def come_back(self) -> None:
        self._reachable = True

    def tell(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """Let somebody publish on a topic that was subscribed to."""
        self._events.append(Received(topic, payload, retained))

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.sent]

    def _answer(self) -> None:
        for token, (topic, payload) in list(self._unanswered.items()):
            if self.hanging_up(topic, payload):
                self._hang_up()
                return
            del self._unanswered[token]
            self._events.append(Acknowledged(token, self.refusing(topic)))

    def _hang_up(self) -> None:
        self._up = False
        self._unanswered.clear()
        self._events.append(Disconnected(Trouble(TroubleKind.LOST, "the connection broke")))


class Stage:
    """A publisher over a link without a network, with everything it stands on. obeyed: the commands it passed on."""

    def __init__(
        self, link: FakeLink, base: str = "monitor", commands: Sequence[str] = (), obey: Callable[[Received], None] | None = None
    ) -> None:
        self.link = link
        self.clock = ManualClock()
        self.alerts = FakeQueue()
        self.woken = threading.Event()
        self.obeyed: list[Received] = []
        self.voice = Voice(Topics(base), self.woken.set)
        self.hearing = Hearing(Topics(base), BOX, "homeassistant/status", commands, obey or self.obeyed.append, random=lambda: 0.5)
        self.publisher = Publisher(link, self.voice, self.alerts, self.hearing, self.clock)
        self._base = base

    def send_alert(self, alert: Alert, picture: bytes | None = None) -> None:
        if picture is not None:
            self.voice.send_picture(alert.place.camera, picture)
        self.alerts.put(outgoing(alert, self.clock.now().mono, self._base))

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.publisher.step(self.clock.now()) > 0

    def seqs(self, camera: str = "porch") -> list[int]:
        """The numbers of the alerts that were sent, in order."""
        return seqs_in(payload for topic, payload in self.link.sent if topic == f"monitor/{camera}/alert")


def seqs_in(alerts: Iterable[bytes]) -> list[int]:
    """The numbers in the payloads of alerts."""
    return [json.loads(payload)["seq"] for payload in alerts]
