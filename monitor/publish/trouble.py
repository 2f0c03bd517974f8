"""Why there is no connection to the broker, in words. Pure."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum

from monitor.config.schema import MqttSettings


class TroubleKind(StrEnum):
    """The kinds of trouble that call for different remedies."""

    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    AUTH = "auth"
    PROTOCOL = "protocol"
    TAKEN_OVER = "taken_over"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong; `detail` is for people and holds no secret."""

    kind: TroubleKind
    detail: str

    def __str__(self) -> str:
        return self.detail


def from_error(error: BaseException | None, host: str, port: int) -> Trouble:
    """Put the error that ended an attempt to connect into words."""
    where = f"{host}:{port}"
    match error:
        case socket.gaierror():
            return Trouble(TroubleKind.DNS, f"the name {host} cannot be looked up ({error.strerror})")
        case ConnectionRefusedError():
            return Trouble(TroubleKind.REFUSED, f"nothing listens at {where} (connection refused)")
        case ssl.SSLCertVerificationError():
            return Trouble(TroubleKind.TLS, f"the certificate of {where} is not accepted: {error.verify_message}")
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
            return Trouble(TroubleKind.TLS, f"{where} does not speak TLS")
        case ssl.SSLError():
            return Trouble(TroubleKind.TLS, f"TLS with {where} failed: {error.strerror or error}")
        case TimeoutError():
            return Trouble(TroubleKind.TIMEOUT, f"no answer from {where}")
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH | errno.ENETDOWN | errno.EHOSTDOWN):
            return Trouble(TroubleKind.UNREACHABLE, f"{where} cannot be reached ({error.strerror})")
        case _:
            return Trouble(TroubleKind.LOST, f"cannot connect to {where} ({error or 'unknown reason'})")


def from_brevity(client_id: str) -> Trouble:
    """Put into words that one connection after another is accepted and broken: only newer brokers say that another client did it."""
    return Trouble(
        TroubleKind.LOST, f"the connection breaks again and again: does another client sign in as {client_id}? (set mqtt.client_id)"
    )


def from_silence(settings: MqttSettings) -> Trouble:
    """Put into words that the broker hung up on our first packet: what it wants instead it does not say."""
    if settings.tls.cert:
        hint = "does it accept our client certificate?"
    elif settings.tls.enabled:
        hint = "does it want a client certificate, mqtt.tls.cert?"
    else:
        hint = "does it want TLS?"
    where = f"{settings.host}:{settings.port}"
    return Trouble(TroubleKind.PROTOCOL, f"{where} hung up without an answer (is it an MQTT broker? {hint})")


def from_reason(code: int, name: str, client_id: str) -> Trouble:
    """Put an MQTT 5 reason code (>= 0x80) and its name into words."""
    match code:
        case 0x84:
            return Trouble(TroubleKind.PROTOCOL, "the broker does not speak this version of MQTT")
        case 0x86 | 0x87 | 0x8A | 0x8C:
            return Trouble(TroubleKind.AUTH, f"the broker refused user name or password ({name.lower()})")
        case 0x8D:
            return Trouble(TroubleKind.TIMEOUT, "the broker stopped answering")
        case 0x8E:
            return Trouble(
                TroubleKind.TAKEN_OVER, f"another client signed in as {client_id}: give each box its own node name or mqtt.client_id"
            )
        case 0x80:
            return Trouble(TroubleKind.LOST, "the connection broke")
        case _:
            return Trouble(TroubleKind.LOST, f"the broker ended the connection ({name.lower()})")
