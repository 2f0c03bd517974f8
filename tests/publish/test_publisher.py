"""The publisher over a link that obeys the contract but has no network."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.values import Alert, OfflineReason, Place, RuleState
from tests.publish.fakes import Stage, outgoing

if TYPE_CHECKING:
    from tests.publish.fakes import FakeLink

PLACE = Place("porch", "frame", "cat")
STATE = "monitor/porch/cat"
ALERT = "monitor/porch/alert"
SNAPSHOT = "monitor/porch/snapshot"


def a_state(*, on: bool) -> RuleState:
    return RuleState(PLACE, on, 0.9, "tabby", 1.7e9, None)


def test_the_first_word_to_a_broker_is_that_we_are_there(stage: Stage) -> None:
    stage.voice.send_info({"version": "1"})
    stage.voice.send_availability("porch", OfflineReason.LOST)
    stage.step()
    assert stage.link.sent == [
        ("monitor/bridge/state", b'{"state":"online"}'),
        ("monitor/bridge/info", b'{"version":"1"}'),
        ("monitor/porch/availability", b'{"state":"offline","reason":"lost"}'),
    ]
    assert stage.link.retained == set(stage.link.topics())


def test_of_a_state_that_changed_while_the_broker_was_away_only_the_last_is_sent(stage: Stage) -> None:
    stage.link.lose()
    for on in (True, False, True, False):
        stage.voice.send_state(a_state(on=on))
        stage.step()
    assert not stage.link.sent
    stage.link.come_back()
    stage.step()
    assert [json.loads(payload)["state"] for topic, payload in stage.link.sent if topic == STATE] == ["OFF"]


def test_all_alerts_of_an_outage_arrive_in_order(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.link.lose()
    for seq in range(100):
        stage.send_alert(make_alert(seq))
        stage.step()
    stage.link.come_back()
    stage.step(10)
    assert stage.seqs() == list(range(100))
    assert len(stage.alerts) == 0
    assert stage.link.retained == {"monitor/bridge/state"}


def test_an_alert_without_an_answer_is_sent_again_on_the_next_connection(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.step()
    stage.link.holding_back = True
    for seq in range(3):
        stage.send_alert(make_alert(seq))
    stage.step(5)
    assert stage.seqs() == [0, 1, 2]
    stage.link.lose()
    stage.step()
    stage.link.come_back()
    stage.link.holding_back = False
    stage.step(3)
    assert stage.seqs() == [0, 1, 2, 0, 1, 2]
    assert len(stage.alerts) == 0


def test_duplicates_are_equal_but_for_delayed(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.step()
    stage.link.holding_back = True
    stage.send_alert(make_alert(0))
    stage.step()
    stage.link.lose()
    stage.clock.advance(3600)
    stage.step()
    stage.link.come_back()
    stage.step()
    first, second = (json.loads(payload) for topic, payload in stage.link.sent if topic == ALERT)
    assert (first.pop("delayed"), second.pop("delayed")) == (False, True)
    assert first == second


@pytest.mark.parametrize(("seconds", "delayed"), [(0.0, False), (10.0, False), (10.1, True)])
def test_an_alert_is_delayed_after_ten_seconds_whatever_the_wall_clock_does(
    stage: Stage, make_alert: Callable[..., Alert], seconds: float, delayed: bool
) -> None:
    stage.link.lose()
    stage.send_alert(make_alert(0, time=stage.clock.now().wall))
    stage.clock.advance(seconds)
    stage.clock.set_wall(0.0)
    stage.link.come_back()
    stage.step()
    assert json.loads(stage.link.sent[-1][1])["delayed"] is delayed


def test_the_picture_of_an_alert_is_shown_before_it(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.step()
    stage.send_alert(make_alert(0), b"\xff\xd8first")
    stage.step()
    assert stage.link.topics()[-2:] == [SNAPSHOT, ALERT]
    assert stage.link.sent[-2][1] == b"\xff\xd8first"
    assert SNAPSHOT in stage.link.retained
    assert ALERT not in stage.link.retained


def test_a_broker_that_lost_its_memory_is_told_everything_again(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.voice.send_state(a_state(on=True))
    stage.send_alert(make_alert(0), b"jpeg")
    stage.step(2)
    stage.link.sent.clear()
    stage.link.lose()
    stage.step()
    stage.link.come_back()
    stage.step(2)
    assert stage.link.topics() == ["monitor/bridge/state", STATE, SNAPSHOT]


def test_a_broker_that_does_not_answer_is_given_no_more_than_a_window(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.link.holding_back = True
    for seq in range(100):
        stage.send_alert(make_alert(seq), b"jpeg")
        stage.voice.send_state(a_state(on=bool(seq % 2)))
    stage.step(20)
    assert len(stage.link.sent) == stage.link.WINDOW
    stage.link.holding_back = False
    stage.step(10)
    assert stage.seqs() == list(range(100))


def test_rates_and_health_are_dropped_while_there_is_no_broker(stage: Stage) -> None:
    stage.link.lose()
    stage.voice.send_stats("porch", {"look_fps": 1.0})
    stage.voice.send_health({"ok": True})
    stage.step()
    stage.link.come_back()
    stage.step()
    stage.voice.send_stats("porch", {"look_fps": 2.0})
    stage.voice.send_health({"ok": True})
    stage.step()
    assert [item for item in stage.link.sent if "stats" in item[0]] == [("monitor/porch/stats", b'{"look_fps":2.0}')]
    assert stage.link.topics().count("monitor/bridge/health") == 1
    assert stage.link.retained == {"monitor/bridge/state"}


def test_a_refused_alert_is_set_aside_and_does_not_hold_up_the_next(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.step(2)
    stage.link.refusing = lambda topic: "not authorized" if topic == ALERT else None
    stage.send_alert(make_alert(0))
    stage.step(2)
    stage.link.refusing = lambda topic: None
    stage.send_alert(make_alert(1))
    stage.step(2)
    status = stage.publisher.status()
    assert (status.rejected, status.acknowledged, status.outbox.waiting) == (1, 2, 0)
    assert stage.alerts.set_aside == {("e1", 0): "the broker refused it (not authorized)"}


def test_a_state_that_is_refused_again_and_again_is_logged_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.link.refusing = lambda topic: "not authorized" if topic == STATE else None
    for number in range(10):
        stage.voice.send_state(a_state(on=bool(number % 2)))
        stage.step()
    stage.step()
    assert stage.publisher.status().rejected == 10
    assert len(caplog.records) == 1


def test_a_number_that_json_does_not_have_costs_its_message_and_nothing_else(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.voice.send_info({"load": float("nan")})
    stage.send_alert(make_alert(0))
    stage.step(2)
    assert stage.link.topics() == ["monitor/bridge/state", ALERT]
    assert (stage.publisher.status().unsendable, len(stage.alerts)) == (1, 0)


def test_an_alert_that_cannot_be_read_is_set_aside_and_the_rest_goes_on(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    spoilt = [replace(outgoing(make_alert(seq), since=0.0), payload=payload) for seq, payload in enumerate([b"\xff", b"{", b"[]"])]
    stage.alerts.put(*spoilt)
    stage.send_alert(make_alert(3))
    stage.step(2)
    assert stage.seqs() == [3]
    assert list(stage.alerts.set_aside) == [("e1", 0), ("e1", 1), ("e1", 2)]


def test_poison_is_set_aside_before_the_link_and_the_rest_goes_on(fake_link: FakeLink, make_alert: Callable[..., Alert]) -> None:
    stage = Stage(fake_link, base="moni\0tor")
    stage.send_alert(make_alert(0), b"jpeg")
    stage.step(3)
    assert not fake_link.sent
    assert "a character that may not stand in one" in stage.alerts.set_aside["e1", 0]
    assert stage.publisher.status().unsendable == 3
    stage.step()
    assert stage.publisher.status().unsendable == 3, "what cannot be sent is not tried again"


def test_no_label_can_poison_a_topic(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    for seq, label in enumerate(["a/+/#", "nul\0", "\ud800", "x" * 70_000]):
        stage.send_alert(make_alert(seq, label=label))
    stage.step(2)
    assert stage.link.topics().count(ALERT) == 4
    assert stage.publisher.status().unsendable == 0


def test_whoever_sends_wakes_the_publisher(stage: Stage) -> None:
    sends: list[Callable[[], None]] = [
        lambda: stage.voice.send_state(a_state(on=True)),
        lambda: stage.voice.send_picture("porch", b"jpeg"),
        lambda: stage.voice.send_health({}),
        lambda: stage.voice.answer("info", {}),
    ]
    for send in sends:
        stage.woken.clear()
        send()
        assert stage.woken.is_set()


def test_closing_sends_what_is_queued_and_says_what_was_left(
    stage: Stage, make_alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture
) -> None:
    stage.step()
    stage.send_alert(make_alert(0))
    stage.publisher.close()
    assert stage.seqs() == [0]
    assert not stage.publisher.status().connected
    assert not caplog.records
    stage.link.lose()
    stage.send_alert(make_alert(1))
    stage.publisher.close()
    assert [record.message for record in caplog.records] == [
        "alerts that the MQTT broker had not acknowledged at the end: 1; they are sent after the next start"
    ]


def test_a_publisher_that_was_closed_can_begin_again(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    stage.step()
    stage.publisher.close()
    stage.link.sent.clear()
    stage.send_alert(make_alert(0))
    stage.step(2)
    assert stage.link.topics() == ["monitor/bridge/state", ALERT]


def test_many_threads_may_send_at_once(stage: Stage, make_alert: Callable[..., Alert]) -> None:
    def send(camera: str) -> None:
        for seq in range(200):
            stage.send_alert(replace(make_alert(seq, camera=camera), id=camera), b"jpeg")
            stage.voice.send_state(RuleState(Place(camera, "frame", "cat"), bool(seq % 2), 0.5, "x", 0.0, None))

    threads = [threading.Thread(target=send, args=(camera,)) for camera in ("a", "b", "c", "d")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        stage.step()
    stage.step(60)
    for camera in "abcd":
        assert stage.seqs(camera) == list(range(200))
