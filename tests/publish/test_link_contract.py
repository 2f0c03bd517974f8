"""What every `Link` keeps: the one without a network that the publisher is tested with, and the real one over two real brokers."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from monitor.clock import stopwatch
from monitor.publish.contract import Acknowledged, Connected, Disconnected, Link, LinkEvent, Received, Subscribed
from monitor.publish.sendable import UnsendableError
from tests.publish.brokers import say

if TYPE_CHECKING:
    from tests.publish.brokers import Embedded, Mosquitto
    from tests.publish.fakes import FakeLink

STATE, COMMAND = "monitor/bridge/state", "monitor/porch/detect/set"
SUBSCRIPTIONS = [[STATE], ["monitor/+/detect/set"]]


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

    @abstractmethod
    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish as somebody else."""

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

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if retain:
            self._fake.told_at_once.append(Received(topic, payload, retained=True))
        else:
            self._fake.tell(topic, payload)


class BrokerRig(Rig):
    def __init__(self, wake: threading.Event, link: Link, broker: Embedded | Mosquitto) -> None:
        super().__init__(wake)
        self.link = link
        self._broker = broker

    def lose(self) -> None:
        self._broker.kill()

    def come_back(self) -> None:
        self._broker.start()

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        say(self._broker.port, topic, payload, retain=retain)


@pytest.fixture(params=["fake", "embedded", pytest.param("mosquitto", marks=pytest.mark.real)])
def rig(request: pytest.FixtureRequest, wake: threading.Event, link_to: Callable[..., Link], fake_link: FakeLink) -> Rig:
    if request.param == "fake":
        return FakeRig(wake, fake_link)
    if request.param == "embedded":
        embedded: Embedded = request.getfixturevalue("embedded")
        return BrokerRig(wake, link_to(embedded.port, mqtt_5=False, subscriptions=SUBSCRIPTIONS), embedded)
    mosquitto: Mosquitto = request.getfixturevalue("mosquitto")()
    return BrokerRig(wake, link_to(mosquitto.port, subscriptions=SUBSCRIPTIONS), mosquitto)


def test_nothing_is_taken_before_the_broker_accepted_us(rig: Rig) -> None:
    assert rig.publish() is None
    rig.until_event(Connected)
    assert rig.events[0] == Connected()
    assert rig.link.trouble is None
    assert rig.publish() is not None


def test_what_is_retained_on_the_first_subscriptions_is_told_before_they_are_answered_for(rig: Rig) -> None:
    rig.say(STATE, b"before", retain=True)
    rig.until_event(Subscribed)
    assert rig.events == [Connected(), Received(STATE, b"before", retained=True), Subscribed()]


def test_what_is_said_on_a_subscription_is_heard_as_it_was_said(rig: Rig) -> None:
    rig.until_event(Subscribed)
    for payload in (b"ON", b"", b"\xff\0"):
        rig.say(COMMAND, payload)
    rig.until(lambda: len(rig.events) >= 5)
    assert rig.events[2:] == [Received(COMMAND, payload, retained=False) for payload in (b"ON", b"", b"\xff\0")]


def test_subscriptions_are_made_anew_on_each_connection(rig: Rig) -> None:
    rig.until_event(Subscribed)
    rig.lose()
    rig.until_event(Disconnected)
    rig.events.clear()
    rig.come_back()
    rig.until_event(Subscribed)
    rig.say(COMMAND, b"ON")
    rig.until(lambda: Received(COMMAND, b"ON", retained=False) in rig.events)


def test_each_message_taken_is_answered_once_and_by_its_token(rig: Rig) -> None:
    rig.until_event(Connected)
    tokens = [rig.publish(str(number)) for number in range(10)]
    assert None not in tokens
    assert len(set(tokens)) == 10
    rig.until(lambda: sum(isinstance(event, Acknowledged) for event in rig.events) >= 10)
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
    rig.until_event(Acknowledged)
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
    assert [event for event in rig.events if event != Subscribed()] == [Connected(), Acknowledged(token or -1)]


def test_after_stopping_nothing_is_taken_and_the_next_drain_begins_again(rig: Rig) -> None:
    rig.until_event(Connected)
    tokens = {rig.publish() for _ in range(5)}
    rig.events += rig.link.stop()
    assert tokens <= {event.token for event in rig.events if isinstance(event, Acknowledged)}
    assert rig.publish() is None
    rig.events.clear()
    rig.until_event(Connected)
