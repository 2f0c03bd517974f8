"""Commands on their way through the daemon, with real lanes that are stepped by hand."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.bridge import Bridge
from monitor.commanding import Commander
from monitor.errands import PATIENCE, ROOM
from monitor.inbox import Inbox
from monitor.publish.commands import CommandReader
from monitor.publish.contract import Received
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.runtime.signals import Request
from monitor.values import Alert, EndReason
from tests.lanes import Bench
from tests.spine import RED


class Stage:
    """A commander over lanes. asked: what the main thread was asked for."""

    def __init__(self, folder: Path, *, snapshots: bool = True) -> None:
        self.lanes = Bench(folder, "porch", "yard")
        self.voice = Voice(Topics("B"), lambda: None)
        self.inbox = Inbox()
        self.bridge = Bridge(self.lanes.loaded, self.lanes.classifier, self.voice, "monitor-box-abcdef", {})
        self.asked: list[Request] = []
        reader = CommandReader(Topics("B"), {"porch": ["red"], "yard": ["red"]})
        self.commander = Commander(reader, self.voice, self.bridge, self.inbox, self.asked.append, snapshots=snapshots)

    def watch(self) -> None:
        self.commander.watch(list(self.lanes.lanes.values()), lambda: True)

    def say(self, topic: str, payload: str | Mapping[str, object] = "") -> None:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        self.commander.obey(Received(f"B/{topic}", text.encode(), retained=False))

    def answers(self) -> Iterator[tuple[str, Any]]:
        while (message := self.voice.next_passing()) is not None:
            yield message[0].removeprefix("B/bridge/response/"), json.loads(message[1])

    def shown(self, topic: str) -> str:
        """What a retained topic says."""
        told: dict[str, bytes] = {}
        self.voice.latest.tell_all_again()
        while (item := self.voice.latest.next()) is not None:
            told[item[0]] = item[1]
            self.voice.latest.told(*item)
        return told[f"B/{topic}"].decode()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    made.watch()
    level = logging.getLogger("monitor").level
    yield made
    logging.getLogger("monitor").setLevel(level)


def test_detection_off_ends_what_runs_is_kept_and_is_shown(stage: Stage) -> None:
    stage.lanes.put("porch", RED, RED)
    while stage.lanes.step() == 0.0:
        pass
    stage.say("porch/detect/set", "OFF")
    stage.lanes.step(1.0)
    ends = [event.reason for event in stage.lanes.events() if isinstance(event, Alert) and event.reason]
    assert ends == [EndReason.DETECT_OFF]
    assert stage.inbox.take().overrides == {("porch", "detect"): "OFF"}
    assert stage.shown("porch/detect/state") == "OFF"
    assert json.loads(stage.shown("bridge/info"))["overrides"] == {"porch": {"detect": "OFF"}}
    assert not list(stage.answers())


def test_detection_on_again_takes_back_what_was_kept(stage: Stage) -> None:
    for word in ("OFF", "ON"):
        stage.say("porch/detect/set", word)
        stage.lanes.step(1.0)
    assert stage.inbox.take().overrides == {("porch", "detect"): None}
    assert stage.shown("porch/detect/state") == "ON"
    assert json.loads(stage.shown("bridge/info"))["overrides"] == {}


def test_a_threshold_is_in_force_on_one_camera_is_kept_and_shown(stage: Stage) -> None:
    stage.say("yard/threshold/red/set", "0.75")
    stage.lanes.step(1.0)
    assert {name: lane.pipeline.thresholds["red"] for name, lane in stage.lanes.lanes.items()} == {"porch": 0.5, "yard": 0.75}
    assert stage.inbox.take().overrides == {("yard", "threshold/red"): "0.75"}
    assert stage.shown("yard/threshold/red/state") == "0.75"
    stage.say("yard/threshold/red/set", "default")
    stage.lanes.step(1.0)
    assert stage.inbox.take().overrides == {("yard", "threshold/red"): None}
    assert stage.shown("yard/threshold/red/state") == "0.5"


def test_a_picture_is_taken_of_the_next_frame(stage: Stage) -> None:
    stage.say("porch/snapshot/set", "PRESS")
    stage.lanes.put("porch", RED)
    stage.lanes.step()
    stage.lanes.step()
    assert [outcome.camera for outcome in stage.lanes.outcomes if outcome.snapshot is not None] == ["porch"]


def test_a_picture_that_does_not_come_is_answered(stage: Stage) -> None:
    stage.say("porch/snapshot/set")
    stage.lanes.step(0.1)
    stage.lanes.step(PATIENCE)
    stage.lanes.step(1.0)
    [(name, answer)] = stage.answers()
    assert (name, answer["status"], answer["data"]) == ("set", "error", {"topic": "B/porch/snapshot/set"})
    assert "no picture came from porch" in answer["error"]


def test_without_snapshots_no_picture_leaves(tmp_path: Path) -> None:
    stage = Stage(tmp_path, snapshots=False)
    stage.watch()
    stage.say("porch/snapshot/set")
    [(_, answer)] = stage.answers()
    assert "snapshots.enabled" in answer["error"]


def test_a_frame_is_classified_for_whoever_asks(stage: Stage) -> None:
    stage.say("bridge/request/classify", {"camera": "porch", "transaction": 5})
    stage.lanes.put("porch", RED)
    stage.lanes.step()
    stage.lanes.step()
    [(name, answer)] = stage.answers()
    assert (name, answer["status"], answer["transaction"]) == ("classify", "ok", 5)
    assert answer["data"]["predictions"][0]["label"] == "red"


def test_a_camera_of_which_too_much_is_asked_says_so_with_the_transaction(stage: Stage) -> None:
    for number in range(ROOM + 1):
        stage.say("bridge/request/classify", {"camera": "porch", "transaction": number})
    [(_, answer)] = stage.answers()
    assert (answer["status"], answer["transaction"]) == ("error", ROOM)


def test_before_the_cameras_are_there_nothing_is_done_to_them(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.say("porch/detect/set", "OFF")
    [(name, answer)] = stage.answers()
    assert (name, answer["status"]) == ("set", "error")
    assert not stage.inbox.take().overrides


def test_nonsense_changes_nothing_and_is_answered(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.say("porch/threshold/red/set", "much")
    stage.lanes.step(1.0)
    [(name, answer)] = stage.answers()
    assert (name, answer["status"]) == ("set", "error")
    assert stage.lanes.lanes["porch"].pipeline.thresholds == {"red": 0.5}
    assert len(caplog.records) == 1


def test_a_reload_is_answered_when_it_is_done(stage: Stage) -> None:
    stage.say("bridge/request/reload", {"transaction": "one"})
    stage.say("bridge/request/reload")
    assert stage.asked == [Request.RELOAD, Request.RELOAD]
    assert not list(stage.answers())
    stage.commander.answer_reload("config.yaml:3: rules[0].threshold: must be at most 1")
    answers = list(stage.answers())
    assert [(name, answer["status"], answer["transaction"]) for name, answer in answers] == [
        ("reload", "error", "one"),
        ("reload", "error", None),
    ]
    stage.commander.answer_reload(None)
    assert not list(stage.answers()), "a reload that nobody here asked for is answered to nobody"


def test_a_restart_is_promised_and_then_asked_of_the_main_thread(stage: Stage) -> None:
    stage.say("bridge/request/restart", "{}")
    assert [answer["status"] for _, answer in stage.answers()] == ["ok"]
    assert stage.asked == [Request.RESTART]


def test_health_and_info_are_answered_at_once(stage: Stage) -> None:
    stage.say("bridge/request/health_check", {"transaction": 1})
    stage.say("bridge/request/info")
    (first, health), (second, info) = stage.answers()
    assert (first, health["data"], health["transaction"]) == ("health_check", {"healthy": True}, 1)
    assert (second, info["data"]["id"]) == ("info", "monitor-box-abcdef")


def test_the_log_level_is_set_and_shown(stage: Stage) -> None:
    stage.say("bridge/log_level/set", "error")
    assert logging.getLogger("monitor").level == logging.ERROR
    assert stage.shown("bridge/log_level/state") == "error"


def test_after_a_change_of_cameras_only_the_new_ones_are_obeyed(stage: Stage) -> None:
    stage.commander.change(CommandReader(Topics("B"), {"yard": ["blue"]}), [stage.lanes.lanes["yard"]])
    stage.say("porch/detect/set", "OFF")
    stage.say("yard/threshold/red/set", "0.4")
    refused = [answer["error"] for _, answer in stage.answers()]
    assert [error.split(";")[0] for error in refused] == ["no camera 'porch'", "no rule of yard 'red'"]
    stage.say("yard/detect/set", "OFF")
    stage.lanes.step(1.0)
    assert stage.shown("yard/detect/state") == "OFF"
