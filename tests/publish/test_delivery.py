"""What arrives where, with a real mosquitto that is killed, hung, and says no."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from monitor.clock import stopwatch
from monitor.publish.trouble import TroubleKind
from monitor.values import Alert, Place, RuleState
from tests.publish.fakes import seqs_in

if TYPE_CHECKING:
    from tests.publish.conftest import Embedded, Listener, Mosquitto, Publishing

Brokers = Callable[..., "Mosquitto"]
Publishers = Callable[..., "Publishing"]
ALERT = "monitor/porch/alert"
ON = RuleState(Place("porch", "frame", "cat"), True, 0.5, "tabby", 1.7e9, "e1")
STATE = "monitor/porch/cat"
VICTIM = """
import random, sys, threading
from monitor.backoff import Backoff
from monitor.clock import SystemClock
from monitor.config.schema import MqttSettings
from monitor.publish.lasting import MqttLink
from monitor.publish.link import Will
from monitor.publish.hearing import Hearing
from monitor.publish.publisher import Publisher
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from tests.publish.fakes import FakeQueue

clock, wake = SystemClock(), threading.Event()
link = MqttLink(
    MqttSettings(host="127.0.0.1", port=int(sys.argv[1])), "monitor-victim", Will("monitor/bridge/state", b'{"state":"offline"}'),
    clock=clock, backoff=Backoff(random.random), wake=wake.set, mqtt_5=sys.argv[2] == "True",
)
topics = Topics("monitor")
publisher = Publisher(link, Voice(topics, wake.set), FakeQueue(), Hearing(topics, "victim", random=random.random), clock)
while True:
    wake.wait(publisher.step(clock.now()))
    wake.clear()
