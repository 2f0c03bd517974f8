"""What is said to the daemon over a broker: births, commands, floods, and what the broker will not let us hear."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.config.schema import MqttSettings
from monitor.publish import lasting
from monitor.publish.contract import Received
from monitor.publish.link import LARGEST_HEARD, LARGEST_PACKET, MQTT_3, UNREAD, Accepted, Answered, Connection, Granted, Will
from monitor.values import Alert, Place, RuleState
from tests.publish.brokers import say
from tests.publish.fakes import Stage

if TYPE_CHECKING:
    from monitor.publish.lasting import MqttLink
    from tests.publish.brokers import Embedded, Listener, Mosquitto, ScriptedBroker
    from tests.publish.conftest import Publishing
    from tests.publish.driving import Driver
    from tests.publish.fakes import FakeLink

BIRTH, SET = "homeassistant/status", "monitor/porch/set"
STATE = "monitor/bridge/state"
ON = RuleState(Place("porch", "frame", "cat"), True, 0.9, "tabby", 1.7e9, None)


def test_after_home_assistants_birth_everything_is_told_again(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.voice.send_state(ON)
    stage.send_alert(make_alert(0), b"jpeg")
    stage.step(2)
    stage.link.sent.clear()
    stage.link.tell(BIRTH, b"online")
    stage.step()
    stage.clock.advance(1.9)
    stage.step()
    assert not stage.link.sent
    stage.clock.advance(8.1)
    stage.step()
    assert stage.link.topics() == [STATE, "monitor/porch/cat", "monitor/porch/snapshot"]
    stage.clock.advance(100.0)
    stage.step()
    assert len(stage.link.sent) == 3


def test_a_birth_that_was_retained_is_history(stage: Stage) -> None:
    stage.link.told_at_once = [Received(BIRTH, b"online", retained=True)]
    stage.step(2)
    stage.clock.advance(100.0)
    stage.step()
    assert stage.link.topics() == [STATE]


def test_commands_are_obeyed_in_their_order(stage: Stage) -> None:
    stage.step()
    for payload in (b"ON", b"OFF", b""):
        stage.link.tell(SET, payload)
    stage.step()
    assert [message.payload for message in stage.obeyed] == [b"ON", b"OFF", b""]


def test_a_command_that_fails_costs_no_acknowledgement(
    fake_link: FakeLink, make_alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(message: Received) -> None:
        raise RuntimeError(message.payload.decode())

    stage = Stage(fake_link, commands=[SET], obey=fail)
    stage.send_alert(make_alert(0))
    stage.step()
    stage.link.tell(SET, b"of a bug")
    stage.step()
    assert len(stage.alerts) == 0
    assert caplog.messages == [f"the command on {SET} failed"]


@pytest.mark.real
@pytest.mark.parametrize("mqtt_5", [True, False])
def test_of_a_message_above_the_limit_only_so_much_is_kept_that_it_is_seen_to_be_too_large(
    mosquitto: Callable[..., Mosquitto], link_to: Callable[..., MqttLink], driver: Driver, mqtt_5: bool
) -> None:
    broker = mosquitto()
    link = link_to(broker.port, subscriptions=[[SET]], mqtt_5=mqtt_5)
    driver.until_subscribed(link)
    say(broker.port, SET, bytes(4 * LARGEST_HEARD))
    say(broker.port, SET, b"ON")
    driver.until(link, lambda: len(driver.events) == 2)
    assert driver.events == [Received(SET, bytes(LARGEST_HEARD + 1), retained=False), Received(SET, b"ON", retained=False)]


@pytest.mark.real
def test_what_a_broker_must_not_send_is_dropped_by_the_broker(
    mosquitto: Callable[..., Mosquitto], link_to: Callable[..., MqttLink], driver: Driver
) -> None:
    """With MQTT 5 the limit is told to the broker: what nobody can have meant for us does not cross the network."""
    broker = mosquitto()
    link = link_to(broker.port, subscriptions=[[SET]])
    driver.until_subscribed(link)
    say(broker.port, SET, bytes(LARGEST_PACKET + 1))
    say(broker.port, SET, b"ON")
    driver.until(link, lambda: driver.events)
    assert driver.events == [Received(SET, b"ON", retained=False)]


def flood(count: int, payload: bytes = b"ON") -> bytes:
    """Messages with QoS 0 on a subscribed topic, as a broker that speaks MQTT 3.1.1 sends them."""
    body = len(SET).to_bytes(2, "big") + SET.encode() + payload
    return (bytes([0x30, len(body)]) + body) * count


def test_of_a_flood_that_nobody_reads_only_so_much_is_kept(scripted: Callable[..., ScriptedBroker]) -> None:
    broker = scripted(publish=lambda mid: flood(20 * UNREAD) + b"\x40\x02" + mid.to_bytes(2, "big"))
    settings = MqttSettings(host="127.0.0.1", port=broker.port)
    told = threading.Semaphore(0)
    connection = Connection(settings, "monitor-t", Will("a", b""), MQTT_3, told.release)
    while not isinstance(connection.hear(10), Accepted):
        pass
    connection.subscribe([SET])
    assert isinstance(connection.hear(10), Granted)
    connection.publish("a", b"x", qos=1, retain=False)
    for _ in range(3 + UNREAD + 1):
        assert told.acquire(timeout=10)
    heard = [connection.hear()]
    while not isinstance(heard[-1], Answered):
        heard.append(connection.hear(10))
    connection.close(patience=5)
    assert len(heard) == UNREAD + 1


def test_a_flood_does_not_keep_the_link_from_its_caller(
    scripted: Callable[..., ScriptedBroker], link_to: Callable[..., MqttLink], driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasting, "AT_ONCE", 50)
    broker = scripted(publish=lambda mid: flood(150))
    link = link_to(broker.port, subscriptions=[[SET]], mqtt_5=False)
    driver.until_subscribed(link)
    driver.publish(link)
    heard: list[int] = []

    def all_heard() -> bool:
        heard.append(len(driver.events) - sum(heard))
        return len(driver.events) == 150

    driver.until(link, all_heard)
    assert max(heard) <= 50


def test_subscriptions_that_are_refused_are_told_once_and_publishing_goes_on(
    scripted: Callable[..., ScriptedBroker],
    publish_to: Callable[..., Publishing],
    make_alert: Callable[..., Alert],
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker = scripted(subscribe=lambda topic: 0x87 if topic in (SET, BIRTH) else 1)
    publishing = publish_to(broker.port, commands=[SET])
    for seq in range(3):
        publishing.send_alert(make_alert(seq))
        publishing.until(lambda: len(publishing.alerts) == 0)
        publishing.publisher.close()
    assert caplog.messages == [f"the MQTT broker does not let us listen to {topic} (see its access list)" for topic in (SET, BIRTH)]


@pytest.mark.real
def test_an_access_list_that_lets_us_write_only_lets_everything_through(
    mosquitto: Callable[..., Mosquitto], publish_to: Callable[..., Publishing], make_alert: Callable[..., Alert], tmp_path: Path
) -> None:
    """mosquitto grants such subscriptions and then sends nothing."""
    (tmp_path / "acl").write_text("topic write monitor/#\n")
    publishing = publish_to(mosquitto(f"acl_file {tmp_path}/acl").port, commands=[SET])
    publishing.send_alert(make_alert(0), b"jpeg")
    publishing.until(lambda: len(publishing.alerts) == 0)
    assert publishing.publisher.status().rejected == 0


@pytest.mark.parametrize("kind", ["embedded", pytest.param("mosquitto", marks=pytest.mark.real)])
def test_commands_and_births_arrive_over_a_broker(request: pytest.FixtureRequest, publish_to: Callable[..., Publishing], kind: str) -> None:
    broker: Embedded | Mosquitto = request.getfixturevalue(kind) if kind == "embedded" else request.getfixturevalue(kind)()
    say(broker.port, SET, b"retained", retain=True)
    publishing = publish_to(broker.port, commands=["monitor/+/set"], mqtt_5=broker.mqtt_5)
    publishing.until(lambda: publishing.publisher.status().acknowledged == 1)
    say(broker.port, SET, b"ON")
    publishing.until(lambda: publishing.obeyed)
    assert publishing.obeyed == [Received(SET, b"ON", retained=False)]


def test_nothing_is_heard_that_was_not_asked_for(
    embedded: Embedded,
    publish_to: Callable[..., Publishing],
    listen: Callable[..., Listener],
    make_alert: Callable[..., Alert],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The embedded broker tells a newcomer what is retained on any topic that others subscribed to."""
    listen(embedded.port)
    say(embedded.port, "monitor/porch/cat", b"{}", retain=True)
    publishing = publish_to(embedded.port, commands=[SET], mqtt_5=False)
    publishing.send_alert(make_alert(0))
    publishing.until(lambda: len(publishing.alerts) == 0)
    assert not [record for record in caplog.records if record.name.startswith("monitor")]
