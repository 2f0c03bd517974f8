"""Alerts between the record thread and the outbox: as messages, committed together with the alerts themselves.

What a disk refuses waits in the outbox's memory and is sent from there; it is written with the next commit that works, unless the
broker has it by then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from monitor.outgoing import Outgoing
from monitor.publish import payloads
from monitor.publish.voice import Voice
from monitor.record.outbox import Outbox
from monitor.values import Alert, Moment

log = logging.getLogger(__name__)


class Dispatch:
    """`wake` tells the publisher that there is something to send. node: the name of this box."""

    def __init__(self, outbox: Outbox, voice: Voice, node: str, wake: Callable[[], None]) -> None:
        self._outbox = outbox
        self._voice = voice
        self._node = node
        self._wake = wake

    def show(self, camera: str, picture: bytes) -> None:
        """Send a JPEG of a camera. Given before an alert is committed, it is there before the alert is."""
        self._voice.send_picture(camera, picture)

    def compose(self, alerts: Sequence[Alert], now: Moment) -> list[Outgoing]:
        """Write what is to be sent, with what is held already before it."""
        return [*self._outbox.held(), *filter(None, (self._message(alert, now) for alert in alerts))]

    def committed(self, messages: Sequence[Outgoing]) -> None:
        """Note that messages are on the disk, and have them sent."""
        self._outbox.release([message.key for message in messages])
        self._wake()

    def refused(self, messages: Sequence[Outgoing]) -> None:
        """Note that the disk refused messages, and have them sent from memory."""
        self._outbox.hold(messages)
        self._wake()

    def _message(self, alert: Alert, now: Moment) -> Outgoing | None:
        try:
            payload = payloads.encode(payloads.alert(alert, node=self._node, delayed=False))
        except ValueError as error:
            log.error("alert %s/%d cannot be sent: %s", alert.id, alert.seq, error)
            return None
        camera = alert.place.camera
        # Alerts are as old as what they tell of; of a moment ago, unless they end an episode of an earlier run.
        since = now.mono - max(0.0, now.wall - alert.time)
        return Outgoing(alert.id, alert.seq, camera, alert.severity, self._voice.topics.alert(camera), payload, since)
