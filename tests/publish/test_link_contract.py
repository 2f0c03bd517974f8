"""What every `Link` keeps: the one without a network that the publisher is tested with, and the real one over two real brokers."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from monitor.clock import stopwatch
from monitor.publish.contract import Acknowledged, Connected, Disconnected, Link, LinkEvent
from monitor.publish.sendable import UnsendableError

if TYPE_CHECKING:
    from tests.publish.conftest import Embedded, FakeLink, Mosquitto


class Rig(ABC):
    """A link and the means to break its connection."""

    link: Link

    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake
        self.events: list[LinkEvent] = []

    @abstractmethod
    def lose(self) -> None: ...

    @abstractmethod
    def come_back(self) -> None: ...

    def until(self, condition: Callable[[], object], within: float = 10.0) -> None:
        deadline = stopwatch() + within
        while not condition():
            assert stopwatch() < deadline, self.events
            self.events += self.link.drain()
            self._wake.wait(0.02)
            self._wake.clear()

    def until_event(self, event: type[LinkEvent]) -> None:
        self.until(lambda: any(isinstance(seen, event) for seen in self.events))

    def publish(self, text: str = "x") -> int | None:
        return self.link.publish("monitor/porch/alert", text.encode(), qos=1, retain=False)


class FakeRig(Rig):
    def __init__(self, wake: threading.Event, link: FakeLink) -> None:
        super().__init__(wake)
        self.link = link
        self._fake = link

    def lose(self) -> None:
        self._fake.lose()

    def come_back(self) -> None:
        self._fake.come_back()


class BrokerRig(Rig):
    def __init__(self, wake: threading.Event, link: Link, broker: Embedded | Mosquitto) -> None:
        super().__init__(wake)
        self.link = link
        self._broker = broker

    def lose(self) -> None:
        self._broker.kill()

    def come_back(self) -> None:
        self._broker.start()


@pytest.fixture(params=["fake", "embedded", pytest.param("mosquitto", marks=pytest.mark.real)])
def rig(request: pytest.FixtureRequest, wake: threading.Event, link_to: Callable[..., Link], fake_link: FakeLink) -> Rig:
    if request.param == "fake":
        return FakeRig(wake, fake_link)
    if request.param == "embedded":
        embedded: Embedded = request.getfixturevalue("embedded")
        return BrokerRig(wake, link_to(embedded.port, mqtt_5=False), embedded)
    mosquitto: Mosquitto = request.getfixturevalue("mosquitto")()
    return BrokerRig(wake, link_to(mosquitto.port), mosquitto)


def test_nothing_is_taken_before_the_broker_accepted_us(rig: Rig) -> None:
    assert rig.publish() is None
    rig.until_event(Connected)
    assert rig.events == [Connected()]
    assert rig.link.trouble is None
    assert rig.publish() is not None


def test_each_message_taken_is_answered_once_and_by_its_token(rig: Rig) -> None:
    rig.until_event(Connected)
    tokens = [rig.publish(str(number)) for number in range(10)]
    assert None not in tokens
    assert len(set(tokens)) == 10
    rig.until(lambda: len(rig.events) >= 11)
    rig.events += rig.link.drain()
    assert sorted(event.token for event in rig.events if isinstance(event, Acknowledged)) == tokens
    assert all(event.refused is None for event in rig.events if isinstance(event, Acknowledged))


def test_a_message_that_wants_no_answer_still_settles_its_token(rig: Rig) -> None:
    rig.until_event(Connected)
    token = rig.link.publish("monitor/porch/stats", b"{}", qos=0, retain=False)
    rig.until(lambda: Acknowledged(token or -1) in rig.events)


def test_messages_beyond_the_window_are_not_taken(rig: Rig) -> None:
    rig.until_event(Connected)
    taken = [rig.publish() for _ in range(50)]
    assert taken.count(None) == 30
    rig.until(lambda: len(rig.events) >= 21)
    assert rig.publish() is not None


@pytest.mark.parametrize("topic", ["monitor/\0/alert", "monitor/#", ""])
def test_poison_never_reaches_the_broker(rig: Rig, topic: str) -> None:
    rig.until_event(Connected)
    with pytest.raises(UnsendableError):
        rig.link.publish(topic, b"x", qos=1, retain=False)
    with pytest.raises(UnsendableError):
        rig.link.publish("monitor/porch/alert", bytes(300_000_000), qos=1, retain=False)
    token = rig.publish()
    rig.until(lambda: Acknowledged(token or -1) in rig.events)
    assert not any(isinstance(event, Disconnected) for event in rig.events)


def test_a_lost_connection_is_told_once_and_comes_back(rig: Rig) -> None:
    rig.until_event(Connected)
    rig.lose()
    rig.until_event(Disconnected)
    assert rig.publish() is None
    rig.events.clear()
    rig.come_back()
    rig.until_event(Connected)
    token = rig.publish()
    rig.until(lambda: Acknowledged(token or -1) in rig.events)
    assert [type(event) for event in rig.events] == [Connected, Acknowledged]


def test_after_stopping_nothing_is_taken_and_the_next_drain_begins_again(rig: Rig) -> None:
    rig.until_event(Connected)
    tokens = {rig.publish() for _ in range(5)}
    rig.events += rig.link.stop()
    assert tokens <= {event.token for event in rig.events if isinstance(event, Acknowledged)}
    assert rig.publish() is None
    rig.events.clear()
    rig.until_event(Connected)
