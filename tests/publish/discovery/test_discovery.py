"""What Home Assistant is told, in both forms, held against what it requires."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.config.load import Loaded
from monitor.publish.discovery.render import Messages, devices, discovery
from monitor.publish.discovery.retained import retained_topics
from monitor.publish.topics import Topics
from monitor.values import Place
from tests.spine import load_text

BOX = "monitor-pi-1a2b3c"
TOPICS = Topics("monitor")
HOUSE = """
node: pi
cameras:
  Front door: {source: demo, zones: {drive: [[0, 0], [1, 0], [1, 1]]}}
  yard: {source: demo, rules: []}
rules:
  - {label: red}
  - {name: parcel_van, label: blue, zones: [frame, drive]}
"""

REQUIRED = {
    "binary_sensor": {"state_topic"},
    "button": {"command_topic"},
    "camera": {"topic"},
    "event": {"state_topic", "event_types"},
    "image": {"image_topic"},
    "number": {"command_topic"},
    "select": {"command_topic", "options"},
    "sensor": {"state_topic"},
    "switch": {"command_topic"},
}
"""Keys without which Home Assistant refuses an entity (home-assistant.io, `mqtt` and its platforms)."""

DEFAULT_ON = {
    *("rule_red", "rule_parcel_van", "rule_parcel_van_IN_drive", "threshold_red", "threshold_parcel_van"),
    *("alert", "image", "last_label", "connectivity", "problem", "detect", "take_snapshot"),
}


def announced(folder: Path, mode: str, text: str = HOUSE) -> Messages:
    loaded = load_text(folder, text + f"mqtt: {{discovery: {mode}}}\n")
    return discovery(loaded.config, TOPICS, BOX, version="1.0", model="resnet18")


def entities(messages: Messages) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each entity of either form: platform and settings."""
    for topic, payload in messages.items():
        told: Any = json.loads(json.dumps(payload))
        if "components" in told:
            yield from ((each["platform"], each) for each in told["components"].values())
        else:
            yield topic.split("/")[1], told


@pytest.fixture
def house(tmp_path: Path) -> Loaded:
    return load_text(tmp_path, HOUSE)


@pytest.mark.parametrize("mode", ["device", "component"])
def test_every_entity_has_what_its_platform_requires(tmp_path: Path, mode: str) -> None:
    seen = set()
    for platform, settings in entities(announced(tmp_path, mode)):
        seen.add(platform)
        assert settings.keys() >= REQUIRED[platform] | {"unique_id", "name"}, settings
    assert seen == REQUIRED.keys()


@pytest.mark.parametrize("mode", ["device", "component"])
def test_every_message_names_its_device_and_who_says_so(tmp_path: Path, mode: str) -> None:
    for payload in announced(tmp_path, mode).values():
        told: Any = payload
        assert told["origin"]["name"] == "monitor"
        assert told["device"].keys() >= {"identifiers", "name", "manufacturer", "model", "sw_version"}
        assert told["device"].get("via_device") == (None if told["device"]["identifiers"] == [BOX] else BOX)


def test_both_forms_say_the_same_of_each_entity(tmp_path: Path) -> None:
    def without_device(settings: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in settings.items() if key not in ("device", "origin", "platform")}

    by_form = [
        {settings["unique_id"]: (platform, without_device(settings)) for platform, settings in entities(announced(tmp_path, mode))}
        for mode in ("device", "component")
    ]
    assert by_form[0] == by_form[1]


def test_a_device_message_stands_for_the_bridge_and_each_camera(tmp_path: Path) -> None:
    assert list(announced(tmp_path, "device")) == [
        f"homeassistant/device/{BOX}/config",
        f"homeassistant/device/{BOX}_front_door/config",
        f"homeassistant/device/{BOX}_yard/config",
    ]
    assert announced(tmp_path, "off") == {}


@pytest.mark.parametrize("mode", ["device", "component"])
def test_nothing_changes_between_two_identical_starts(tmp_path: Path, mode: str) -> None:
    assert json.dumps(announced(tmp_path, mode)) == json.dumps(announced(tmp_path, mode))


def test_what_people_look_at_is_enabled_and_the_rest_is_not(house: Loaded) -> None:
    _, door, _ = devices(house.config, TOPICS, BOX, "resnet18")
    assert {entity.key for entity in door.entities if entity.settings.get("enabled_by_default", True)} == DEFAULT_ON


