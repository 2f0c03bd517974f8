"""What is allowed in a configuration but probably not meant."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config.address import EMBEDDED
from monitor.config.faults import Fault
from monitor.config.password import PasswordHash
from monitor.config.schema import Config, MqttSettings

PLAIN_PORT = 1883
TLS_PORT = 8883


def hints(config: Config) -> Iterator[Fault]:
    """Yield what a person should look at again."""
    if config.mqtt.enabled:
        yield from _of_broker(config.mqtt)
    if config.web.enabled and config.web.password_hash:
        yield from _of_password(config.web.password_hash.get_secret_value())
    if config.rules and all(camera.rules is not None for camera in config.cameras.values()):
        yield Fault(("rules",), "is not used: every camera has rules of its own")


def _of_password(text: str) -> Iterator[Fault]:
    try:
        PasswordHash.parse(text)
    except ValueError as error:
        yield Fault(("web", "password_hash"), f"{error}; as it is nobody can sign in")


def _of_broker(mqtt: MqttSettings) -> Iterator[Fault]:
    if mqtt.tls.enabled and mqtt.port == PLAIN_PORT:
        yield Fault(("mqtt", "port"), f"is {PLAIN_PORT}, where brokers speak without TLS as a rule; with TLS it is {TLS_PORT}")
    if not mqtt.tls.enabled and mqtt.host != EMBEDDED and mqtt.port == TLS_PORT:
        yield Fault(("mqtt", "port"), f"is {TLS_PORT}, where brokers speak TLS as a rule; set mqtt.tls.enabled: true")
    if not mqtt.tls.enabled and (mqtt.tls.ca or mqtt.tls.cert):
        yield Fault(("mqtt", "tls"), "names files but is not enabled; set mqtt.tls.enabled: true")
