"""What arrives on the command topics: words that make sense here, or an error that can be answered."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.publish import payloads
from monitor.publish.commands import (
    MAX_PAYLOAD,
    REQUESTS,
    Command,
    CommandError,
    CommandReader,
    Request,
    SetDetect,
    SetLogLevel,
    SetThreshold,
    TakeSnapshot,
)
from monitor.publish.topics import Topics

BASE = "home/monitor"
READER = CommandReader(Topics(BASE), {"Vordere Tür": ["Cat & Dog", "parcel"], "yard": []})
REQUEST = f"{BASE}/bridge/request"


def read(topic: str, payload: bytes | str = b"") -> Command:
    return READER.read(f"{BASE}/{topic}", payload if isinstance(payload, bytes) else payload.encode())


def refusal(topic: str, payload: bytes | str = b"") -> CommandError:
    with pytest.raises(CommandError) as caught:
        read(topic, payload)
    assert caught.value.topic == f"{BASE}/{topic}"
    return caught.value


def nested(depth: int) -> str:
    """An object that holds a list that holds a list: `depth` of them in all."""
    return '{"a":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


@pytest.mark.parametrize(
    ("topic", "payload", "command"),
    [
        ("vordere_tur/detect/set", "ON", SetDetect("Vordere Tür", on=True)),
        ("vordere_tur/detect/set", "off\n", SetDetect("Vordere Tür", on=False)),
        ("vordere_tur/threshold/cat_dog/set", "0.75", SetThreshold("Vordere Tür", "Cat & Dog", 0.75)),
        ("vordere_tur/threshold/parcel/set", " 1 ", SetThreshold("Vordere Tür", "parcel", 1.0)),
        ("vordere_tur/threshold/parcel/set", ".5", SetThreshold("Vordere Tür", "parcel", 0.5)),
        ("vordere_tur/threshold/parcel/set", "Default", SetThreshold("Vordere Tür", "parcel", None)),
        ("yard/snapshot/set", "", TakeSnapshot("yard")),
        ("yard/snapshot/set", b"\xff\x00", TakeSnapshot("yard")),
        ("bridge/log_level/set", "Debug", SetLogLevel("debug")),
        ("bridge/request/restart", "", Request("restart", None, {})),
        ("bridge/request/reload", " {} ", Request("reload", None, {})),
        ("bridge/request/info", '{"transaction": "a1"}', Request("info", "a1", {})),
        ("bridge/request/health_check", '{"transaction": 7, "why": [1]}', Request("health_check", 7, {"why": [1]})),
        ("bridge/request/health_check", '{"transaction": null}', Request("health_check", None, {})),
        ("bridge/request/classify", '{"camera": "Vordere Tür"}', Request("classify", None, {"camera": "Vordere Tür"})),
        ("bridge/request/classify", '{"camera": "vordere_tur"}', Request("classify", None, {"camera": "Vordere Tür"})),
    ],
)
def test_a_command_is_read_into_configured_names(topic: str, payload: bytes | str, command: Command) -> None:
    assert read(topic, payload) == command


@pytest.mark.parametrize(
    ("topic", "payload", "message"),
    [
        ("garden/detect/set", "ON", "no camera 'garden'; there are: Vordere Tür, yard"),
        ("bridge/detect/set", "ON", "no camera 'bridge'"),
        ("yard/detect/set", "1", "must be ON or OFF, not '1'"),
        ("yard/detect/set", b"\xff", "must be text in UTF-8"),
        ("yard/threshold/cat_dog/set", "0.5", "no rule of yard 'cat_dog'; there are: none"),
        ("vordere_tur/threshold/bird/set", "0.5", "no rule of Vordere Tür 'bird'; there are: Cat & Dog, parcel"),
        ("bridge/log_level/set", "chatty", "no log level 'chatty'; there are: debug, info, warning, error"),
        ("bridge/request/reboot", "", "no request 'reboot'; there are: health_check, info, reload, restart, classify"),
        ("bridge/request/restart", "PRESS", "a request is empty or a JSON object such as {}, not 'PRESS'"),
        ("bridge/request/restart", "[]", "a request is empty or a JSON object such as {}, not '[]'"),
        ("bridge/request/restart", '{"a": NaN}', "JSON object"),
        ("bridge/request/restart", '{"a": -Infinity}', "JSON object"),
        ("bridge/request/restart", '{"a": 1e999}', "JSON object"),
        ("bridge/request/restart", nested(9), "more than 8 objects and lists within each other"),
        ("bridge/request/restart", nested(2000), "more than 8 objects and lists within each other"),
        ("bridge/request/restart", '{"a":' * 800, "JSON object"),
        ("bridge/request/info", '{"transaction": {"a": 1}}', "`transaction` must be a string or a number"),
        ("bridge/request/info", '{"transaction": true}', "`transaction` must be a string or a number"),
        ("bridge/request/classify", "", 'needs {"camera": NAME}, one of: Vordere Tür, yard'),
        ("bridge/request/classify", '{"camera": 1}', 'needs {"camera": NAME}, one of: Vordere Tür, yard'),
        ("bridge/request/classify", '{"camera": "garden"}', "no camera 'garden'; there are: Vordere Tür, yard"),
        ("yard/clips/set", "ON", "there is no such command"),
    ],
)
def test_what_makes_no_sense_is_refused_and_what_there_is_named(topic: str, payload: bytes | str, message: str) -> None:
    assert message in str(refusal(topic, payload))


@pytest.mark.parametrize(
    "payload",
    ["", "0", "-0.5", "+0.5", "1.1", "nan", "inf", "0x1", "1_0", "0,5", "5e-1", "0.5 0.5", ".", "\u0660.\u0665", "0." + "0" * 400 + "1"],
)
def test_a_threshold_is_a_plain_number_above_zero_and_at_most_one(payload: str) -> None:
    assert "a number above 0 and at most 1" in str(refusal("vordere_tur/threshold/parcel/set", payload))


def test_a_request_may_be_as_deep_as_anyone_needs() -> None:
    assert isinstance(read("bridge/request/info", nested(8)), Request)


@pytest.mark.parametrize("topic", ["yard/detect/set", "yard/snapshot/set", "bridge/request/info", "bridge/log_level/set"])
def test_a_payload_too_large_is_not_even_looked_at(topic: str) -> None:
    error = refusal(topic, json.dumps({"transaction": "a1", "fill": "x" * MAX_PAYLOAD}))
    assert "too large" in str(error)
    assert error.transaction is None


def test_a_payload_of_the_largest_size_is_read() -> None:
    assert read("yard/detect/set", b"ON".ljust(MAX_PAYLOAD)) == SetDetect("yard", on=True)


@pytest.mark.parametrize(
    ("topic", "response"),
    [
        ("yard/detect/set", "set"),
        ("garden/threshold/cat/set", "set"),
        ("bridge/log_level/set", "set"),
        ("bridge/request/classify", "classify"),
        ("bridge/request/reboot", "reboot"),
        ("bridge/request/Re boot", "unknown"),
        ("bridge/request/" + "a" * 65, "unknown"),
        ("bridge/request/a\n", "unknown"),
        ("bridge/request", "unknown"),
    ],
)
def test_an_error_knows_where_it_is_to_be_told(topic: str, response: str) -> None:
    assert refusal(topic, "[]").response == response


@pytest.mark.parametrize(
    ("payload", "transaction"),
    [
        ('{"transaction": "a1"}', "a1"),
        ('{"transaction": 7}', 7),
        ('{"transaction": 0.5}', 0.5),
        ('{"transaction": "' + "x" * 128 + '"}', "x" * 128),
        ('{"transaction": "' + "x" * 129 + '"}', None),
        ('{"transaction": ' + "9" * 129 + "}", None),
        ('{"transaction": false}', None),
        ('{"transaction": ["a1"]}', None),
        ('{"transaction": "a1"', None),
        ('["transaction"]', None),
        (b"\xff", None),
    ],
)
def test_an_error_carries_the_transaction_if_there_is_a_sensible_one(payload: bytes | str, transaction: object) -> None:
    assert refusal("bridge/request/reboot", payload).transaction == transaction


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("yard/detect/set", "\x1b[2J" + "x" * 1000),
        ("bridge/request/classify", json.dumps({"camera": "\x1b[2J" + "x" * 1000})),
        ("\x1b[2J" + "x" * 1000 + "/detect/set", "ON"),
    ],
)
def test_a_message_repeats_little_of_what_was_sent_and_nothing_that_acts_on_a_terminal(topic: str, payload: str) -> None:
    error = str(refusal(topic, payload))
    assert "\x1b" not in error
    assert error.count("x") < 80


def test_a_topic_that_is_not_under_the_base_is_no_command() -> None:
    for topic in ("yard/detect/set", f"{BASE}yard/detect/set", f"x/{BASE}/yard/detect/set"):
        with pytest.raises(CommandError, match="no such command"):
            READER.read(topic, b"ON")


def test_what_is_subscribed_to_is_what_is_read() -> None:
    assert READER.subscriptions() == [
        f"{BASE}/+/detect/set",
        f"{BASE}/+/threshold/+/set",
        f"{BASE}/+/snapshot/set",
        f"{BASE}/bridge/log_level/set",
        f"{BASE}/bridge/request/+",
    ]


LEVEL = st.one_of(
    st.sampled_from(["vordere_tur", "yard", "bridge", "detect", "threshold", "snapshot", "parcel", "request", "set"]), st.text()
)
TOPICS = st.one_of(
    st.text(),
    st.lists(LEVEL, max_size=5).map(lambda levels: "/".join([BASE, *levels])),
    st.sampled_from([f"{BASE}/vordere_tur/threshold/parcel/set", f"{BASE}/yard/detect/set", *(f"{REQUEST}/{name}" for name in REQUESTS)]),
)
KEYS = st.sampled_from(["transaction", "camera"]) | st.text()
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)
PAYLOADS = st.one_of(
    st.binary(), st.text().map(lambda text: text.encode("utf-8", "replace")), JSON.map(lambda value: json.dumps(value).encode())
)


@settings(deadline=None)  # a slow box is no failure
@given(topic=TOPICS, payload=PAYLOADS)
def test_whatever_arrives_is_a_command_or_an_error_that_can_be_answered(topic: str, payload: bytes) -> None:
    outcome = outcome_of(topic, payload)
    if isinstance(outcome, CommandError):
        assert re.fullmatch("[a-z0-9_]{1,64}", outcome.response)
        assert len(str(outcome)) < 400
        assert payloads.encode(payloads.response(error=str(outcome), transaction=outcome.transaction))
    if isinstance(outcome, Request):
        assert payloads.encode(payloads.response(transaction=outcome.transaction))
    if isinstance(outcome, SetThreshold) and outcome.value is not None:
        assert 0 < outcome.value <= 1


def outcome_of(topic: str, payload: bytes) -> Command | CommandError:
    try:
        return READER.read(topic, payload)
    except CommandError as error:
        return error
