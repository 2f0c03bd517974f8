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

    def start(self, *, heard: bool = True, **sections: str) -> Changes:
        """heard: whether the broker had all of it, or the daemon ended before."""
        parts = BASE | sections
        text = f"node: pi\ncameras:\n{parts['cameras']}rules:\n{parts['rules']}mqtt: {{{parts['mqtt']}}}\n"
        config = load_text(self._folder, text).config
        topics = Topics(config.mqtt.base_topic)
        known = discovery(config, topics, BOX, version="1.0", model="m")
        plan = changes(self.notes, known, retained_topics(config, topics))
        self.notes = plan.notes if heard else plan.meanwhile
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


def test_what_does_not_move_is_dropped_before_the_rest_moves(announcer: Announcer) -> None:
    plan = announcer.start(mqtt="discovery: component", rules="  - {label: red}\n")
    told: list[Any] = [payload for topic, payload in plan.first if topic == DOOR]
    assert told == [
        {
            "device": told[0]["device"],
            "origin": told[0]["origin"],
            "components": {
                "rule_van": {"platform": "binary_sensor"},
                "rule_van_IN_drive": {"platform": "binary_sensor"},
                "threshold_van": {"platform": "number"},
            },
        },
        MIGRATE,
    ]
    assert told[0]["device"]["identifiers"] == [f"{BOX}_door"]


def test_what_nobody_heard_is_said_after_the_next_start(announcer: Announcer) -> None:
    fewer = "  - {label: red}\n"
    plan = announcer.start(rules=fewer, heard=False)
    assert announcer.start(rules=fewer, heard=False) == plan
    more = fewer + "  - {name: bus, label: green}\n"
    announcer.start(rules=more, heard=False)
    gone: Any = dict(announcer.start(rules=fewer).first)[DOOR]
    assert gone["components"].keys() >= {"rule_van", "threshold_van", "rule_bus", "threshold_bus"}
    assert announcer.start(rules=fewer).first == []


def test_entities_go_before_the_states_that_they_read(announcer: Announcer) -> None:
    announcer.start(mqtt="discovery: component, base_topic: a")
    announcer.notes = dict(sorted(announcer.notes.items()))  # as a database may give them
    plan = announcer.start(mqtt="discovery: component, base_topic: a", rules="  - {label: red}\n")
    kinds = [topic.split("/")[0] for topic in plan.last]
    assert kinds == sorted(kinds, reverse=True)
    assert set(kinds) == {"homeassistant", "a"}


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
