from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from monitor.config.schema import Config
from monitor.observe import health
from monitor.observe.stats import CameraStats, Totals
from monitor.outgoing import OutboxFacts
from monitor.publish import payloads
from monitor.publish.commands import MAX_TRANSACTION, CommandError, CommandReader
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.values import Alert, EndReason, EventType, Moment, OfflineReason, Place, ProblemKind, RuleState, Severity
from tests.share.schema import NAMES, check, name_for, schema

STATE = RuleState(Place("porch", "frame", "cat"), True, 0.93, "tabby", 1.7e9, "e1")
ALERT = Alert(EventType.START, "e1", 0, STATE.place, "tabby", 0.93, Severity.ALERT, started_at=1.7e9, time=1.7e9, duration=0.0)
OUTBOX = OutboxFacts(2, 1, 0, 900, 1.7e9, lost_alerts=1, lost_notices=7, lost_since=1.7e9, lost_until=1.7e9 + 60)


def info(overrides: payloads.Payload, fallback_reason: str | None = None) -> payloads.Payload:
    return payloads.bridge_info(
        box="monitor-pi-1a2b3c",
        version="1.0",
        node="pi",
        model="resnet18",
        fallback_reason=fallback_reason,
        engine={"name": "onnxruntime", "version": "1.31", "precision": "fp32", "reason": "as set"},
        restart_required=False,
        overrides=overrides,
        config={"node": "pi"},
        config_schema=Config.model_json_schema(),
    )


def health_of(broker: health.BrokerFacts | None, outbox: OutboxFacts | None) -> payloads.Payload:
    cameras = {
        "porch": health.CameraFacts(online=True, reason=None, since=1.7e9),
        "drive": health.CameraFacts(online=False, reason=OfflineReason.LOST, since=1.7e9),
        "yard": health.CameraFacts(
            True, None, 1.7e9, ProblemKind.MOVED, "it looks elsewhere", recovery=12.34, reconnects=2, abandoned=1, look_rate=1.234
        ),
    }
    storage = health.StorageFacts(None, None)
    disks = [health.DiskFacts("/", 10, 5), health.DiskFacts("/away", None, None)]
    queues = {"record": health.QueueFacts(depth=1, size=2, dropped=3)}
    board = health.BoardFacts(None, None, 0.7) if broker is None else health.BoardFacts(81.23, throttled=True, duty=0.15)
    return health.Snapshot(
        now=Moment(9, 1.7e9),
        started=Moment(1, 1.6e9),
        box="b",
        version="1.0",
        process=health.process_facts(),
        model=health.ModelFacts("resnet18", None if broker else "no weights", "onnxruntime", "fp32"),
        queues=queues,
        cameras=cameras,
        broker=broker,
        outbox=outbox,
        disks=disks,
        storage=storage,
        board=board,
        stuck=["record"] if broker else [],
    ).as_json()


def stats(*totals: Totals) -> payloads.Payload:
    figures = CameraStats()
    for number, each in enumerate(totals):
        figures.sample(each, 10.0 * number)
    return figures.figures()


def messages() -> Iterator[tuple[str, payloads.Payload]]:
    yield "bridge_state", payloads.bridge_state(online=True)
    yield "bridge_state", payloads.bridge_state(online=False)
    yield "bridge_info", info({})
    yield "bridge_info", info({"porch": {"detect": "OFF", "threshold/cat": 0.7}}, fallback_reason="resnet18 is missing")
    yield "bridge_health", health_of(None, None)
    yield "bridge_health", health_of(health.BrokerFacts(connected=True, detail="connected"), OUTBOX)
    yield "bridge_health", health_of(health.BrokerFacts(connected=False, detail="refused"), OutboxFacts())
    yield "bridge_lost", payloads.lost(OutboxFacts())
    yield "bridge_lost", payloads.lost(OUTBOX)
    for reason in (None, *OfflineReason):
        yield "availability", payloads.availability(reason)
    for kind in (None, "frozen", "black", "covered", "blurred", "moved", "slow", "clock"):
        yield "problem", payloads.problem(kind)
    yield "rule", payloads.rule_state(STATE)
    yield "rule", payloads.rule_state(replace(STATE, on=False, score=0.1, episode=None))
    yield "rule", payloads.rule_state(replace(STATE, on=None, score=None, label=None, episode=None))
    yield "alert", payloads.alert(replace(ALERT, snapshot="/api/alerts/e1/0.jpg"), node="pi", delayed=False)
    yield "alert", payloads.alert(replace(ALERT, event_type=EventType.UPDATE, seq=1, severity=Severity.NOTICE), node="pi", delayed=True)
    for end in EndReason:
        yield "alert", payloads.alert(replace(ALERT, event_type=EventType.END, seq=2, duration=17.25, reason=end), node="pi", delayed=False)
    yield "stats", stats()
    yield "stats", stats(Totals(), Totals(100, 50, 40, 9, 1, 0.5, 2.5))
    yield "request", {}
    yield "request", {"transaction": "t1", "camera": "porch"}
    yield "response", payloads.response({"healthy": True}, transaction=7)
    yield "response", payloads.response(error="no camera 'prch'", transaction="t1")


