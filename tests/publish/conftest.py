"""Brokers (embedded, real, scripted), a subscriber, a link without a network, and a publisher that is stepped by hand."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from monitor.backoff import Backoff
from monitor.clock import Clock, ManualClock, SystemClock, stopwatch
from monitor.config.schema import MqttSettings
from monitor.publish import payloads
from monitor.publish.broker import EmbeddedBroker
from monitor.publish.contract import Acknowledged, Connected, Disconnected, Key, LinkEvent, Received, Subscribed
from monitor.publish.hearing import Hearing
from monitor.publish.lasting import MqttLink
from monitor.publish.link import Will
from monitor.publish.publisher import Publisher
from monitor.publish.sendable import check_sendable
from monitor.publish.topics import Topics
from monitor.publish.trouble import Trouble, TroubleKind
from monitor.publish.voice import Voice
from monitor.values import Alert, EventType, OutboxFacts, Outgoing, Place, Severity

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
WILL = Will("monitor/bridge/state", b'{"state":"offline"}')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def an_alert(seq: int, *, camera: str = "porch", score: float = 0.9, label: str = "tabby", time: float = 1.7e9) -> Alert:
    place = Place(camera, "frame", "cat")
    kind = EventType.UPDATE if seq else EventType.START
    return Alert(kind, "e1", seq, place, label, score, Severity.ALERT, started_at=1.7e9, time=time, duration=time - 1.7e9)


def outgoing(alert: Alert, since: float | None = None) -> Outgoing:
    """An alert as it goes into the queue; since: None for now."""
    since = SystemClock().now().mono if since is None else since
    data = payloads.encode(payloads.alert(alert, node="t", delayed=False))
    return Outgoing(alert.id, alert.seq, alert.place.camera, alert.severity, Topics("monitor").alert(alert.place.camera), data, since)


class Embedded:
    """The embedded broker on a thread, which can be stopped and started again at the same port."""

    mqtt_5 = False

    def __init__(self) -> None:
        self.port = free_port()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        ready = threading.Event()
        self._stop.clear()

        def on_ready(port: int) -> None:
            self.port = port
            ready.set()

        self._thread = threading.Thread(target=lambda: EmbeddedBroker(self.port).run(self._stop, on_ready))
        self._thread.start()
        assert ready.wait(10)

    def kill(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)


class Mosquitto:
    """A real mosquitto on a loopback port, which can be killed, hung and started again."""

    mqtt_5 = True

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self.reconfigure(extra)

    def reconfigure(self, extra: str, *, websockets: bool = False) -> int:
        """Write what the next start will read; give the port for websockets, or the usual one."""
        # Started by root it would become another user, who may not read the test's files.
        lines = [f"user {pwd.getpwuid(os.geteuid()).pw_name}", f"listener {self.port} 127.0.0.1"]
        port = self.port
        if websockets:
            port = free_port()
            lines += [f"listener {port} 127.0.0.1", "protocol websockets"]
        if "allow_anonymous" not in extra:
            lines.append("allow_anonymous true")
        self._config.write_text("\n".join([*lines, extra, ""]))
        return port

    def start(self) -> None:
        assert MOSQUITTO
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        deadline = stopwatch() + 10
        while stopwatch() < deadline:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self._process.poll() is None, "mosquitto did not start"
        raise AssertionError("mosquitto does not listen")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hang(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)


@dataclass
class Script:
    """What a scripted broker answers: bytes, b"" to hang up, None for nothing. level: 4 or 5; mid: of a PUBLISH with QoS 1."""

    connect: Callable[[int], bytes | None] = lambda level: b"\x20\x03\0\0\0" if level == 5 else b"\x20\x02\0\0"
    publish: Callable[[int], bytes | None] = lambda mid: b"\x40\x02" + struct.pack("!H", mid)


class ScriptedBroker:
    """A server on a loopback port that does with MQTT packets what a script says. tls: wraps each connection."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.levels: list[int] = []
        self._script = script
        self._tls = tls
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError, EOFError):
            connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with connection, connection.makefile("rb") as stream:
                while (answer := self._answer(*_packet(stream.read))) != b"":
                    if answer is not None:
                        connection.sendall(answer)

    def _answer(self, kind: int, body: bytes) -> bytes | None:
        if kind == 0x10:
            self.levels.append(body[6])
            return self._script.connect(body[6])
        if kind >> 4 == 3:
            (topic,) = struct.unpack_from("!H", body)
            return self._script.publish(struct.unpack_from("!H", body, 2 + topic)[0]) if kind & 0x06 else None
        return b"\xd0\x00" if kind == 0xC0 else b""


