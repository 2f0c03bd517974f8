from __future__ import annotations

import errno
import socket
import ssl

import pytest

from monitor.config.schema import MqttSettings
from monitor.publish.trouble import Trouble, TroubleKind, from_error, from_reason, from_silence


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), TroubleKind.DNS, "the name hub cannot be looked up (Name or service not known)"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), TroubleKind.REFUSED, "nothing listens at hub:1883 (connection refused)"),
        (TimeoutError("timed out"), TroubleKind.TIMEOUT, "no answer from hub:1883"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), TroubleKind.UNREACHABLE, "hub:1883 cannot be reached (No route to host)"),
        (ssl.SSLError(1, "bad handshake"), TroubleKind.TLS, "TLS with hub:1883 failed: bad handshake"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), TroubleKind.LOST, "cannot connect to hub:1883 ([Errno 104] reset)"),
        (None, TroubleKind.LOST, "cannot connect to hub:1883 (unknown reason)"),
    ],
)
def test_a_failed_attempt_is_put_into_words(error: BaseException | None, kind: TroubleKind, words: str) -> None:
    trouble = from_error(error, "hub", 1883)
    assert (trouble.kind, str(trouble)) == (kind, words)


@pytest.mark.parametrize(
    ("tls", "hint"),
    [
        ({}, "does it want TLS?"),
        ({"enabled": True}, "does it want a client certificate, mqtt.tls.cert?"),
        ({"enabled": True, "cert": "c.pem", "key": "k.pem"}, "does it accept our client certificate?"),
    ],
)
def test_a_broker_that_hangs_up_without_a_word_may_want_what_it_is_not_given(tls: dict[str, object], hint: str) -> None:
    trouble = from_silence(MqttSettings.model_validate({"host": "hub", "tls": tls}))
    assert trouble == Trouble(TroubleKind.PROTOCOL, f"hub:1883 hung up without an answer (is it an MQTT broker? {hint})")


@pytest.mark.parametrize(
    ("code", "name", "kind", "words"),
    [
        (0x84, "Unsupported protocol version", TroubleKind.PROTOCOL, "does not speak this version"),
        (0x86, "Bad user name or password", TroubleKind.AUTH, "refused user name or password"),
        (0x87, "Not authorized", TroubleKind.AUTH, "not authorized"),
        (0x8D, "Keep alive timeout", TroubleKind.TIMEOUT, "stopped answering"),
        (0x8E, "Session taken over", TroubleKind.TAKEN_OVER, "another client signed in as me"),
        (0x8B, "Server shutting down", TroubleKind.LOST, "server shutting down"),
        (0x80, "Unspecified error", TroubleKind.LOST, "the connection broke"),
    ],
)
def test_a_brokers_reason_is_put_into_words(code: int, name: str, kind: TroubleKind, words: str) -> None:
    trouble = from_reason(code, name, "me")
    assert trouble.kind is kind
    assert words in str(trouble)