MESSAGES = list(messages())


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_a_schema(name: str) -> None:
    assert schema(name)["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema(name))


def properties(node: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every key that a schema names, at any depth, with what it says of it."""
    if isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            yield key, value
        for value in node.values():
            yield from properties(value)
    elif isinstance(node, list):
        for value in node:
            yield from properties(value)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_explains_itself_and_every_key(name: str) -> None:
    assert schema(name)["title"]
    assert schema(name)["description"]
    assert [key for key, value in properties(schema(name)) if not value.get("description")] == []


def test_there_is_a_schema_for_every_message_and_no_other() -> None:
    assert {name for name, _ in MESSAGES} == set(NAMES)


@pytest.mark.parametrize(("name", "payload"), MESSAGES)
def test_a_message_is_what_its_schema_says(name: str, payload: payloads.Payload) -> None:
    check(name, payloads.encode(payload))


@pytest.mark.parametrize(("name", "payload"), [(name, payload) for name, payload in MESSAGES if name != "request"])
def test_a_message_with_a_key_too_many_or_too_few_is_not(name: str, payload: payloads.Payload) -> None:
    with pytest.raises(ValidationError, match="unexpected"):
        check(name, payloads.encode({**payload, "colour": "red"}))
    for missing in payload:
        with pytest.raises(ValidationError, match="required"):
            check(name, payloads.encode({key: value for key, value in payload.items() if key != missing}))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("alert", {"event_type": "begin"}),
        ("alert", {"score": 1.5}),
        ("alert", {"seq": -1}),
        ("rule", {"state": "on"}),
        ("availability", {"reason": "asleep"}),
        ("bridge_info", {"overrides": {"porch": {"threshold/cat": 0}}}),
        ("bridge_info", {"overrides": {"porch": {"fps": 5}}}),
        ("response", {"transaction": []}),
        ("request", {"transaction": {}}),
    ],
)
def test_a_message_with_a_wrong_value_is_not(name: str, wrong: Mapping[str, object]) -> None:
    payload = next(payload for other, payload in MESSAGES if other == name)
    with pytest.raises(ValidationError):
        check(name, payloads.encode({**payload, **wrong}))


@pytest.mark.parametrize(
    ("request_", "good"),
    [
        ({}, True),
        ({"transaction": None}, True),
        ({"transaction": "x" * MAX_TRANSACTION, "camera": "porch", "note": [1]}, True),
        ({"transaction": 1.5}, True),
        ({"transaction": "x" * (MAX_TRANSACTION + 1)}, False),
        ({"transaction": True}, False),
        ({"transaction": ["t1"]}, False),
        ([], False),
        ("restart", False),
    ],
)
def test_the_daemon_takes_the_requests_that_are_what_their_schema_says_and_no_other(request_: object, good: bool) -> None:
    reader, payload = CommandReader(Topics("monitor"), {"porch": ["cat"]}), json.dumps(request_).encode()
    with nullcontext() if good else pytest.raises(ValidationError):
        check("request", payload)
    with nullcontext() if good else pytest.raises(CommandError):
        reader.read("monitor/bridge/request/info", payload)


def test_what_the_daemon_says_is_what_the_schemas_of_its_topics_say() -> None:
    voice = Voice(Topics("monitor"), lambda: None)
    say: list[Callable[[], None]] = [
        lambda: voice.send_info(info({})),
        lambda: voice.send_lost(OUTBOX),
        lambda: voice.send_log_level("info"),
        lambda: voice.send_availability("porch", None),
        lambda: voice.send_problem("porch", None),
        lambda: voice.send_detect("porch", on=True),
        lambda: voice.send_threshold("porch", "cat", 0.5),
        lambda: voice.send_state(STATE),
        lambda: voice.send_state(replace(STATE, place=Place("porch", "drive", "cat"))),
        lambda: voice.send_picture("porch", b"\xff\xd8"),
        lambda: voice.send_stats("porch", stats()),
        lambda: voice.send_health(health_of(None, None)),
        lambda: voice.answer("info", payloads.response()),
    ]
    for each in say:
        each()
    said = {}
    while (message := voice.latest.next()) is not None:
        said[message[0]] = message[1]
        voice.latest.told(*message)
    while (passing := voice.next_passing()) is not None:
        said[passing[0]] = passing[1]
    assert len(said) == len(say) + 1  # and that it is online
    plain = {topic for topic in said if name_for(topic) is None}
    assert plain == {
        "monitor/bridge/log_level/state",
        "monitor/porch/detect/state",
        "monitor/porch/threshold/cat/state",
        "monitor/porch/snapshot",
    }
    for topic in said.keys() - plain:
        check(str(name_for(topic)), said[topic])


def test_an_alert_that_is_late_is_still_one() -> None:
    check("alert", payloads.with_delayed(payloads.encode(payloads.alert(ALERT, node="pi", delayed=False))))


def test_the_example_of_the_readme_is_an_alert() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    line = next(line for line in readme.splitlines() if line.startswith('{"event_type"'))
    check("alert", line.encode())