"""


def seqs(listener: Listener) -> list[int]:
    return seqs_in(listener.payloads(ALERT))


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.real)])
def any_broker(request: pytest.FixtureRequest) -> Embedded | Mosquitto:
    """Any of the two brokers, running."""
    broker: Embedded | Mosquitto
    broker = request.getfixturevalue("embedded") if request.param == "embedded" else request.getfixturevalue("mosquitto")()
    return broker


def test_a_daemon_that_is_killed_is_offline_by_its_last_will(any_broker: Embedded | Mosquitto, listen: Callable[..., Listener]) -> None:
    listener = listen(any_broker.port)
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, str(any_broker.port), str(any_broker.mqtt_5)], cwd=Path(__file__).parents[2])
    try:
        listener.wait(lambda: listener.payloads("monitor/bridge/state") == [b'{"state":"online"}'], within=30)
    finally:
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
    listener.wait(lambda: listener.payloads("monitor/bridge/state")[1:] == [b'{"state":"offline"}'])
    later = listen(any_broker.port)
    later.wait(lambda: later.messages)
    assert later.messages[0].payload == b'{"state":"offline"}'
    assert later.messages[0].retain


def test_a_clean_end_is_no_last_will(any_broker: Embedded | Mosquitto, publish_to: Publishers, listen: Callable[..., Listener]) -> None:
    publishing = publish_to(any_broker.port, mqtt_5=any_broker.mqtt_5)
    publishing.until(lambda: publishing.publisher.status().acknowledged == 1)
    listener = listen(any_broker.port)
    publishing.publisher.close()
    listener.wait(lambda: len(listener.messages) == 2)
    assert [(message.payload, message.retain) for message in listener.messages] == [
        (b'{"state":"online"}', True),
        (b'{"state":"offline"}', False),
    ]


@pytest.mark.real
def test_after_the_broker_was_killed_states_are_told_again_and_all_alerts_arrive_in_order(
    mosquitto: Brokers, publish_to: Publishers, listen: Callable[..., Listener], make_alert: Callable[..., Alert]
) -> None:
    broker = mosquitto()
    publishing = publish_to(broker.port)
    publishing.voice.send_state(ON)
    publishing.until(lambda: publishing.publisher.status().acknowledged == 2)
    broker.kill()
    publishing.until(lambda: not publishing.publisher.status().connected)
    for seq in range(200):
        publishing.send_alert(make_alert(seq), b"jpeg")
    broker.start()
    listener = listen(broker.port)
    publishing.until(lambda: len(publishing.alerts) == 0)
    listener.wait(lambda: len(seqs(listener)) >= 200)
    assert seqs(listener) == list(range(200))
    assert listener.topics()[:3] == ["monitor/bridge/state", STATE, "monitor/porch/snapshot"]


@pytest.mark.real
@pytest.mark.parametrize("answered", [1, 30, 150])
def test_a_broker_killed_while_alerts_flow_misses_none_that_it_had_not_acknowledged(
    mosquitto: Brokers, publish_to: Publishers, listen: Callable[..., Listener], make_alert: Callable[..., Alert], answered: int
) -> None:
    broker = mosquitto()
    publishing = publish_to(broker.port)
    for seq in range(300):
        publishing.send_alert(make_alert(seq), None)
    publishing.until(lambda: publishing.publisher.status().acknowledged >= answered)
    broker.kill()
    publishing.until(lambda: not publishing.publisher.status().connected)
    owed = publishing.alerts.seqs()
    assert owed
    broker.start()
    listener = listen(broker.port)
    publishing.until(lambda: len(publishing.alerts) == 0)
    listener.wait(lambda: len(seqs(listener)) >= len(owed))
    assert seqs(listener) == owed == list(range(300 - len(owed), 300))


@pytest.mark.real
def test_a_broker_that_hangs_blocks_nobody_and_gets_everything_when_it_goes_on(
    mosquitto: Brokers, publish_to: Publishers, listen: Callable[..., Listener], make_alert: Callable[..., Alert]
) -> None:
    broker = mosquitto()
    listener = listen(broker.port)
    publishing = publish_to(broker.port)
    publishing.until(lambda: publishing.publisher.status().connected)
    broker.hang()
    for seq in range(100):
        start = stopwatch()
        publishing.send_alert(make_alert(seq), bytes(500_000))
        publishing.publisher.step(publishing.clock.now())
        assert stopwatch() - start < 0.5
    broker.go_on()
    publishing.until(lambda: len(publishing.alerts) == 0)
    listener.wait(lambda: len(seqs(listener)) >= 100)
    assert seqs(listener) == list(range(100))


@pytest.mark.real
@pytest.mark.parametrize("queued", [0, 100])
def test_ending_takes_less_than_two_seconds_with_a_broker_that_hangs(
    mosquitto: Brokers, publish_to: Publishers, make_alert: Callable[..., Alert], queued: int
) -> None:
    broker = mosquitto()
    publishing = publish_to(broker.port)
    publishing.until(lambda: publishing.publisher.status().connected)
    broker.hang()
    for seq in range(queued):
        publishing.send_alert(make_alert(seq), bytes(500_000))
        publishing.publisher.step(publishing.clock.now())
    start = stopwatch()
    publishing.publisher.close()
    assert stopwatch() - start < 2.0


@pytest.mark.real
def test_ending_takes_less_than_two_seconds_while_connecting_to_a_broker_that_hangs(mosquitto: Brokers, publish_to: Publishers) -> None:
    broker = mosquitto()
    broker.hang()
    publishing = publish_to(broker.port)
    for _ in range(5):
        publishing.publisher.step(publishing.clock.now())
        publishing.wake.wait(0.05)
        publishing.wake.clear()
    start = stopwatch()
    publishing.publisher.close()
    assert stopwatch() - start < 2.0


@pytest.mark.real
def test_a_broker_that_wants_a_password_says_so_and_lets_us_in_once_it_does_not(
    mosquitto: Brokers, publish_to: Publishers, caplog: pytest.LogCaptureFixture
) -> None:
    strict = mosquitto("allow_anonymous false")
    publishing = publish_to(strict.port, username="cam", password="wrong")
    publishing.until(lambda: publishing.link.trouble)
    assert publishing.link.trouble is not None
    assert publishing.link.trouble.kind is TroubleKind.AUTH
    for _ in range(20):
        publishing.publisher.step(publishing.clock.now())
        publishing.wake.wait(0.05)
        publishing.wake.clear()
    assert len(caplog.records) == 1
    assert "wrong" not in caplog.text
    strict.kill()
    strict.reconfigure("allow_anonymous true")
    strict.start()
    publishing.until(lambda: publishing.publisher.status().connected)


@pytest.mark.real
def test_an_alert_that_the_brokers_access_list_forbids_is_set_aside_and_counted(
    mosquitto: Brokers, publish_to: Publishers, make_alert: Callable[..., Alert], tmp_path: Path
) -> None:
    (tmp_path / "acl").write_text("topic write monitor/bridge/#\ntopic write monitor/porch/cat\n")
    broker = mosquitto(f"acl_file {tmp_path}/acl")
    publishing = publish_to(broker.port)
    publishing.send_alert(make_alert(0), None)
    publishing.voice.send_state(ON)
    publishing.until(lambda: publishing.publisher.status().acknowledged + publishing.publisher.status().rejected == 3)
    status = publishing.publisher.status()
    assert (status.acknowledged, status.rejected, status.outbox.waiting, status.connected) == (2, 1, 0, True)
    assert publishing.alerts.set_aside == {("e1", 0): "the broker refused it (not authorized)"}


@pytest.mark.real
def test_a_picture_larger_than_the_broker_takes_does_not_cost_the_alert(
    mosquitto: Brokers, publish_to: Publishers, listen: Callable[..., Listener], make_alert: Callable[..., Alert]
) -> None:
    broker = mosquitto("max_packet_size 20000")
    listener = listen(broker.port)
    publishing = publish_to(broker.port)
    publishing.send_alert(make_alert(0), bytes(30_000))
    publishing.until(lambda: len(publishing.alerts) == 0)
    listener.wait(lambda: seqs(listener))
    assert "monitor/porch/snapshot" not in listener.topics()
    assert publishing.publisher.status().unsendable == 1


@pytest.mark.real
def test_websockets_carry_it_too(mosquitto: Brokers, publish_to: Publishers, listen: Callable[..., Listener]) -> None:
    broker = mosquitto()
    broker.kill()
    second = broker.reconfigure("allow_anonymous true", websockets=True)
    broker.start()
    listener = listen(broker.port)
    publishing = publish_to(second, transport="websockets")
    publishing.voice.send_state(ON)
    publishing.until(lambda: publishing.publisher.status().acknowledged == 2)
    listener.wait(lambda: listener.topics() == ["monitor/bridge/state", STATE])


@pytest.mark.real
def test_an_alert_carries_its_key_for_those_who_do_not_read_its_json(
    mosquitto: Brokers, publish_to: Publishers, make_alert: Callable[..., Alert], wake: threading.Event
) -> None:
    broker = mosquitto()
    heard: queue.SimpleQueue[list[tuple[str, str]]] = queue.SimpleQueue()
    subscriber = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    subscriber.on_connect = lambda client, *_: client.subscribe(ALERT, qos=1)
    subscriber.on_subscribe = lambda *_: wake.set()
    subscriber.on_message = lambda _client, _userdata, message: heard.put(vars(message.properties)["UserProperty"])
    subscriber.connect("127.0.0.1", broker.port)
    subscriber.loop_start()
    try:
        assert wake.wait(10)
        publishing = publish_to(broker.port)
        publishing.send_alert(make_alert(3))
        publishing.until(lambda: not heard.empty())
    finally:
        subscriber.disconnect()
        subscriber.loop_stop()
    assert heard.get() == [("id", "e1"), ("seq", "3")]
