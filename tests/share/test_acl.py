from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

import monitor
from monitor.publish.topics import Topics
from monitor.values import Place
from tests.publish.conftest import MOSQUITTO, Listener, Mosquitto

pytestmark = pytest.mark.real

FILE = Path(monitor.__file__).parent / "share" / "mosquitto.acl"
T = Topics("monitor")
SAID = [T.bridge_state, T.bridge_info, T.response("info"), T.alert("porch"), T.snapshot("porch"), T.rule(Place("porch", "drive", "cat"))]
COMMANDS = [
    *(f"{topic}/set" for topic in (T.detect("porch"), T.threshold("porch", "cat"), T.snapshot("porch"), T.log_level)),
    *(T.request(name) for name in ("health_check", "restart")),
]
DISCOVERY = ["homeassistant/device/monitor-pi-1a2b3c_porch/config", "homeassistant/switch/monitor-pi-1a2b3c_porch/detect/config"]
BIRTH = "homeassistant/status"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A mosquitto with the list, and without passwords: a user is who says so."""
    if not MOSQUITTO:
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(tmp_path_factory.mktemp("broker"), f"acl_file {FILE}")
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def listen(broker: Mosquitto) -> Iterator[Callable[[str], Listener]]:
    """Listen to everything as a user."""
    listeners: list[Listener] = []

    def start(user: str) -> Listener:
        listeners.append(Listener(broker.port, threading.Event(), username=user, password="x"))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


def connected(broker: Mosquitto, user: str, will: str | None = None) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.username_pw_set(user, "x")
    if will:
        client.will_set(will, b"gone", qos=1)
    ready = threading.Event()
    client.on_connect = lambda *_: ready.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert ready.wait(10)
    return client


def publish(broker: Mosquitto, user: str, topics: Sequence[str]) -> list[str]:
    """Publish on each topic as a user; give those where he may."""
    client = connected(broker, user)
    answers: queue.SimpleQueue[tuple[int, bool]] = queue.SimpleQueue()
    client.on_publish = lambda _client, _userdata, mid, reason, _properties: answers.put((mid, reason.is_failure))
    sent = {client.publish(topic, b"x", qos=1).mid: topic for topic in topics}
    refused = dict(answers.get(timeout=10) for _ in sent)
    client.disconnect()
    client.loop_stop()
    return [topic for mid, topic in sent.items() if not refused[mid]]


@pytest.mark.parametrize(
    ("user", "allowed"),
    [
        ("monitor", [*SAID, *COMMANDS, *DISCOVERY, BIRTH]),
        ("homeassistant", [*COMMANDS, *DISCOVERY, BIRTH]),
        ("dashboard", []),
        ("stranger", []),
    ],
)
def test_a_user_may_say_what_he_needs_to_and_nothing_else(broker: Mosquitto, user: str, allowed: list[str]) -> None:
    everything = [*SAID, *COMMANDS, *DISCOVERY, BIRTH, "zigbee2mqtt/lamp/set"]
    assert publish(broker, user, everything) == allowed


@pytest.mark.parametrize(
    ("user", "heard"),
    [
        ("monitor", [*SAID, *COMMANDS, BIRTH]),
        ("homeassistant", [*SAID, *COMMANDS, *DISCOVERY, BIRTH]),
        ("dashboard", [*SAID, *COMMANDS]),
        ("stranger", []),
    ],
)
def test_a_user_hears_what_he_needs_to_and_nothing_else(
    broker: Mosquitto, listen: Callable[[str], Listener], user: str, heard: list[str]
) -> None:
    listener, witness = listen(user), listen("homeassistant")
    said = [*SAID, *COMMANDS, *DISCOVERY, BIRTH]
    assert publish(broker, "monitor", said) == said
    witness.wait(lambda: witness.topics() == said)
    listener.wait(lambda: len(listener.messages) >= len(heard))
    assert listener.topics() == heard


def test_the_last_will_of_the_daemon_is_heard_and_that_of_a_dashboard_is_not(broker: Mosquitto, listen: Callable[[str], Listener]) -> None:
    listener = listen("homeassistant")
    for user in ("dashboard", "monitor"):
        client = connected(broker, user, will=f"monitor/{user}/state")
        connection = client.socket()
        assert isinstance(connection, socket.socket)
        client.loop_stop()
        connection.close()
    listener.wait(lambda: listener.messages)
    assert publish(broker, "monitor", [T.bridge_state])
    listener.wait(lambda: T.bridge_state in listener.topics())
    assert listener.topics() == ["monitor/monitor/state", T.bridge_state]
