"""The blueprint, with Jinja in the place of Home Assistant: the same language; of what only Home Assistant has, it uses `state_attr`."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

import monitor
from monitor.publish import payloads
from tests.spine import an_alert

FILE = Path(monitor.__file__).parent / "share" / "blueprint.yaml"
START = {**payloads.alert(an_alert(), node="pi", delayed=False), "rule": "cat", "label": "tabby"}
END = {**START, "event_type": "end", "seq": 2, "duration": 17.4, "reason": "gone"}


@dataclass(frozen=True)
class State:
    """A state of Home Assistant: of an event entity it is the time of the last event."""

    state: str
    attributes: dict[str, Any]


UNKNOWN = State("unknown", {"event_type": None})
UNAVAILABLE = State("unavailable", {})


def state(message: dict[str, Any], at: str = "2026-11-24T12:00:00.123+00:00") -> State:
    return State(at, message)


def load(entered: Mapping[str, Any]) -> dict[str, Any]:
    """Read the blueprint with what was entered in the place of `!input NAME`."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!input", lambda _, node: entered.get(node.value))
    content: dict[str, Any] = yaml.load(FILE.read_text(), Loader)
    return content


INPUTS = load({})["blueprint"]["input"]
DEFAULTS = {name: each["default"] for name, each in INPUTS.items() if "default" in each}


def automation(**entered: Any) -> dict[str, Any]:
    """What becomes of the blueprint."""
    return load({"alert": "event.porch_alert", **DEFAULTS, **entered})


def told(before: State | None, after: State | None, **entered: Any) -> dict[str, Any] | None:
    """What the notification is called with when an entity goes from one state to another, None if there is none."""
    made = automation(**entered)
    assert made["triggers"] == [{"trigger": "state", "entity_id": "event.porch_alert"}]  # any change of the entity
    environment = Environment(undefined=StrictUndefined)
    environment.globals["state_attr"] = lambda entity, name: f"/{name}/{entity}"
    variables: dict[str, Any] = {**made["variables"], "trigger": {"from_state": before, "to_state": after}}

    def render(template: str) -> str:
        return environment.from_string(template).render(variables)

    if any(render(condition) != "True" for condition in made["conditions"]):
        return None
    prepare, does = made["actions"]
    variables |= {name: render(template) for name, template in prepare["variables"].items()}
    (action,) = does["sequence"]
    data = {name: render(template) for name, template in action["data"].items()}
    return {**data, "data": ast.literal_eval(data["data"])}


def test_an_alert_rings() -> None:
    ring = {"title": "porch", "message": "tabby (90 %)", "data": {"tag": "e1"}}
    assert told(state({**START, "id": "e0"}), state(START)) == ring


def test_the_first_alert_ever_rings() -> None:
    assert told(UNKNOWN, state(START))


def test_an_alert_that_comes_an_hour_late_does_not_ring_unless_asked_for() -> None:
    late = state(json.loads(payloads.with_delayed(payloads.encode(START))))
    assert told(UNKNOWN, late) is None
    ring = told(UNKNOWN, late, include_delayed=True)
    assert ring
    assert ring["message"] == f"tabby (90 %), {str(START['time'])[:16].replace('T', ' ')}"


@pytest.mark.parametrize("before", [UNAVAILABLE, None], ids=["unavailable", "not there"])
def test_an_entity_that_is_back_and_shows_its_last_alert_does_not_ring(before: State | None) -> None:
    assert told(before, state(START)) is None


@pytest.mark.parametrize("after", [UNAVAILABLE, UNKNOWN, None], ids=["unavailable", "unknown", "not there"])
def test_an_entity_that_goes_away_does_not_ring(after: State | None) -> None:
    assert told(state(START), after) is None


def test_the_same_alert_brought_twice_rings_once() -> None:
    assert told(state(START), state(START, at="2026-11-24T12:00:01.456+00:00")) is None
    assert told(state(START), state(END), event_types=["start", "end"])


@pytest.mark.parametrize(("rules", "rings"), [([], True), (["cat"], True), (["dog", "cat"], True), (["dog"], False), (["ca"], False)])
def test_only_the_rules_that_were_named_ring(rules: list[str], rings: bool) -> None:
    assert bool(told(UNKNOWN, state(START), rules=rules)) is rings


def test_two_alerts_in_the_same_millisecond_ring_both() -> None:
    assert told(state({**START, "id": "e0"}, at="now"), state(START, at="now"))


def test_only_what_was_asked_for_rings() -> None:
    update = {**START, "event_type": "update", "seq": 1}
    assert told(state(START), state(update)) is None
    assert told(state(START), state(END)) is None
    assert told(state(START), state(update), event_types=["update"])


def test_notices_ring_unless_only_alerts_are_asked_for() -> None:
    notice = state({**START, "severity": "notice"})
    assert told(UNKNOWN, notice)
    assert told(UNKNOWN, notice, severity="alert") is None
    assert told(UNKNOWN, state(START), severity="alert")


@pytest.mark.parametrize(("reason", "message"), [("gone", "tabby gone after 17 s"), ("camera_lost", "tabby no longer watched after 17 s")])
def test_an_end_says_how_long_it_was(reason: str, message: str) -> None:
    ring = told(state(START), state({**END, "reason": reason}), event_types=["end"])
    assert ring
    assert ring["message"] == message


def test_the_picture_is_shown_if_there_is_one() -> None:
    ring = told(UNKNOWN, state(START), picture="image.porch")
    assert ring
    assert ring["data"] == {"tag": "e1", "image": "/entity_picture/image.porch"}


def test_every_input_is_used_and_has_a_selector_and_a_name() -> None:
    assert all(each["selector"] and each["name"] for each in INPUTS.values())
    assert set(INPUTS) == {line.split("!input ")[1] for line in FILE.read_text().splitlines() if "!input " in line}


def test_only_the_entity_must_be_entered() -> None:
    assert set(INPUTS) - set(DEFAULTS) == {"alert"}


def test_one_alert_does_not_wait_for_the_actions_of_another() -> None:
    assert automation()["mode"] == "parallel"