def _packet(read: Callable[[int], bytes]) -> tuple[int, bytes]:
    """Read one MQTT packet: its first byte and what follows the length."""
    kind, length, shift = read(1), 0, 0
    while kind:
        digit = read(1)[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if not digit & 0x80:
            return kind[0], read(length)
    raise EOFError


@dataclass(frozen=True)
class Received:
    """A message as a subscriber got it."""

    topic: str
    payload: bytes
    retain: bool


class Listener:
    """A subscriber to everything; `messages` in the order of their coming."""

    def __init__(self, port: int, wake: threading.Event, **options: str) -> None:
        self.messages: list[Received] = []
        self._wake = wake
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"listener-{random.getrandbits(32):x}")
        if options:
            self._client.username_pw_set(**options)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def topics(self) -> list[str]:
        return [message.topic for message in self.messages]

    def payloads(self, topic: str) -> list[bytes]:
        return [message.payload for message in self.messages if message.topic == topic]

    def wait(self, condition: Callable[[], object], within: float = 10.0) -> None:
        deadline = stopwatch() + within
        while not condition():
            assert stopwatch() < deadline, self.messages
            self._wake.wait(0.05)
            self._wake.clear()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self.messages.append(Received(message.topic, bytes(message.payload), message.retain))
        self._wake.set()


class FakeQueue:
    """An `AlertQueue` without a disk. states: of those set aside, with the reason."""

    def __init__(self) -> None:
        self.set_aside: dict[Key, str] = {}
        self.lost = 0
        self._items: dict[Key, Outgoing] = {}
        self._out: set[Key] = set()
        self._turn: list[str] = []

    def put(self, *items: Outgoing) -> None:
        self._items |= {item.key: item for item in items}

    def next(self, limit: int) -> list[Outgoing]:
        ready = [item for key, item in self._items.items() if key not in self._out and key not in self.set_aside]
        cameras = sorted({item.camera for item in ready}, key=lambda camera: (self._turn.index(camera) if camera in self._turn else -1, camera))
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
        for key in keys:
            self._items.pop(key, None)

    def refuse(self, key: Key, why: str) -> None:
        self.set_aside[key] = why

    def quarantine(self, key: Key, why: str) -> None:
        self.set_aside[key] = why

    @property
    def facts(self) -> OutboxFacts:
        return OutboxFacts(waiting=len(self), lost_alerts=self.lost)

    def seqs(self) -> list[int]:
        """The numbers of those that wait, in order."""
        return [seq for _, seq in self._items]

    def __len__(self) -> int:
        return len(self._items) - len(self.set_aside)


class FakeLink:
    """A `Link` without a network: the test says what the broker does, the rules of the contract hold."""

    WINDOW = 20

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.sent: list[tuple[str, bytes]] = []
        self.retained: set[str] = set()
        self.holding_back = False
        self.refusing: Callable[[str], str | None] = lambda topic: None
        self.told_at_once: list[Received] = []  # what is retained at the broker
        self.said_goodbye: bool | None = None
        self._up = False
        self._reachable = True
        self._tokens = 0
        self._unanswered: dict[int, str] = {}
        self._events: list[LinkEvent] = []

    def drain(self) -> list[LinkEvent]:
        if not self._up and self._reachable:
            self._up = True
            self._events += [Connected(), *self.told_at_once, Subscribed()]
        if not self.holding_back:
            self._events += [Acknowledged(token, self.refusing(topic)) for token, topic in self._unanswered.items()]
            self._unanswered.clear()
        events, self._events = self._events, []
        return events

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> int | None:
        check_sendable(topic, payload)
        if not self._up or len(self._unanswered) >= self.WINDOW:
            return None
        self._tokens += 1
        self._unanswered[self._tokens] = topic
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
        """Break the connection; nothing in flight is ever answered."""
        self._reachable = self._up = False
        self._unanswered.clear()
        self._events = [Disconnected(Trouble(TroubleKind.LOST, "the connection broke"))]

    def come_back(self) -> None:
        self._reachable = True

    def tell(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """Let somebody publish on a topic that was subscribed to."""
        self._events.append(Received(topic, payload, retained))

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.sent]


