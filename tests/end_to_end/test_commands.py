"""What a dashboard does with a daemon over a real broker: switch, set, ask, and say nonsense."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import stopwatch
from tests.end_to_end.conftest import Daemon, Subscriber, settings
from tests.publish.conftest import Mosquitto

pytestmark = [pytest.mark.real, pytest.mark.slow]

DETECT, THRESHOLD, STATE = "monitor/porch/detect", "monitor/porch/threshold/cat", "monitor/porch/cat"


@pytest.fixture
def config(mosquitto: Mosquitto, cat_clip: Path) -> dict[str, Any]:
    """A cat that stays before the camera `porch`."""
    return settings({"porch": {"source": str(cat_clip), "loop": True}}, mosquitto.port)


def payload(message: Any) -> str:
    return str(message.payload.decode())


def test_detection_can_be_switched_off_and_stays_off_over_a_restart(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: dict[str, Any]
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(config)
    dashboard.wait("monitor/porch/alert", event_type="start")
    dashboard.say(f"{DETECT}/set", "OFF")
    dashboard.wait("monitor/porch/alert", event_type="end", reason="detect_off")
    dashboard.wait(STATE, state=None)
    dashboard.wait_for(lambda: dashboard.on(f"{DETECT}/state")[-1].payload == b"OFF")
    dashboard.wait("monitor/bridge/info", overrides={"porch": {"detect": "OFF"}})
    box.stop(signal.SIGTERM)

    again, before = daemon(None), stopwatch()
    again.line("detect is OFF, as it was set over MQTT")
    dashboard.wait("monitor/porch/availability", since=before, state="online")
    assert dashboard.on(STATE)[-1].body["state"] is None
    assert not [alert for alert in dashboard.alerts() if alert["event_type"] == "start"][1:]
    dashboard.say(f"{DETECT}/set", "ON")
    dashboard.wait("monitor/porch/alert", since=before, event_type="start")
    dashboard.wait("monitor/bridge/info", since=before, overrides={})


def test_a_threshold_can_be_set_is_kept_and_can_be_given_back(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: dict[str, Any]
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(config)
    dashboard.wait(STATE, state="ON")
    assert [payload(message) for message in dashboard.on(f"{THRESHOLD}/state")] == ["0.5"]
    dashboard.say(f"{THRESHOLD}/set", "0.999")
    dashboard.wait("monitor/bridge/info", overrides={"porch": {"threshold/cat": 0.999}})
    box.stop(signal.SIGTERM)

    again, before = daemon(None), stopwatch()
    again.line("porch: threshold/cat is 0.999, as it was set over MQTT; the file says 0.5")
    dashboard.wait("monitor/bridge/info", since=before, overrides={"porch": {"threshold/cat": 0.999}})
    assert payload(dashboard.on(f"{THRESHOLD}/state")[-1]) == "0.999"
    dashboard.say(f"{THRESHOLD}/set", "default")
    dashboard.wait_for(lambda: payload(dashboard.on(f"{THRESHOLD}/state")[-1]) == "0.5")


def test_a_snapshot_can_be_taken_and_a_picture_classified(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: dict[str, Any]
) -> None:
    dashboard = subscribe(mosquitto.port)
    daemon(config | {"rules": []})
    dashboard.wait("monitor/porch/availability", state="online")
    dashboard.say("monitor/porch/snapshot/set", "PRESS")
    picture = dashboard.wait("monitor/porch/snapshot").payload
    assert picture.startswith(b"\xff\xd8")
    answer = dashboard.ask("classify", {"camera": "porch", "transaction": 7})
    assert (answer["status"], answer["transaction"]) == ("ok", 7)
    assert "cat" in answer["data"]["predictions"][0]["label"]
    assert dashboard.ask("classify", {"camera": "garage", "transaction": "x"})["status"] == "error"


def test_a_bridge_answers_how_it_is_and_what_it_is(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: dict[str, Any]
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(config)
    dashboard.wait("monitor/porch/availability", state="online")
    assert dashboard.ask("health_check") == {"status": "ok", "data": {"healthy": True}, "error": None, "transaction": None}
    assert dashboard.ask("info", {"transaction": "abc"})["data"]["node"] == "box"
    dashboard.say("monitor/bridge/log_level/set", "warning")
    dashboard.wait_for(lambda: payload(dashboard.on("monitor/bridge/log_level/state")[-1]) == "warning")
    assert box.process.poll() is None


def test_a_reload_is_answered_with_what_is_wrong_and_with_success(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: dict[str, Any]
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(config)
    dashboard.wait("monitor/porch/availability", state="online")
    box.write(config | {"rules": [{"label": "cat", "threshold": 7}]})
    refused = dashboard.ask("reload", {"transaction": 1})
    assert (refused["status"], refused["transaction"]) == ("error", 1)
    assert "rules[0].threshold" in refused["error"]
    box.write(config | {"rules": [{"label": "dog"}]})
    assert dashboard.ask("reload", {"transaction": 2}) == {"status": "ok", "data": {}, "error": None, "transaction": 2}
    dashboard.wait("monitor/porch/dog", state="OFF")
    dashboard.wait_for(lambda: dashboard.on(STATE)[-1].payload == b"", what="an empty topic of the rule that went")


def test_a_restart_is_a_new_beginning_of_the_same_process(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: dict[str, Any]
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(config)
    dashboard.wait("monitor/porch/availability", state="online")
    assert dashboard.ask("restart")["status"] == "ok"
    dashboard.wait("monitor/bridge/state", state="offline")
    dashboard.wait("monitor/porch/availability", since=stopwatch(), state="online")
    assert box.process.poll() is None
    box.stop(signal.SIGTERM)


def test_nonsense_changes_nothing_and_is_answered(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: dict[str, Any]
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(config)
    dashboard.wait(STATE, state="ON")
    for topic, nonsense in (
        (f"{DETECT}/set", "perhaps"),
        (f"{THRESHOLD}/set", "nan"),
        (f"{THRESHOLD}/set", "9" * 5000),
        (f"{THRESHOLD}/set", "9" * 1_000_000),
        ("monitor/porch/threshold/dog/set", "0.5"),
        ("monitor/garage/detect/set", "OFF"),
    ):
        asked = stopwatch()
        dashboard.say(topic, nonsense)
        answer = dashboard.wait("monitor/bridge/response/set", since=asked).body
        assert answer["status"] == "error"
        assert answer["data"] == {"topic": topic}
    assert dashboard.ask("reload", "[1, 2]")["status"] == "error"
    assert dashboard.ask("classify", json.dumps({"transaction": "t"}))["transaction"] == "t"
    dashboard.say(f"{DETECT}/set", "OFF", retain=True)
    dashboard.say("monitor/bridge/request/info")
    dashboard.wait("monitor/bridge/response/info")
    assert dashboard.on(STATE)[-1].body["state"] in ("ON", None)
    box.stop(signal.SIGTERM)


def test_with_commands_off_nobody_changes_anything(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: dict[str, Any]
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(config | {"mqtt": config["mqtt"] | {"commands": False}})
    dashboard.wait(STATE, state="ON")
    dashboard.say(f"{DETECT}/set", "OFF")
    dashboard.say("monitor/bridge/request/restart")
    dashboard.wait("monitor/porch/stats", 20)
    assert [payload(message) for message in dashboard.on(f"{DETECT}/state")] == ["ON"]
    assert not dashboard.on("monitor/bridge/response/restart")
    box.stop(signal.SIGTERM)
