"""The embedded broker, with an ordinary client."""

from __future__ import annotations

import gc
import shlex
import shutil
import socket
import subprocess
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from monitor.clock import stopwatch
from monitor.errors import BrokerError
from monitor.publish import payloads
from monitor.publish.broker import EmbeddedBroker, watch_command
from monitor.values import Alert, Place, RuleState

if TYPE_CHECKING:
    from tests.publish.conftest import Embedded, Listener, Publishing

ON = RuleState(Place("porch", "frame", "cat"), True, 0.9, "tabby", 1.7e9, "e1")


@pytest.fixture
def publishing(embedded: Embedded, publish_to: Callable[..., Publishing]) -> Publishing:
    return publish_to(embedded.port, mqtt_5=False)


def test_an_ordinary_client_sees_states_and_alerts(
    embedded: Embedded, publishing: Publishing, listen: Callable[..., Listener], make_alert: Callable[..., Alert]
) -> None:
    listener = listen(embedded.port)
    publishing.voice.send_state(ON)
    publishing.send_alert(make_alert(0), b"\xff\xd8jpeg")
    publishing.until(lambda: len(listener.messages) >= 4)
    assert listener.topics() == ["monitor/bridge/state", "monitor/porch/cat", "monitor/porch/snapshot", "monitor/porch/alert"]
    assert listener.payloads("monitor/porch/cat") == [payloads.encode(payloads.rule_state(ON))]
    assert listener.payloads("monitor/porch/snapshot") == [b"\xff\xd8jpeg"]


def test_whoever_comes_later_is_told_the_states_but_not_the_alerts(
    embedded: Embedded, publishing: Publishing, listen: Callable[..., Listener], make_alert: Callable[..., Alert]
) -> None:
    publishing.voice.send_state(ON)
    publishing.send_alert(make_alert(0), b"jpeg")
    publishing.until(lambda: publishing.publisher.status().acknowledged == 4)
    listener = listen(embedded.port)
    listener.wait(lambda: len(listener.messages) >= 3)
    assert {(message.topic, message.retain) for message in listener.messages} == {
        ("monitor/bridge/state", True),
        ("monitor/porch/cat", True),
        ("monitor/porch/snapshot", True),
    }


def test_a_clean_stop_says_offline_and_delivers_what_was_queued(
    embedded: Embedded, publishing: Publishing, listen: Callable[..., Listener], make_alert: Callable[..., Alert]
) -> None:
    listener = listen(embedded.port)
    publishing.until(lambda: publishing.publisher.status().acknowledged == 1)
    publishing.send_alert(make_alert(0), None)
    publishing.publisher.close()
    listener.wait(lambda: len(listener.messages) >= 3)
    assert listener.topics() == ["monitor/bridge/state", "monitor/porch/alert", "monitor/bridge/state"]
    assert listener.messages[-1].payload == b'{"state":"offline"}'
    assert len(publishing.alerts) == 0


def test_after_an_outage_states_and_all_alerts_arrive_in_order(
    embedded: Embedded, publishing: Publishing, listen: Callable[..., Listener], make_alert: Callable[..., Alert]
) -> None:
    publishing.voice.send_state(ON)
    publishing.until(lambda: publishing.publisher.status().acknowledged == 2)
    embedded.kill()
    publishing.until(lambda: not publishing.publisher.status().connected)
    for seq in range(50):
        publishing.send_alert(make_alert(seq), None)
    embedded.start()
    listener = listen(embedded.port)
    publishing.until(lambda: len(publishing.alerts) == 0)
    listener.wait(lambda: len(listener.payloads("monitor/porch/alert")) >= 50)
    sent = [payloads.encode(payloads.alert(make_alert(seq), node="t", delayed=False)) for seq in range(50)]
    assert listener.payloads("monitor/porch/alert") == sent
    assert listener.payloads("monitor/porch/cat") == [payloads.encode(payloads.rule_state(ON))]


def test_a_taken_port_is_stepped_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = taken.getsockname()[1]
        ports: list[int] = []
        stop = threading.Event()
        stop.set()
        EmbeddedBroker(first).run(stop, ports.append)
    assert len(ports) == 1
    assert first < ports[0] <= first + 50


def test_no_port_at_all_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 65535)), pytest.raises(BrokerError, match="no free port from 65535 to 65535"):
        EmbeddedBroker(65535).run(threading.Event(), lambda port: None)


def test_it_ends_in_under_a_second_with_clients_connected(
    embedded: Embedded, publishing: Publishing, listen: Callable[..., Listener]
) -> None:
    listen(embedded.port)
    publishing.until(lambda: publishing.publisher.status().connected)
    with socket.create_connection(("127.0.0.1", embedded.port)) as silent:
        silent.sendall(b"\x10")
        start = stopwatch()
        embedded.kill()
        assert stopwatch() - start < 1.0
    gc.collect()  # a socket left open would be found here


def test_it_is_quiet(
    embedded: Embedded,
    publishing: Publishing,
    listen: Callable[..., Listener],
    make_alert: Callable[..., Alert],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        listen(embedded.port).close()
        publishing.send_alert(make_alert(0), b"jpeg")
        publishing.until(lambda: publishing.publisher.status().acknowledged >= 3)
        embedded.kill()
    assert not caught
    assert {record.name.split(".")[0] for record in caplog.records} <= {"monitor"}


@pytest.mark.real
def test_the_command_to_watch_it_shows_everything_but_pictures(
    embedded: Embedded, publishing: Publishing, make_alert: Callable[..., Alert]
) -> None:
    if shutil.which("mosquitto_sub") is None:
        pytest.skip("mosquitto_sub is not installed")
    publishing.voice.send_state(ON)
    publishing.send_alert(make_alert(0), b"\xff\xd8\x1b[2J")
    publishing.until(lambda: publishing.publisher.status().acknowledged == 4)
    command = [*shlex.split(watch_command(embedded.port, "monitor")), "-W", "1"]
    shown = subprocess.run(command, capture_output=True, check=False).stdout
    assert list(dict.fromkeys(shown.splitlines())) == [
        b'monitor/bridge/state {"state":"online"}',
        b"monitor/porch/cat " + payloads.encode(payloads.rule_state(ON)),
    ]


def test_the_command_to_watch_it_survives_a_shell() -> None:
    assert watch_command(1883, "monitor") == "mosquitto_sub -h 127.0.0.1 -p 1883 -t 'monitor/#' -T monitor/+/snapshot -v"
    assert shlex.split(watch_command(1883, "my home"))[6] == "my home/#"
