"""The wiring between the daemon and the broker: the parts of `publish/` and `record/` that make alerts arrive and commands be obeyed."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from monitor.backoff import Backoff
from monitor.bridge import Bridge, Overrides
from monitor.classify.classifier import Classifier
from monitor.clock import Clock
from monitor.commanding import Commander
from monitor.config.load import Loaded
from monitor.config.schema import Config, MqttSettings
from monitor.dispatch import Dispatch
from monitor.inbox import Inbox
from monitor.publish import payloads
from monitor.publish.commands import CommandReader
from monitor.publish.hearing import Hearing
from monitor.publish.lasting import MqttLink
from monitor.publish.link import Will
from monitor.publish.publisher import Publisher
from monitor.publish.sendable import MAX_PACKET
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.record.announced import AnnouncedTopics
from monitor.record.outbox import Outbox
from monitor.record.second import SecondConnection
from monitor.runtime.signals import Request
from monitor.values import Moment
from monitor.workers import Lane

BROKER_PAUSE = 15.0
"""The longest pause between attempts to reach the broker: it is in the house, asking costs next to nothing, and alerts wait for it."""

FAREWELL = 0.3
"""Seconds, at the stop, in which alerts may still go out one after another: a broker in the house takes milliseconds for each."""


class Messaging:
    """All that speaks MQTT for one configuration; making it connects to nothing. box: the id of this box.

    settings: of the broker to connect to; never `embedded`. inbox: where what is to last over a restart goes. ask: the main thread.
    """

    def __init__(
        self,
        settings: MqttSettings,
        loaded: Loaded,
        classifier: Classifier,
        overrides: Overrides,
        box: str,
        inbox: Inbox,
        ask: Callable[[Request], None],
        clock: Clock,
    ) -> None:
        config = loaded.config
        chance = random.SystemRandom().random
        topics = Topics(settings.base_topic)
        self.wake = threading.Event()
        self.voice = Voice(topics, self.wake.set)
        self._file = SecondConnection(config.history.path)
        self.outbox = Outbox(self._file, clock, MAX_PACKET)
        self.dispatch = Dispatch(self.outbox, self.voice, config.node, self.wake.set)
        self.bridge = Bridge(loaded, classifier, self.voice, box, overrides)
        reader = self._reader(config)
        self.commander = Commander(reader, self.voice, self.bridge, inbox, ask, snapshots=config.snapshots.enabled)
        hearing = Hearing(
            topics,
            box,
            f"{settings.discovery_prefix}/status" if settings.discovery != "off" else None,
            reader.subscriptions() if settings.commands else (),
            self.commander.obey,
            random=chance,
        )
        will = Will(topics.bridge_state, payloads.encode(payloads.bridge_state(online=False)))
        link = MqttLink(
            settings,
            settings.client_id or box,
            will,
            clock=clock,
            backoff=Backoff(chance, longest=BROKER_PAUSE),
            wake=self.wake.set,
            subscriptions=hearing.subscriptions,
            mqtt_5=config.mqtt.host != "embedded",
        )
        self.publisher = Publisher(link, self.voice, self.outbox, hearing, clock)
        self._clock = clock
        self._announced = AnnouncedTopics(self._file)
        self._changes: deque[Callable[[], None]] = deque()
        self.bridge.introduce(self.publisher, self._announced)

    def change(self, loaded: Loaded, lanes: Sequence[Lane], retired: Sequence[Lane]) -> None:
        """Speak and be told of other cameras. retired: lanes that nobody serves any more. From any thread; done with the next step."""
        self._changes.append(partial(self._change, loaded, lanes, retired))
        self.wake.set()

    def step(self, now: Moment) -> float:
        """Do the publisher's work."""
        while self._changes:
            self._changes.popleft()()
        return self.publisher.step(now)

    def close(self) -> None:
        """Send what waits as far as the broker takes it at once, say goodbye, and let go of the file."""
        try:
            end = self._clock.now().mono + FAREWELL
            while (now := self._clock.now()).mono < end and self.publisher.busy:
                self.wake.wait(min(self.publisher.step(now), end - now.mono))
                self.wake.clear()
            self.publisher.close()
        finally:
            self._file.close()

    def _change(self, loaded: Loaded, lanes: Sequence[Lane], retired: Sequence[Lane]) -> None:
        self.commander.change(self._reader(loaded.config), lanes)
        for lane in retired:  # only now: until now somebody may have asked something of them
            lane.errands.give_up()
        self.bridge.change(loaded, self.publisher, self._announced)

    def _reader(self, config: Config) -> CommandReader:
        rules = {camera: list(dict.fromkeys(rule.name for rule in config.rules_of(camera))) for camera in config.cameras}
        return CommandReader(self.voice.topics, rules)
