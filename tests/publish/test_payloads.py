from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from monitor.publish import payloads
from monitor.values import Alert, EndReason, EventType, OfflineReason, Place, RuleState

PLACE = Place("porch", "drive", "cat")


def test_an_alert_has_exactly_the_keys_of_the_contract_in_their_order(make_alert: Callable[..., Alert]) -> None:
    alert = make_alert(3, score=0.123456, time=1_700_000_012.3456)
    payload = payloads.alert(alert, node="pi", delayed=True, utc=True)
    assert json.loads(payloads.encode(payload)) == {
        "event_type": "update",
        "id": "e1",
        "seq": 3,
        "node": "pi",
        "camera": "porch",
        "zone": "frame",
        "rule": "cat",
        "label": "tabby",
        "score": 0.1235,
        "severity": "alert",
        "started_at": "2023-11-14T22:13:20.000+00:00",
        "time": "2023-11-14T22:13:32.345+00:00",
        "time_unix": 1700000012.346,
        "duration": 12.346,
        "reason": None,
        "delayed": True,
        "snapshot": None,
    }
    keys = "event_type id seq node camera zone rule label score severity started_at time time_unix duration reason delayed snapshot"
    assert list(payload) == keys.split()


def test_the_end_of_an_episode_says_why(make_alert: Callable[..., Alert]) -> None:
    end = replace(make_alert(1), event_type=EventType.END, reason=EndReason.CAMERA_LOST, snapshot="/api/alerts/e1/1.jpg")
    message = json.loads(payloads.encode(payloads.alert(end, node="pi", delayed=False)))
    assert (message["event_type"], message["reason"], message["snapshot"]) == ("end", "camera_lost", "/api/alerts/e1/1.jpg")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RuleState(PLACE, True, 0.93333, "tabby", 0.0, "e1"), b'{"state":"ON","score":0.9333,"label":"tabby","since":"S","episode":"e1"}'),
        (RuleState(PLACE, False, 0.1, "tabby", 0.0, None), b'{"state":"OFF","score":0.1,"label":"tabby","since":"S","episode":null}'),
        (RuleState(PLACE, None, None, None, 0.0, None), b'{"state":null,"score":null,"label":null,"since":"S","episode":null}'),
    ],
)
def test_a_rule_is_on_off_or_unknown(state: RuleState, expected: bytes) -> None:
    written = payloads.encode(payloads.rule_state(state, utc=True))
    assert written == expected.replace(b'"S"', b'"1970-01-01T00:00:00.000+00:00"')


@pytest.mark.parametrize(
    ("reason", "expected"),
    [(None, b'{"state":"online","reason":null}'), (OfflineReason.AUTH_FAILED, b'{"state":"offline","reason":"auth_failed"}')],
)
def test_a_camera_without_a_reason_against_it_is_online(reason: OfflineReason | None, expected: bytes) -> None:
    assert payloads.encode(payloads.availability(reason)) == expected


def test_the_bridge_says_whether_it_is_there_and_what_it_is() -> None:
    assert payloads.encode(payloads.bridge_state(online=False)) == b'{"state":"offline"}'
    why = "resnet18: file missing"
    info = payloads.bridge_info(
        box="monitor-pi-aaaaaa",
        version="1",
        node="pi",
        model="lite0",
        fallback_reason=why,
        engine={"name": "onnxruntime"},
        restart_required=True,
        overrides={"porch": {"detect": False}},
        config={"a": 1},
        config_schema={},
    )
    assert payloads.encode(info) == (
        b'{"id":"monitor-pi-aaaaaa","version":"1","node":"pi","model":{"name":"lite0","fallback_reason":"resnet18: file missing"},'
        b'"engine":{"name":"onnxruntime"},"restart_required":true,"overrides":{"porch":{"detect":false}},'
        b'"config":{"a":1},"config_schema":{}}'
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        payloads.encode({"score": number})


@pytest.mark.parametrize(
    ("label", "written"),
    [("chat noir é", '"chat noir é"'), ("a\0b\n", '"a\\u0000b\\n"'), ("\ud800", '"?"'), ("قط", '"قط"')],
)
def test_any_label_gives_valid_utf8_json(label: str, written: str) -> None:
    assert payloads.encode({"label": label}) == f'{{"label":{written}}}'.encode()
