"""What may be handed to a broker. Pure.

A topic with a NUL makes mosquitto drop the client; the client would come back, send it again and be dropped again, and every
later alert would wait behind it for ever. So nothing of the kind gets as far as the connection.
"""

from __future__ import annotations

from monitor.errors import MonitorError

MAX_TOPIC = 1024
"""Bytes of a topic; MQTT allows 65535, brokers and dashboards often much less."""

MAX_PACKET = 16 * 1000**2
"""Bytes of a message in all; MQTT allows 268435460, and the largest message of ours is a JPEG."""

OVERHEAD = 128
"""Bytes of a packet beside its topic and payload, at most."""


class UnsendableError(MonitorError):
    """A message that no broker should ever see."""


def check_sendable(topic: str, payload: bytes, max_packet: int = MAX_PACKET) -> None:
    """Raise UnsendableError unless a broker that takes packets of `max_packet` bytes must accept the message."""
    if fault := _topic_fault(topic):
        raise UnsendableError(f"the topic {topic[:80]!r} {fault}")
    size = OVERHEAD + len(topic.encode()) + len(payload)
    if size > max_packet:
        raise UnsendableError(f"the message for {topic} has {size} bytes, more than the {max_packet} that the broker takes")


def _topic_fault(topic: str) -> str | None:
    if topic.startswith("$"):
        return "belongs to the broker"
    if not all(topic.split("/")):
        return "has an empty level"
    if any(character in "+#" or not character.isprintable() for character in topic):
        return "has a character that may not stand in one"
    if len(topic.encode()) > MAX_TOPIC:
        return f"is longer than {MAX_TOPIC} bytes"
    return None
