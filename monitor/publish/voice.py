"""What the daemon has to say, until the publisher says it: any thread speaks here, and nobody waits.

States are coalesced: of each retained topic only the latest payload counts. What only matters now (rates, health, answers) is of no use
later and is dropped while there is no broker.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping

from monitor.outgoing import OutboxFacts
from monitor.publish import payloads
from monitor.publish.latest import LatestOnly
from monitor.publish.payloads import Payload
from monitor.publish.topics import Topics
from monitor.values import OfflineReason, RuleState

log = logging.getLogger(__name__)

ANSWERS = 100
"""Answers to requests that may wait."""

Passing = tuple[str, bytes, int]
"""Topic, payload and QoS of a message that is of no use later."""


class Voice:
    """`wake` is called when there is something to say. latest: the retained topics; unsendable: messages that could not be written."""

    def __init__(self, topics: Topics, wake: Callable[[], None]) -> None:
        self.topics = topics
        self.latest = LatestOnly()
        self.unsendable = 0
        self._wake = wake
        self._figures: dict[str, Passing] = {}
        self._answers: deque[Passing] = deque(maxlen=ANSWERS)
        self._lock = threading.Lock()
        self._retain(topics.bridge_state, payloads.bridge_state(online=True))

    def send_state(self, state: RuleState) -> None:
        """Tell what a rule says now."""
        self._retain(self.topics.rule(state.place), payloads.rule_state(state))

    def send_availability(self, camera: str, reason: OfflineReason | None) -> None:
        """Tell whether a camera gives pictures; reason: why not, None if it does."""
        self._retain(self.topics.availability(camera), payloads.availability(reason))

    def send_problem(self, camera: str, kind: str | None) -> None:
        """Tell what is wrong with a camera's picture; None if nothing is known to be."""
        self._retain(self.topics.problem(camera), payloads.problem(kind))

    def send_info(self, info: Payload) -> None:
        """Tell what the daemon is (`payloads.bridge_info`)."""
        self._retain(self.topics.bridge_info, info)

    def send_detect(self, camera: str, *, on: bool) -> None:
        """Tell whether a camera is looked at."""
        self._put(self.topics.detect(camera) + "/state", b"ON" if on else b"OFF")

    def send_threshold(self, camera: str, rule: str, threshold: float) -> None:
        """Tell the threshold of a rule that is in force on a camera."""
        self._put(self.topics.threshold(camera, rule) + "/state", f"{threshold:g}".encode())

    def send_log_level(self, level: str) -> None:
        """Tell how much the daemon logs."""
        self._put(self.topics.log_level + "/state", level.encode())

    def send_picture(self, camera: str, jpeg: bytes) -> None:
        """Show a picture of a camera. Whoever gives the picture of an alert before the alert has it shown before."""
        self._put(self.topics.snapshot(camera), jpeg)

    def send_retained(self, messages: Mapping[str, Payload]) -> None:
        """Tell any other states, by topic: what Home Assistant is to know of us."""
        for topic, payload in messages.items():
            self._retain(topic, payload)

    def send_stats(self, camera: str, stats: Payload) -> None:
        """Tell the rates of a camera, if there is a broker to tell."""
        self._pass_on(self.topics.stats(camera), stats, qos=0)

    def send_health(self, health: Payload) -> None:
        """Tell how the daemon is, if there is a broker to tell."""
        self._pass_on(self.topics.bridge_health, health, qos=1)

    def answer(self, name: str, response: Payload) -> None:
        """Answer a request (`payloads.response`). Whoever asked has gone if the broker has."""
        topic = self.topics.response(name)
        if (data := self._encode(topic, response)) is not None:
            with self._lock:
                self._answers.append((topic, data, 1))
            self._wake()

    def send_lost(self, facts: OutboxFacts) -> None:
        """Tell how many alerts were lost because the outbox was full."""
        self._retain(self.topics.bridge_lost, payloads.lost(facts))

    def next_passing(self) -> Passing | None:
        """Take the next message that is of no use later, or None if there is none; answers come first."""
        with self._lock:
            if self._answers:
                return self._answers.popleft()
            return self._figures.pop(next(iter(self._figures))) if self._figures else None

    def drop_passing(self) -> None:
        """Forget what is of no use later: there is nobody to hear it."""
        with self._lock:
            self._figures.clear()
            self._answers.clear()

    def cannot_send(self, why: str) -> None:
        """Count and log a message that may never be sent."""
        with self._lock:
            self.unsendable += 1
        log.error("not sent: %s", why)

    def _retain(self, topic: str, payload: Payload) -> None:
        if (data := self._encode(topic, payload)) is not None:
            self._put(topic, data)

    def _put(self, topic: str, data: bytes) -> None:
        self.latest.put(topic, data)
        self._wake()

    def _pass_on(self, topic: str, payload: Payload, *, qos: int) -> None:
        if (data := self._encode(topic, payload)) is not None:
            with self._lock:
                self._figures[topic] = (topic, data, qos)
            self._wake()

    def _encode(self, topic: str, payload: Payload) -> bytes | None:
        try:
            return payloads.encode(payload)
        except ValueError as error:
            self.cannot_send(f"the message for {topic} cannot be written: {error}")
            return None
