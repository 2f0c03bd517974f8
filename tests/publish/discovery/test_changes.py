"""What is tidied up after an earlier configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.publish.discovery.changes import MIGRATE, Changes, changes
from monitor.publish.discovery.render import discovery
from monitor.publish.discovery.retained import retained_topics
from monitor.publish.topics import Topics
from tests.spine import load_text

BOX = "monitor-pi-1a2b3c"
DOOR = f"homeassistant/device/{BOX}_door/config"
BASE = {
    "cameras": "  door: {source: demo, zones: {drive: [[0, 0], [1, 0], [1, 1]]}}\n  yard: {source: demo}\n",
    "rules": "  - {label: red}\n  - {name: van, label: blue, zones: [frame, drive]}\n",
    "mqtt": "discovery: device",
}


class Announcer:
    """One configuration after another at one broker: `notes` is what is remembered from the last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.notes: dict[str, str] = {}

    def start(self, **sections: str) -> Changes:
        parts = BASE | sections
        text = f"node: pi\ncameras:\n{parts['cameras']}rules:\n{parts['rules']}mqtt: {{{parts['mqtt']}}}\n"
        config = load_text(self._folder, text).config
        topics = Topics(config.mqtt.base_topic)
        known = discovery(config, topics, BOX, version="1.0", model="m")
        plan = changes(self.notes, known, retained_topics(config, topics))
        self.notes = plan.notes
        return plan


@pytest.fixture
def announcer(tmp_path: Path) -> Announcer:
    made = Announcer(tmp_path)
    assert made.start().first == []
    return made


def test_the_same_again_changes_nothing(announcer: Announcer) -> None:
    before = announcer.notes
    plan = announcer.start()
    assert (plan.first, plan.last, plan.notes) == ([], [], before)


def test_a_rule_that_went_is_named_once_more_by_its_platform_alone_and_its_topics_are_emptied(announcer: Announcer) -> None:
    plan = announcer.start(rules="  - {label: red}\n")
    stubs: Any = dict(plan.first)[DOOR]
    gone = {key: each for key, each in stubs["components"].items() if set(each) == {"platform"}}
    assert gone == {
        "rule_van": {"platform": "binary_sensor"},
        "rule_van_IN_drive": {"platform": "binary_sensor"},
        "threshold_van": {"platform": "number"},
    }
    assert "rule_red" in stubs["components"]
    assert set(plan.last) == {
        *("monitor/door/van", "monitor/door/drive/van", "monitor/door/threshold/van/state"),
        *("monitor/yard/van", "monitor/yard/threshold/van/state"),
    }
    assert announcer.start(rules="  - {label: red}\n").first == []


def test_a_zone_that_went_takes_its_rule_with_it(announcer: Announcer) -> None:
    plan = announcer.start(
        cameras="  door: {source: demo}\n  yard: {source: demo}\n", rules="  - {label: red}\n  - {name: van, label: blue}\n"
    )
    stubs: Any = dict(plan.first)[DOOR]
    assert stubs["components"]["rule_van_IN_drive"] == {"platform": "binary_sensor"}
    assert plan.last == ["monitor/door/drive/van"]


def test_a_camera_that_went_is_emptied_everywhere(announcer: Announcer) -> None:
    plan = announcer.start(cameras="  yard: {source: demo}\n", rules="  - {label: red}\n")
    assert DOOR in plan.last
    assert {topic.split("/")[1] for topic in plan.last if topic.startswith("monitor/") and "van" not in topic} == {"door"}
    assert DOOR not in dict(plan.first), "nothing lives on that would have to move"


def test_from_one_form_to_the_other_entities_move_and_the_old_form_is_emptied_last(announcer: Announcer) -> None:
    devices = [topic for topic in announcer.notes if topic.startswith("homeassistant/device/")]
    plan = announcer.start(mqtt="discovery: component")
    assert plan.first == [(topic, MIGRATE) for topic in devices]
    assert plan.last == devices
    components = [topic for topic in announcer.notes if topic.startswith("homeassistant/")]
    assert len(components) > 30
    back = announcer.start(mqtt="discovery: device")
    assert back.first == [(topic, MIGRATE) for topic in components]
    assert back.last == components


def test_without_discovery_everything_of_it_is_emptied_and_nothing_else(announcer: Announcer) -> None:
    plan = announcer.start(mqtt="discovery: off")
    assert plan.first == []
    assert plan.last
    assert all(topic.startswith("homeassistant/") for topic in plan.last)


def test_another_prefix_or_base_topic_leaves_nothing_at_the_old_one(announcer: Announcer) -> None:
    plan = announcer.start(mqtt="discovery: device, discovery_prefix: ha")
    assert DOOR in plan.last
    plan = announcer.start(mqtt="discovery: device, discovery_prefix: ha, base_topic: cams")
    assert "monitor/bridge/state" in plan.last
    assert "cams/bridge/state" in plan.notes


def test_notes_that_cannot_be_read_cost_the_tidying_of_their_entities_and_no_more(announcer: Announcer) -> None:
    announcer.notes = {DOOR: "{nonsense", "monitor/old/cat": "[1]", "monitor/door/red": ""}
    plan = announcer.start()
    assert plan.first == []
    assert plan.last == ["monitor/old/cat"]


def test_a_start_that_no_broker_heard_leaves_the_tidying_to_the_next(announcer: Announcer) -> None:
    plan = announcer.start(rules="  - {label: red}\n")
    announcer.notes = plan.meanwhile
    again = announcer.start(rules="  - {label: red}\n")
    assert (again.first, sorted(again.last)) == (plan.first, sorted(plan.last))


def test_a_rule_that_goes_while_the_form_changes_is_dropped_before_the_rest_moves(announcer: Announcer) -> None:
    plan = announcer.start(rules="  - {label: red}\n", mqtt="discovery: component")
    said: list[Any] = [payload for topic, payload in plan.first if topic == DOOR]
    assert said[-1] == MIGRATE
    assert set(said[0]["components"]) == {"rule_van", "rule_van_IN_drive", "threshold_van"}