def test_without_commands_there_is_nothing_to_press(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, HOUSE + "mqtt: {commands: false}\n")
    found = [entity for device in devices(loaded.config, TOPICS, BOX, "m") for entity in device.entities]
    assert not [entity for entity in found if "command_topic" in entity.settings]


def test_without_snapshots_there_is_no_picture_and_none_is_left_at_the_broker(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, HOUSE + "snapshots: {enabled: false}\n")
    keys = {entity.key for device in devices(loaded.config, TOPICS, BOX, "m") for entity in device.entities}
    assert not keys & {"image", "camera", "take_snapshot"}
    assert "alert" in keys
    assert TOPICS.snapshot("yard") not in retained_topics(loaded.config, TOPICS)


def test_no_two_entities_share_an_id_whatever_the_names(tmp_path: Path) -> None:
    square = "[[0, 0], [1, 0], [1, 1]]"
    text = f"""
node: pi
cameras:
  a: {{source: demo, zones: {{b: {square}, in_b: {square}}}}}
  a_b: {{source: demo, zones: {{b: {square}}}}}
rules:
  - {{name: c, label: red, zones: [frame, b, in_b]}}
  - {{name: b_c, label: red}}
  - {{name: c_in, label: red, zones: [frame, b]}}
  - {{name: connectivity, label: red}}
  - {{name: threshold_c, label: red}}
"""
    ids = [settings["unique_id"] for _, settings in entities(announced(tmp_path, "device", text))]
    topics = list(announced(tmp_path, "component", text))
    assert len(ids) == len(set(ids)) == len(topics) == len(set(topics))


@pytest.mark.parametrize("mode", ["device", "component"])
def test_every_topic_that_is_named_is_one_of_ours(tmp_path: Path, mode: str, house: Loaded) -> None:
    ours = set(retained_topics(house.config, TOPICS)) | {TOPICS.request("restart"), f"{TOPICS.log_level}/set"}
    for camera in house.config.cameras:
        ours |= {TOPICS.alert(camera), TOPICS.stats(camera), f"{TOPICS.detect(camera)}/set", f"{TOPICS.snapshot(camera)}/set"}
        ours |= {f"{TOPICS.threshold(camera, rule.name)}/set" for rule in house.config.rules_of(camera)}
    for _, settings in entities(announced(tmp_path, mode)):
        named = {value for key, value in settings.items() if key == "topic" or key.endswith("_topic")}
        named |= {each["topic"] for each in settings.get("availability", [])}
        assert named <= ours, settings["name"]


def test_names_read_as_people_would_write_them(tmp_path: Path) -> None:
    zone = "{source: demo, zones: {front_garden: [[0, 0], [1, 0], [1, 1]]}}"
    text = f"node: pi\ncameras:\n  back_yard: {zone}\nrules:\n  - {{name: red_van, label: red, zones: [front_garden]}}\n"
    _, yard = devices(load_text(tmp_path, text).config, TOPICS, BOX, "m")
    assert yard.name == "Back yard"
    assert {"Red van in front garden", "Red van threshold"} <= {entity.settings["name"] for entity in yard.entities}


def test_every_threshold_that_the_file_may_hold_shows(house: Loaded) -> None:
    _, door, _ = devices(house.config, TOPICS, BOX, "m")
    numbers: list[Any] = [entity.settings for entity in door.entities if entity.platform == "number"]
    assert numbers
    assert all(number["min"] <= 0.0001 and number["max"] == 1 for number in numbers)


def test_an_entity_is_there_while_the_bridge_and_its_camera_are(house: Loaded) -> None:
    _, door, _ = devices(house.config, TOPICS, BOX, "m")
    by_key: dict[str, Any] = {entity.key: entity.settings for entity in door.entities}
    both = [TOPICS.bridge_state, TOPICS.availability("Front door")]
    assert [each["topic"] for each in by_key["rule_red"]["availability"]] == both
    assert by_key["rule_red"]["availability_mode"] == "all"
    for key in ("connectivity", "alert"):
        assert [each["topic"] for each in by_key[key]["availability"]] == both[:1]


def test_what_is_retained_is_listed_once(house: Loaded) -> None:
    found = retained_topics(house.config, TOPICS)
    assert len(found) == len(set(found))
    assert TOPICS.rule(Place("Front door", "drive", "parcel_van")) in found
    assert TOPICS.alert("Front door") not in found
