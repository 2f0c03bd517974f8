"""Two boxes on one base topic: one speaks, the other keeps silent and misses nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from monitor.publish import payloads
from monitor.publish.contract import Received
from monitor.values import Alert
from tests.publish.fakes import BOX, Stage, seqs_in

if TYPE_CHECKING:
    from tests.publish.brokers import Embedded, Listener, Mosquitto
    from tests.publish.conftest import Publishing

STATE, INFO, HEALTH, ALERT = "monitor/bridge/state", "monitor/bridge/info", "monitor/bridge/health", "monitor/porch/alert"
ONLINE, OFFLINE = b'{"state":"online"}', b'{"state":"offline"}'
SMALLER, GREATER = "monitor-pi-aaaaaa", "monitor-pi-cccccc"


def info(box: str) -> bytes:
    return payloads.encode({"id": box})


@pytest.fixture
def second(stage: Stage) -> Stage:
    """A box that comes to a topic on which another one lives."""
    stage.link.told_at_once = [Received(STATE, ONLINE, retained=True), Received(INFO, info(GREATER), retained=True)]
    stage.voice.send_info({"id": BOX})
    return stage


def test_whoever_comes_second_says_nothing_at_all_and_keeps_its_alerts(second: Stage, make_alert: Callable[..., Alert]) -> None:
    second.publisher.tidy([("homeassistant/device/old/config", b"")], ["monitor/shed/snapshot"], lambda: None)
    for seq in range(3):
        second.send_alert(make_alert(seq), b"jpeg")
        second.voice.send_health({})
        second.step()
    second.publisher.close()
    assert not second.link.sent
    assert second.link.said_goodbye is False
    assert len(second.alerts) == 3


def test_the_status_names_the_other_box(second: Stage) -> None:
    second.step()
    assert second.publisher.status().rival == GREATER


def test_once_the_other_is_gone_everything_is_said(second: Stage, make_alert: Callable[..., Alert]) -> None:
    second.send_alert(make_alert(0), b"jpeg")
    second.step()
    second.link.tell(STATE, OFFLINE)
    second.step(2)
    assert second.link.topics() == [STATE, INFO, "monitor/porch/snapshot", ALERT]
    assert second.publisher.status().rival is None
    second.publisher.close()
    assert second.link.said_goodbye is True


def test_a_box_that_died_without_a_will_is_waited_for_a_while(second: Stage, make_alert: Callable[..., Alert]) -> None:
    second.send_alert(make_alert(0))
    second.step()
    second.clock.advance(100.0)
    second.link.tell(HEALTH, b"{}")
    second.step()
    second.clock.advance(150.0)
    second.step()
    assert not second.link.sent
    second.clock.advance(0.1)
    second.step()
    assert second.link.topics() == [STATE, INFO, ALERT]


def test_what_an_earlier_run_left_behind_is_no_other_box(stage: Stage) -> None:
    stage.link.told_at_once = [Received(STATE, ONLINE, retained=True), Received(INFO, info(BOX), retained=True)]
    stage.step()
    assert stage.link.topics() == [STATE]


def test_of_two_that_come_at_once_the_smaller_id_stays(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.voice.send_info({"id": BOX})
    stage.step()
    stage.link.tell(STATE, ONLINE)
    stage.link.tell(INFO, info(SMALLER))
    stage.send_alert(make_alert(0))
    stage.step()
    assert stage.link.topics() == [STATE, INFO]
    stage.publisher.close()
    assert stage.link.said_goodbye is False


def test_whoever_stays_says_everything_again(stage: Stage) -> None:
    stage.voice.send_info({"id": BOX})
    stage.step()
    stage.link.sent.clear()
    stage.link.tell(STATE, ONLINE)
    stage.link.tell(INFO, info(GREATER))
    stage.step()
    assert not stage.link.sent
    stage.clock.advance(10.0)
    stage.step()
    assert stage.link.sent == [(STATE, ONLINE), (INFO, info(BOX))]


def test_a_last_will_that_comes_late_is_contradicted(stage: Stage) -> None:
    stage.step(2)
    stage.link.sent.clear()
    stage.link.tell(STATE, OFFLINE)
    stage.step()
    assert stage.link.sent == [(STATE, ONLINE)]


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.real)])
def any_broker(request: pytest.FixtureRequest) -> Embedded | Mosquitto:
    """Any of the two brokers, running."""
    broker: Embedded | Mosquitto
    broker = request.getfixturevalue("embedded") if request.param == "embedded" else request.getfixturevalue("mosquitto")()
    return broker


def test_two_boxes_on_one_broker_take_turns(
    any_broker: Embedded | Mosquitto,
    publish_to: Callable[..., Publishing],
    listen: Callable[..., Listener],
    make_alert: Callable[..., Alert],
) -> None:
    listener = listen(any_broker.port)
    one, two = (publish_to(any_broker.port, box=box, mqtt_5=any_broker.mqtt_5) for box in (GREATER, SMALLER))
    for box, publishing in ((GREATER, one), (SMALLER, two)):
        publishing.voice.send_info({"id": box})
    one.until(lambda: one.publisher.status().acknowledged == 2)
    two.send_alert(make_alert(0))
    two.until(lambda: two.publisher.status().rival == GREATER)
    listener.wait(lambda: len(listener.messages) == 2)
    one.publisher.close()
    two.until(lambda: len(two.alerts) == 0)
    listener.wait(lambda: listener.payloads(ALERT))
    assert listener.payloads(INFO) == [info(GREATER), info(SMALLER)]
    assert listener.payloads(STATE) == [ONLINE, OFFLINE, ONLINE]
    assert seqs_in(listener.payloads(ALERT)) == [0]


@pytest.mark.real
def test_a_box_that_is_killed_leaves_the_topic_by_its_will(
    mosquitto: Callable[..., Mosquitto], publish_to: Callable[..., Publishing]
) -> None:
    broker = mosquitto()
    other = Client(CallbackAPIVersion.VERSION2, client_id=GREATER, reconnect_on_failure=False)
    other.will_set(STATE, OFFLINE, qos=1, retain=True)
    other.connect("127.0.0.1", broker.port)
    other.loop_start()
    for topic, payload in ((STATE, ONLINE), (INFO, info(GREATER))):
        other.publish(topic, payload, qos=1, retain=True).wait_for_publish(10)
    publishing = publish_to(broker.port, box=SMALLER)
    publishing.until(lambda: publishing.publisher.status().rival == GREATER)
    sock = other.socket()
    assert isinstance(sock, socket.socket)
    sock.shutdown(socket.SHUT_RDWR)
    publishing.until(lambda: publishing.publisher.status().acknowledged == 1)
    other.loop_stop()
