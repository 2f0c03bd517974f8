"""Brokers, subscribers, links and publishers that end with their test."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from monitor.backoff import Backoff
from monitor.clock import Clock, ManualClock, SystemClock, stopwatch
from monitor.config.schema import MqttSettings
from monitor.publish.contract import Received
from monitor.publish.hearing import Hearing
from monitor.publish.lasting import MqttLink
from monitor.publish.link import Will
from monitor.publish.publisher import Publisher
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.values import Alert
from tests.publish.brokers import MOSQUITTO, Embedded, Listener, Mosquitto, Script, ScriptedBroker, free_port
from tests.publish.driving import Driver
from tests.publish.fakes import BOX, FakeLink, FakeQueue, Stage, an_alert, outgoing

__all__ = ["MOSQUITTO", "Embedded", "FakeLink", "FakeQueue", "Listener", "Mosquitto", "Script", "ScriptedBroker", "free_port"]

WILL = Will("monitor/bridge/state", b'{"state":"offline"}')


@dataclass
class Publishing:
    """A publisher over a real link, stepped by hand whenever something wakes it."""

    publisher: Publisher
    voice: Voice
    link: MqttLink
    alerts: FakeQueue
    obeyed: list[Received]
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
def driver(wake: threading.Event) -> Driver:
    return Driver(wake)


@pytest.fixture
def make_alert() -> Callable[..., Alert]:
    return an_alert


@pytest.fixture
def fake_link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def stage(fake_link: FakeLink) -> Stage:
    return Stage(fake_link, commands=["monitor/+/set"])


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

    def start(**script: Any) -> ScriptedBroker:
        started.append(ScriptedBroker(Script(**script)))
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
        box: str = BOX,
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
                box,
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
    """Make a publisher to a port of this machine; other arguments as for `link_to`."""

    def make(port: int, *, box: str = BOX, commands: Sequence[str] = (), **options: Any) -> Publishing:
        obeyed: list[Received] = []
        hearing = Hearing(Topics("monitor"), box, "homeassistant/status", commands, obeyed.append, random=lambda: 0.5)
        link = link_to(port, box=box, subscriptions=hearing.subscriptions, **options)
        voice, alerts = Voice(Topics("monitor"), wake.set), FakeQueue()
        return Publishing(Publisher(link, voice, alerts, hearing, SystemClock()), voice, link, alerts, obeyed, wake)

    return make


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()
