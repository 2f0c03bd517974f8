"""What the publisher hears from the broker: other boxes on its base topic, Home Assistant's birth, and commands for the daemon.

It decides whether we may talk at all, and when everything has to be told again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence

from monitor.publish.contract import Received
from monitor.publish.rivals import Rivals
from monitor.publish.topics import Topics

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds for a broker to answer for our subscriptions; after that we talk without having listened."""

GREETING = (2.0, 10.0)
"""Seconds, at least and at most, between Home Assistant's birth and our telling it everything: it is born before it listens, and some
chance keeps many devices from answering in step."""


class Hearing:
    """Used by the publisher's thread. own: our id. birth: the topic of Home Assistant's birth, None if nobody cares.

    commands: the topics on which the daemon is told what to do; obey: called with each such message. random: gives 0..1.
    """

    def __init__(
        self,
        topics: Topics,
        own: str,
        birth: str | None = None,
        commands: Sequence[str] = (),
        obey: Callable[[Received], None] = lambda _: None,
        *,
        random: Callable[[], float],
    ) -> None:
        self.rival: str | None = None
        self._topics = topics
        self._own = own
        self._rivals = Rivals(own)
        self._birth = birth
        self._commands = commands
        self._obey = obey
        self._random = random
        self._talk_at = 0.0
        self._talking = False
        self._greet_at: float | None = None
        self._ignored: set[str] = set()

    @property
    def subscriptions(self) -> list[list[str]]:
        """What to subscribe to, in this order: a rival must be known before the last of them is answered."""
        first = [self._topics.bridge_state, self._topics.bridge_info, self._topics.bridge_health]
        second = [*self._commands, *([self._birth] if self._birth else [])]
        return [first, second or [self._topics.bridge_health]]  # which is never retained, and so may be asked for twice

    def connected(self, now: float) -> None:
        """Begin anew on a new connection, at a monotonic second."""
        self._rivals.connected()
        self._talking = False
        self._talk_at = now + PATIENCE

    def subscribed(self, refused: Sequence[str]) -> None:
        """Note that the broker answered for the subscriptions, and which of them it will not serve."""
        self._talk_at = 0.0
        for topic in refused:
            if topic not in self._ignored:
                log.warning("the MQTT broker does not let us listen to %s (see its access list)", topic)
                self._ignored.add(topic)

    def may_talk(self, now: float) -> bool:
        """Tell whether the base topic is ours and all was heard that has to be heard first."""
        if now < self._talk_at:
            return False
        rival = self._rivals.rival(now)
        if rival != self.rival:
            self._tell_rival(rival)
            if rival is None:
                self._greet_at = now
        if rival is None and not self._talking:
            self._talking = True
            self._rivals.talking()
        self._talking = rival is None
        return self._talking

    def greet(self, now: float) -> bool:
        """Tell, once, that everything is to be told again."""
        if self._greet_at is None or now < self._greet_at:
            return False
        self._greet_at = None
        return True

    def hear(self, message: Received, now: float) -> bool:
        """Take in a message; True if `bridge/state` must be said again, because somebody said that we are gone."""
        if message.topic == self._topics.bridge_state:
            return self._hear_state(message)
        if message.topic == self._topics.bridge_info:
            box = _field(message.payload, "id")
            if isinstance(box, str):
                self._rivals.info(box, now, retained=message.retained)
                if box != self._own and not message.retained and self._rivals.rival(now) is None:
                    self._greet_soon(now)  # it gives way, but has spoken over us
        elif message.topic == self._topics.bridge_health:
            self._rivals.sign_of_life(now)
        elif message.topic == self._birth:
            if message.payload == b"online" and not message.retained:
                self._greet_soon(now)
        elif not message.retained:
            self._pass_on(message)
        elif message.topic not in self._ignored:
            self._ignored.add(message.topic)
            log.warning("ignored: a retained command on %s; publish commands without the retain flag", message.topic)
        return False

    def _hear_state(self, message: Received) -> bool:
        online = _field(message.payload, "state") == "online"
        self._rivals.state(online=online)
        return self._talking and not online and not message.retained

    def _pass_on(self, message: Received) -> None:
        try:
            self._obey(message)
        except Exception:  # a bug in obeying must not cost the acknowledgements that came with it
            log.exception("the command on %s failed", message.topic)

    def _greet_soon(self, now: float) -> None:
        shortest, longest = GREETING
        self._greet_at = now + shortest + (longest - shortest) * self._random()

    def _tell_rival(self, rival: str | None) -> None:
        self.rival = rival
        if rival is None:
            log.info("the base topic %s is ours again", self._topics.base)
        else:
            log.error(
                "another box, %s, publishes on the base topic %s: nothing is published until it is gone; set mqtt.base_topic",
                rival,
                self._topics.base,
            )


def _field(payload: bytes, name: str) -> object:
    """Give a field of a JSON object, None for anything else."""
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return content.get(name) if isinstance(content, dict) else None
