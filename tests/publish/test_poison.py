"""Messages that make a broker hang up: found, set aside, and everything else arrives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from monitor.publish import suspects
from monitor.publish.publisher import IDLE
from monitor.values import Alert, Place, RuleState
from tests.publish.fakes import Stage, seqs_in

if TYPE_CHECKING:
    from tests.publish.brokers import Listener, Mosquitto
    from tests.publish.conftest import Publishing

ALERT = "monitor/porch/alert"
SNAPSHOT = "monitor/porch/snapshot"
STATE = "monitor/porch/cat"
ON = RuleState(Place("porch", "frame", "cat"), True, 0.9, "tabby", 1.7e9, None)
HANGS_UP = "the broker ends the connection whenever it is sent"


def go_on(stage: Stage, seconds: float) -> None:
    """Step as a worker does that nothing wakes."""
    for _ in range(int(seconds / IDLE)):
        stage.step()
        stage.clock.advance(IDLE)


def test_an_alert_that_makes_the_broker_hang_up_is_set_aside_and_the_others_arrive(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.link.hanging_up = lambda topic, payload: b'"seq":30,' in payload
    for seq in range(60):
        stage.send_alert(make_alert(seq))
    go_on(stage, 30)
    assert stage.alerts.set_aside == {("e1", 30): HANGS_UP}
    assert len(stage.alerts) == 0
    assert stage.link.connections == 8, "three to suspect it, one to accuse it, three to be sure, one to go on"


def test_while_an_alert_is_held_back_that_is_accused_states_are_told(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.link.hanging_up = lambda topic, payload: topic == ALERT
    stage.send_alert(make_alert(0))
    while stage.link.connections < 5:
        go_on(stage, IDLE)
    stage.voice.send_state(ON)
    go_on(stage, 2 * IDLE)
    assert stage.link.topics()[-1] == STATE
    assert not stage.alerts.set_aside
    go_on(stage, 20)
    assert stage.alerts.set_aside


def test_a_state_that_makes_the_broker_hang_up_is_left_out_and_the_others_arrive(
    stage: Stage, make_alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture
) -> None:
    stage.link.hanging_up = lambda topic, payload: topic == SNAPSHOT
    stage.voice.send_picture("porch", b"jpeg")
    stage.voice.send_state(ON)
    stage.send_alert(make_alert(0))
    go_on(stage, 30)
    assert len(stage.alerts) == 0
    assert not stage.alerts.set_aside
    assert stage.link.topics()[-3:] == ["monitor/bridge/state", STATE, ALERT]
    assert stage.publisher.status().unsendable == 1
    assert caplog.messages == [f"not sent: {SNAPSHOT}: {HANGS_UP}"]


def test_two_of_them_are_found_one_after_the_other(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.link.hanging_up = lambda topic, payload: topic == SNAPSHOT or b'"seq":1,' in payload
    for seq in range(3):
        stage.send_alert(make_alert(seq), b"jpeg")
    go_on(stage, 60)
    assert list(stage.alerts.set_aside) == [("e1", 1)]
    assert len(stage.alerts) == 0


def test_tidying_up_goes_on_without_what_makes_the_broker_hang_up(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    done: list[bool] = []
    stage.link.hanging_up = lambda topic, payload: topic == "old/b"
    stage.publisher.tidy([("old/a", b""), ("old/b", b""), ("old/c", b"")], ["old/d"], lambda: done.append(True))
    stage.send_alert(make_alert(0))
    go_on(stage, 30)
    assert stage.link.topics()[-5:] == ["old/a", "old/c", "monitor/bridge/state", ALERT, "old/d"]
    assert stage.publisher.status().unsendable == 1
    assert done == [True]


def test_a_broker_that_dies_ten_times_before_it_answers_accuses_nobody(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    for seq in range(30):
        stage.send_alert(make_alert(seq))
    for _ in range(10):
        stage.link.holding_back = True
        stage.step(3)
        stage.clock.advance(0.5)
        stage.link.lose()
        stage.step()
        stage.link.come_back()
    assert not stage.alerts.set_aside
    stage.link.holding_back = False
    stage.step(40)
    assert len(stage.alerts) == 0
    assert not stage.alerts.set_aside
    assert stage.publisher.status().unsendable == 0


@pytest.mark.real
def test_a_real_broker_that_drops_whoever_says_too_much_gets_everything_else(
    mosquitto: Callable[..., Mosquitto],
    publish_to: Callable[..., Publishing],
    listen: Callable[..., Listener],
    make_alert: Callable[..., Alert],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over MQTT 3.1.1 a broker cannot say how much it takes."""
    monkeypatch.setattr(suspects, "CALM", 0.2)
    broker = mosquitto("max_packet_size 20000")
    listener = listen(broker.port)
    publishing = publish_to(broker.port, mqtt_5=False)
    publishing.voice.send_state(ON)
    publishing.send_alert(make_alert(0), bytes(30_000))
    publishing.send_alert(make_alert(1, label="x" * 30_000))
    publishing.send_alert(make_alert(2))
    publishing.until(lambda: len(publishing.alerts) == 0, within=30)
    listener.wait(lambda: listener.payloads(STATE) and 2 in seqs_in(listener.payloads(ALERT)))
    assert publishing.alerts.set_aside == {("e1", 1): HANGS_UP}
    assert set(seqs_in(listener.payloads(ALERT))) == {0, 2}
    assert SNAPSHOT not in listener.topics()


@pytest.mark.real
def test_a_real_broker_that_is_killed_ten_times_accuses_nobody(
    mosquitto: Callable[..., Mosquitto], publish_to: Callable[..., Publishing], make_alert: Callable[..., Alert]
) -> None:
    broker = mosquitto()
    publishing = publish_to(broker.port)
    for seq in range(400):
        publishing.send_alert(make_alert(seq), b"jpeg")
    for _ in range(10):
        publishing.until(lambda: publishing.publisher.status().connected)
        broker.kill()
        publishing.until(lambda: not publishing.publisher.status().connected)
        broker.start()
    publishing.until(lambda: len(publishing.alerts) == 0)
    assert not publishing.alerts.set_aside
    assert publishing.publisher.status().unsendable == 0