@dataclass
class Publishing:
    """A publisher over a real link, stepped by hand whenever something wakes it."""

    publisher: Publisher
    voice: Voice
    link: MqttLink
    alerts: FakeQueue
    wake: threading.Event
    clock: Clock = field(default_factory=SystemClock)

    def send_alert(self, alert: Alert, picture: bytes | None = None) -> None:
        """Put an alert into the queue, and its picture before it."""
        if picture is not None:
            self.voice.send_picture(alert.place.camera, picture)
        self.alerts.put(outgoing(alert))
        self.wake.set()

    def until(self, condition: Callable[[], object], within: float = 15.0) -> float:
        """Step until `condition` holds; give the seconds it took."""
        start = stopwatch()
        while not condition():
            assert stopwatch() - start < within, self.publisher.status()
            pause = self.publisher.step(self.clock.now())
            self.wake.wait(min(pause, 0.05))
            self.wake.clear()
        return stopwatch() - start


@pytest.fixture
def wake() -> threading.Event:
    return threading.Event()


@pytest.fixture
def make_alert() -> Callable[..., Alert]:
    return an_alert


@pytest.fixture
def fake_link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    broker = Embedded()
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Start a mosquitto with extra lines of configuration."""
    if not MOSQUITTO:
        pytest.skip("mosquitto is not installed")
    started: list[Mosquitto] = []

    def start(extra: str = "") -> Mosquitto:
        started.append(Mosquitto(tmp_path, extra))
        started[-1].start()
        return started[-1]

    yield start
    for broker in started:
        broker.kill()


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedBroker]]:
    started: list[ScriptedBroker] = []

    def start(tls: ssl.SSLContext | None = None, **script: Any) -> ScriptedBroker:
        started.append(ScriptedBroker(Script(**script), tls))
        return started[-1]

    yield start
    for broker in started:
        broker.close()


@pytest.fixture
def listen(wake: threading.Event) -> Iterator[Callable[..., Listener]]:
    started: list[Listener] = []

    def start(port: int, **options: str) -> Listener:
        started.append(Listener(port, wake, **options))
        return started[-1]

    yield start
    for listener in started:
        listener.close()


@pytest.fixture
def link_to(wake: threading.Event) -> Iterator[Callable[..., MqttLink]]:
    """Make a link to a port of this machine, with quick retries. Other arguments are keys of the `mqtt` section."""
    made: list[MqttLink] = []

    def make(
        port: int,
        clock: Clock | None = None,
        *,
        mqtt_5: bool = True,
        waker: threading.Event = wake,
        subscriptions: Sequence[Sequence[str]] = (),
        **keys: Any,
    ) -> MqttLink:
        if "password" in keys:
            keys["password"] = SecretStr(keys["password"])
        settings = MqttSettings(**{"host": "127.0.0.1", "port": port, **keys})
        backoff = Backoff(random.Random(1).random, first=0.05, longest=0.2)
        clock = clock or SystemClock()
        made.append(
            MqttLink(
                settings,
                "monitor-t-abcdef",
                WILL,
                clock=clock,
                backoff=backoff,
                wake=waker.set,
                subscriptions=subscriptions,
                mqtt_5=mqtt_5,
            )
        )
        return made[-1]

    yield make
    for link in made:
        link.stop()


@pytest.fixture
def publish_to(link_to: Callable[..., MqttLink], wake: threading.Event) -> Callable[..., Publishing]:
    """Make a publisher to a port of this machine; arguments as for `link_to`."""

    def make(port: int, **options: Any) -> Publishing:
        hearing = Hearing(Topics("monitor"), "monitor-t-abcdef", random=lambda: 0.5)
        link = link_to(port, subscriptions=hearing.subscriptions, **options)
        voice, alerts = Voice(Topics("monitor"), wake.set), FakeQueue()
        return Publishing(Publisher(link, voice, alerts, hearing, SystemClock()), voice, link, alerts, wake)

    return make


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()
