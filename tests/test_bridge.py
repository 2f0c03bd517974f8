"""What the daemon says of itself to a broker that is faked, and what changes when its cameras do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.bridge import Bridge, Overrides, in_force
from monitor.classify.classifier import Classifier
from monitor.clock import ManualClock
from monitor.config.load import Loaded
from monitor.publish.hearing import Hearing
from monitor.publish.publisher import Publisher
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from tests.publish.fakes import BOX, FakeLink, FakeQueue
from tests.spine import CARD, ColourEngine, load_text

TWO = "cameras: {porch: {source: demo}, yard: {source: demo}}\nrules: [{label: red}]"
ONE = "cameras: {porch: {source: demo}}\nrules: [{label: red}]"
OTHER = "cameras: {porch: {source: demo}, shed: {source: demo}}\nrules: [{label: green}]"
SET: Overrides = {("yard", "detect"): "OFF", ("porch", "threshold/red"): "0.25"}


class Announced:
    """Remembers in memory."""

    def __init__(self) -> None:
        self.topics: dict[str, str] = {}

    def recall(self) -> Mapping[str, str]:
        return dict(self.topics)

    def keep(self, topics: Mapping[str, str]) -> None:
        self.topics = dict(topics)


class Stage:
    """A bridge that has introduced itself with two cameras."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.clock = ManualClock()
        self.link = FakeLink()
        topics = Topics("B")
        self.voice = Voice(topics, lambda: None)
        self.publisher = Publisher(self.link, self.voice, FakeQueue(), Hearing(topics, BOX, random=lambda: 0.5), self.clock)
        self.announced = Announced()
        self.bridge = Bridge(self.read(TWO), Classifier(CARD, ColourEngine()), self.voice, BOX, SET)
        self.bridge.introduce(self.publisher, self.announced)
        self.step()

    def read(self, text: str) -> Loaded:
        return load_text(self._folder, text)

    def change(self, text: str) -> list[tuple[str, bytes]]:
        """Change to a configuration and give what the broker is told."""
        self.link.sent.clear()
        self.bridge.change(self.read(text), self.publisher, self.announced)
        self.step()
        return self.link.sent

    def step(self) -> None:
        for _ in range(20):
            self.publisher.step(self.clock.advance(1.0))

    def info(self) -> Any:
        return json.loads(json.dumps(self.bridge.info()))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_camera_that_went_is_emptied_and_never_told_again(stage: Stage) -> None:
    stage.voice.send_detect("yard", on=True)
    stage.step()
    told = dict(stage.change(ONE))
    emptied = {topic for topic, payload in told.items() if not payload}
    assert {"B/yard/detect/state", "B/yard/availability", "B/yard/red", f"homeassistant/device/{BOX}_yard/config"} <= emptied
    assert not any("/porch" in topic or topic.startswith("B/bridge") for topic in emptied)
    assert not any("yard" in topic for topic in stage.announced.topics)
    stage.link.sent.clear()
    stage.voice.latest.tell_all_again()  # a broker that has lost its memory
    stage.step()
    assert stage.link.sent
    assert not any("yard" in topic for topic, _ in stage.link.sent)


def test_a_camera_that_came_is_announced_and_a_rule_that_went_is_dropped_from_its_device(stage: Stage) -> None:
    sent = stage.change(OTHER)
    assert f"homeassistant/device/{BOX}_shed/config" in dict(sent)
    porch = [json.loads(payload) for topic, payload in sent if topic == f"homeassistant/device/{BOX}_porch/config"]
    stub, whole = porch[0]["components"], porch[-1]["components"]
    assert [key for key, component in stub.items() if list(component) == ["platform"]]
    assert not [key for key, component in whole.items() if list(component) == ["platform"]]
    assert dict(sent)["B/porch/red"] == b""


def test_the_info_tells_the_new_configuration_and_that_it_is_the_files(stage: Stage) -> None:
    stage.read(ONE)
    stage.bridge.check_file()
    assert stage.info()["restart_required"] is True
    told = dict(stage.change(ONE))
    info = json.loads(told["B/bridge/info"])
    assert list(info["config"]["cameras"]) == ["porch"]
    assert info["restart_required"] is False


def test_the_log_level_and_the_losses_are_not_told_anew(stage: Stage) -> None:
    told = dict(stage.change(ONE))
    assert "B/bridge/log_level/state" not in told
    assert "B/bridge/lost" not in told


def test_what_was_set_for_a_camera_is_not_shown_while_it_is_away_and_holds_when_it_is_back(stage: Stage) -> None:
    assert stage.info()["overrides"] == {"yard": {"detect": "OFF"}, "porch": {"threshold/red": 0.25}}
    stage.change(ONE)
    assert stage.info()["overrides"] == {"porch": {"threshold/red": 0.25}}
    stage.change(OTHER)
    assert stage.info()["overrides"] == {}
    stage.bridge.override("porch", "detect", "OFF")
    stage.change(TWO)
    assert stage.info()["overrides"] == {"yard": {"detect": "OFF"}, "porch": {"detect": "OFF", "threshold/red": 0.25}}


def test_a_threshold_that_makes_no_sense_is_not_in_force(tmp_path: Path) -> None:
    config = load_text(tmp_path, ONE).config
    overrides = {("porch", "threshold/red"): "1.5", ("porch", "detect"): "OFF", ("porch", "threshold/blue"): "0.5"}
    assert in_force(overrides, config, "porch") == {"detect": "OFF"}
