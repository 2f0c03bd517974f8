"""A real mosquitto that wants TLS, client certificates and passwords."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.config.load import load
from monitor.publish.trouble import Trouble, TroubleKind
from tests.publish.brokers import free_port
from tests.publish.certificates import Certified, certificate

if TYPE_CHECKING:
    from tests.publish.brokers import Mosquitto, ScriptedBroker
    from tests.publish.conftest import Publishing

Brokers = Callable[..., "Mosquitto"]
Publishers = Callable[..., "Publishing"]

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
    pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning"),  # paho leaves it to the garbage collector
]


@pytest.fixture
def authority(tmp_path: Path) -> Certified:
    """Who signs the certificates of brokers and clients."""
    return certificate(tmp_path, "authority")


def tls_listener(port: int, server: Certified, *lines: str) -> str:
    """Write what makes mosquitto speak TLS at a port of its own."""
    return "\n".join([f"listener {port} 127.0.0.1", f"certfile {server.cert}", f"keyfile {server.key}", *lines])


def trouble_of(publishing: Publishing) -> Trouble:
    """Try until something is known to be wrong."""
    publishing.until(lambda: publishing.link.trouble)
    assert publishing.link.trouble is not None
    return publishing.link.trouble


def test_a_broker_that_the_authority_vouches_for_is_talked_to(
    mosquitto: Brokers, publish_to: Publishers, tmp_path: Path, authority: Certified
) -> None:
    port = free_port()
    mosquitto(tls_listener(port, certificate(tmp_path, "broker", signer=authority)))
    publishing = publish_to(port, tls={"enabled": True, "ca": authority.cert})
    publishing.until(lambda: publishing.publisher.status().acknowledged == 1)


@pytest.mark.parametrize(
    ("made_for", "vouched_for", "words"),
    [
        ({"end": "20200102000000Z"}, True, "certificate has expired"),
        ({"host": "DNS:elsewhere.lan"}, True, "IP address mismatch"),
        ({}, False, "unable to get local issuer certificate"),
    ],
    ids=["expired", "wrong host", "unknown authority"],
)
def test_a_broker_with_a_wrong_certificate_is_told_in_words(
    mosquitto: Brokers,
    publish_to: Publishers,
    tmp_path: Path,
    authority: Certified,
    made_for: dict[str, str],
    vouched_for: bool,
    words: str,
) -> None:
    port = free_port()
    signer = authority if vouched_for else certificate(tmp_path, "stranger")
    mosquitto(tls_listener(port, certificate(tmp_path, "broker", signer=signer, **made_for)))
    publishing = publish_to(port, tls={"enabled": True, "ca": authority.cert})
    trouble = trouble_of(publishing)
    assert trouble.kind is TroubleKind.TLS
    assert trouble.detail.startswith(f"the certificate of 127.0.0.1:{port} is not accepted: ")
    assert words in trouble.detail
    assert publishing.publisher.status().acknowledged == 0


@pytest.mark.parametrize("certified", [True, False])
def test_a_broker_that_wants_a_client_certificate_is_shown_ours_or_says_so(
    mosquitto: Brokers, publish_to: Publishers, tmp_path: Path, authority: Certified, certified: bool
) -> None:
    port = free_port()
    server = certificate(tmp_path, "broker", signer=authority)
    client = certificate(tmp_path, "camera", host="DNS:camera", signer=authority)
    mosquitto(tls_listener(port, server, f"cafile {authority.cert}", "require_certificate true"))
    tls: dict[str, Any] = {"enabled": True, "ca": authority.cert} | ({"cert": client.cert, "key": client.key} if certified else {})
    publishing = publish_to(port, tls=tls)
    if certified:
        publishing.until(lambda: publishing.publisher.status().acknowledged == 1)
    else:
        trouble = trouble_of(publishing)
        assert "does it want a client certificate, mqtt.tls.cert?" in trouble.detail


def test_a_client_certificate_of_a_stranger_is_not_let_in(
    mosquitto: Brokers, publish_to: Publishers, tmp_path: Path, authority: Certified
) -> None:
    port = free_port()
    server, stranger = certificate(tmp_path, "broker", signer=authority), certificate(tmp_path, "stranger")
    mosquitto(tls_listener(port, server, f"cafile {authority.cert}", "require_certificate true"))
    publishing = publish_to(port, tls={"enabled": True, "ca": authority.cert, "cert": stranger.cert, "key": stranger.key})
    assert "does it accept our client certificate?" in trouble_of(publishing).detail


def test_a_broker_without_tls_is_not_talked_to_in_the_clear(
    scripted: Callable[..., ScriptedBroker], publish_to: Publishers, authority: Certified
) -> None:
    broker = scripted()
    trouble_of(publish_to(broker.port, tls={"enabled": True, "ca": authority.cert}))
    assert not broker.levels


def test_a_broker_that_wants_tls_is_not_talked_to_without(
    mosquitto: Brokers, publish_to: Publishers, tmp_path: Path, authority: Certified
) -> None:
    port = free_port()
    mosquitto(tls_listener(port, certificate(tmp_path, "broker", signer=authority)))
    trouble = trouble_of(publish_to(port))
    assert "does it want TLS?" in trouble.detail


def test_websockets_go_through_tls_too(mosquitto: Brokers, publish_to: Publishers, tmp_path: Path, authority: Certified) -> None:
    port = free_port()
    mosquitto(tls_listener(port, certificate(tmp_path, "broker", signer=authority), "protocol websockets"))
    publishing = publish_to(port, transport="websockets", tls={"enabled": True, "ca": authority.cert})
    publishing.until(lambda: publishing.publisher.status().acknowledged == 1)


@pytest.fixture
def strict(mosquitto: Brokers, tmp_path: Path) -> Mosquitto:
    """A broker that knows one user, `cam`, whose password is `s3cret: #1`."""
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto_passwd is not installed")
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(tmp_path / "passwords"), "cam", "s3cret: #1"], check=True, capture_output=True)
    return mosquitto(f"allow_anonymous false\npassword_file {tmp_path}/passwords")


@pytest.mark.parametrize("written", ["${MQTT_PASSWORD}", "!file mqtt-password"])
def test_a_password_from_the_environment_or_a_file_lets_us_in(
    strict: Mosquitto, publish_to: Publishers, tmp_path: Path, written: str
) -> None:
    (tmp_path / "mqtt-password").write_text("s3cret: #1\n")
    (tmp_path / "config.yaml").write_text(
        f"cameras: {{porch: {{source: demo}}}}\nmqtt:\n  port: {strict.port}\n  username: ${{MQTT_USER}}\n  password: {written}\n"
    )
    loaded = load(tmp_path / "config.yaml", environ={"MQTT_USER": "cam", "MQTT_PASSWORD": "s3cret: #1"}, hostname="t")
    settings = loaded.config.mqtt
    assert settings.password is not None
    publishing = publish_to(strict.port, username=settings.username, password=settings.password.get_secret_value())
    publishing.until(lambda: publishing.publisher.status().acknowledged == 1)


@pytest.mark.parametrize("sign_in", [{}, {"username": "cam", "password": "wr0ng"}, {"username": "bob", "password": "s3cret: #1"}])
@pytest.mark.parametrize("mqtt_5", [True, False])
def test_whoever_is_not_let_in_is_told_why_and_no_secret_with_it(
    strict: Mosquitto, publish_to: Publishers, caplog: pytest.LogCaptureFixture, sign_in: dict[str, str], mqtt_5: bool
) -> None:
    publishing = publish_to(strict.port, mqtt_5=mqtt_5, **sign_in)
    trouble = trouble_of(publishing)
    assert trouble.kind is TroubleKind.AUTH
    assert trouble.detail.startswith("the broker refused user name or password")
    assert not [secret for secret in ("wr0ng", "s3cret") if secret in caplog.text + trouble.detail]


def test_a_broker_is_found_at_an_ipv6_address(mosquitto: Brokers, publish_to: Publishers) -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no ::1")
    mosquitto(f"listener {port} ::1")
    publishing = publish_to(port, host="::1")
    publishing.until(lambda: publishing.publisher.status().acknowledged == 1)
