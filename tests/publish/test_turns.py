"""In which order things are said on a connection, and what is tidied up before and after."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.values import Alert
from tests.publish.fakes import Stage

ALERT = "monitor/porch/alert"
OLD, GONE = "homeassistant/device/old/config", "monitor/shed/snapshot"


@pytest.fixture
def tidied(stage: Stage) -> list[bool]:
    """A stage that has to tidy up; what is there once it has."""
    done: list[bool] = []
    stage.publisher.tidy([(OLD, b'{"migrate_discovery":true}')], [OLD, GONE], lambda: done.append(True))
    return done


def test_on_a_connection_everything_has_its_turn(stage: Stage, make_alert: Callable[..., Alert], tidied: list[bool]) -> None:
    stage.voice.send_health({})
    stage.voice.answer("info", {})
    stage.voice.send_info({})
    stage.send_alert(make_alert(0), b"jpeg")
    stage.voice.send_retained({"homeassistant/device/new/config": {}})
    stage.step()
    assert stage.link.sent == [
        (OLD, b'{"migrate_discovery":true}'),
        ("monitor/bridge/state", b'{"state":"online"}'),
        ("monitor/bridge/info", b"{}"),
        ("monitor/porch/snapshot", b"jpeg"),
        ("homeassistant/device/new/config", b"{}"),
        (ALERT, stage.link.sent[5][1]),
        ("monitor/bridge/response/info", b"{}"),
        ("monitor/bridge/health", b"{}"),
        (OLD, b""),
        (GONE, b""),
    ]
    assert not tidied
    stage.step()
    assert tidied == [True]


def test_a_broker_that_is_told_much_still_hears_it_in_order(stage: Stage, make_alert: Callable[..., Alert], tidied: list[bool]) -> None:
    cameras = [f"c{number}" for number in range(30)]
    for camera in cameras:
        stage.voice.send_detect(camera, on=True)
    for seq in range(15):
        stage.send_alert(make_alert(seq))
    stage.step(20)
    topics = stage.link.topics()
    assert topics[:2] == [OLD, "monitor/bridge/state"]
    assert topics[2:] == [f"monitor/{camera}/detect/state" for camera in cameras] + [ALERT] * 15 + [OLD, GONE]
    assert tidied


def test_tidying_counts_only_when_all_of_it_was_acknowledged(stage: Stage, tidied: list[bool]) -> None:
    stage.link.holding_back = True
    stage.step(3)
    assert stage.link.topics() == [OLD, "monitor/bridge/state", OLD, GONE]
    assert not tidied


def test_tidying_that_was_interrupted_is_done_again_as_a_whole(stage: Stage, tidied: list[bool]) -> None:
    stage.link.holding_back = True
    stage.step(2)
    stage.link.lose()
    stage.step()
    assert not tidied
    stage.link.come_back()
    stage.link.holding_back = False
    stage.link.sent.clear()
    stage.step(2)
    assert stage.link.topics() == [OLD, "monitor/bridge/state", OLD, GONE]
    assert tidied == [True]


def test_tidying_is_done_once(stage: Stage, tidied: list[bool]) -> None:
    stage.step(2)
    assert tidied == [True]
    stage.link.lose()
    stage.step()
    stage.link.come_back()
    stage.link.sent.clear()
    stage.step(2)
    assert stage.link.topics() == ["monitor/bridge/state"]
    assert tidied == [True]


def test_a_topic_that_cannot_be_emptied_does_not_hold_up_the_rest(stage: Stage) -> None:
    done: list[bool] = []
    stage.publisher.tidy([("a\0b", b"x")], ["c/#", GONE], lambda: done.append(True))
    stage.step(2)
    assert stage.link.topics() == ["monitor/bridge/state", GONE]
    assert done


def test_a_refusal_to_tidy_up_counts_as_an_answer(stage: Stage, tidied: list[bool]) -> None:
    stage.link.refusing = lambda topic: "not authorized" if topic == OLD else None
    stage.step(2)
    assert tidied


def test_losses_of_the_outbox_are_told_when_they_grow_and_to_each_broker(stage: Stage) -> None:
    stage.step(2)
    assert "monitor/bridge/lost" not in stage.link.topics()
    stage.alerts.lost = 3
    stage.step(2)
    stage.step(2)
    lost = [payload for topic, payload in stage.link.sent if topic == "monitor/bridge/lost"]
    assert lost == [b'{"alerts":3,"notices":0,"since":null,"until":null}']
    stage.link.lose()
    stage.step()
    stage.link.come_back()
    stage.step(2)
    assert stage.link.topics().count("monitor/bridge/lost") == 2
