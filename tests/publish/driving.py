"""Draining links until something is so."""

from __future__ import annotations

import threading
from collections.abc import Callable

from monitor.clock import stopwatch
from monitor.publish.contract import Acknowledged, Connected, Disconnected, LinkEvent, Subscribed
from monitor.publish.lasting import MqttLink
from monitor.publish.trouble import Trouble


class Driver:
    """Keeps what links tell. wake: set by them when there is something to hear."""

    def __init__(self, wake: threading.Event) -> None:
        self.events: list[LinkEvent] = []
        self._wake = wake

    @property
    def connections(self) -> int:
        return self.events.count(Connected())

    @property
    def troubles(self) -> list[Trouble]:
        """Why connections were lost."""
        return [event.trouble for event in self.events if isinstance(event, Disconnected)]

    def turn(self, *links: MqttLink, times: int = 1) -> None:
        """Drain links once, and give them a moment."""
        for _ in range(times):
            for link in links:
                self.events += link.drain()
            self._wake.wait(0.02)
            self._wake.clear()

    def until(self, link: MqttLink, condition: Callable[[], object], *others: MqttLink, within: float = 10.0) -> None:
        deadline = stopwatch() + within
        while not condition():
            assert stopwatch() < deadline, (self.events, link.trouble)
            self.turn(link, *others)

    def until_connected(self, link: MqttLink, times: int = 1) -> None:
        self.until(link, lambda: self.connections == times)

    def until_subscribed(self, link: MqttLink) -> None:
        """Wait until the broker answered for the subscriptions, and forget what was told until then."""
        self.until(link, lambda: Subscribed() in self.events)
        self.events.clear()

    def until_lost(self, link: MqttLink, *others: MqttLink, times: int = 1) -> Trouble:
        """Wait for the end of so many connections and give the last one's reason."""
        self.until(link, lambda: len(self.troubles) == times, *others)
        return self.troubles[-1]

    def publish(self, link: MqttLink, payload: bytes = b"x") -> int:
        """Hand an alert to a link that takes it, and give its token."""
        token = link.publish("monitor/porch/alert", payload, qos=1, retain=False)
        assert token is not None
        return token

    def until_answered(self, link: MqttLink, refused: str | None = None) -> None:
        """Publish something and wait for its answer."""
        answer = Acknowledged(self.publish(link), refused)
        self.until(link, lambda: answer in self.events)
