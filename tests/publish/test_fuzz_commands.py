"""Whatever is said on a topic that we listen to is obeyed or answered or passed over, and nonsense changes nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errands import PATIENCE
from monitor.publish import payloads
from monitor.publish.commands import MAX_PAYLOAD, REQUESTS, CommandError, CommandReader
from monitor.publish.contract import Received
from monitor.publish.hearing import Hearing
from monitor.publish.sendable import UnsendableError, check_sendable
from monitor.publish.topics import Topics
from tests.publish.fakes import BOX
from tests.strategies import AWKWARD, JSON, TEXTS, damaged, quick
from tests.test_commanding import Stage

TOPICS = Topics("B")
READER = CommandReader(TOPICS, {"porch": ["red"], "yard": ["red"]})
HEARD = [TOPICS.bridge_state, TOPICS.bridge_info, TOPICS.bridge_health, "homeassistant/status"]
COMMANDS = [
    *(f"B/{camera}/{what}/set" for camera in ("porch", "yard", "bridge", "é") for what in ("detect", "threshold/red", "snapshot")),
    *("B/bridge/log_level/set", *(TOPICS.request(name) for name in (*REQUESTS, "reboot", "\ufffd"))),
]
WORDS = [b"ON", b"0.75", b"default", b"debug", b'{"transaction": "a1"}', b'{"camera": "porch", "transaction": 7}', b'{"state":"online"}']
LARGE = [
    *(opening * depth + closing * depth for opening, closing, depth in ((b"[", b"]", 8_000), (b"[", b"]", 2_000), (b'{"a":', b"}", 8_000))),
    *(b"[" * 4_000, b'{"a":' * 800),
    *(b"9" * length for length in (400, MAX_PAYLOAD, 16_000)),
    *(b'{"transaction": ' + number + b"}" for number in (b"NaN", b"-Infinity", b"1e999", b"9" * 4_000, b"9" * 400, b"-0", b"true", b"[]")),
    *(b'{"camera": "' + text.encode("utf-8", "surrogatepass")[:4000] + b'"}' for text in AWKWARD),
    *(
        b'{"transaction": "\\ud800"}',
        b'{"transaction": 1, "transaction": 2}',
        b"\xef\xbb\xbf{}",
        b"\0",
        b"\xff\xfe{\0}\0",
        b"ON\0",
        b"\xc3(",
    ),
]
PAYLOADS = st.one_of(
    st.binary(max_size=100),
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).flatmap(damaged),
    st.sampled_from(LARGE),
    JSON.map(lambda value: json.dumps(value).encode()),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"))
    made.watch()
    level = logging.getLogger("monitor").level
    yield made
    logging.getLogger("monitor").setLevel(level)


def is_nonsense(topic: str, payload: bytes) -> bool:
    try:
        READER.read(topic, payload)
    except CommandError:
        return True
    return False


def standing(stage: Stage) -> tuple[object, ...]:
    """All that a command can change."""
    lanes = stage.lanes.lanes.values()
    force = [(lane.pipeline.detect, dict(lane.pipeline.thresholds)) for lane in lanes]
    return force, list(stage.asked), stage.inbox.take().overrides, logging.getLogger("monitor").level


def settle(stage: Stage) -> None:
    """Let what earlier commands asked for come to its end."""
    stage.lanes.step(PATIENCE)
    stage.lanes.step(1.0)
    list(stage.answers())
    stage.inbox.take()


@settings(quick, suppress_health_check=[HealthCheck.too_slow])
@given(topic=st.sampled_from(COMMANDS), payload=PAYLOADS, retained=st.booleans())
def test_a_command_is_obeyed_or_answered_and_nonsense_changes_nothing(stage: Stage, topic: str, payload: bytes, retained: bool) -> None:
    settle(stage)
    before = standing(stage)
    told = Hearing(TOPICS, BOX, None, COMMANDS, stage.commander.obey, random=lambda: 0.5)
    assert not told.hear(Received(topic, payload, retained), 0.0)
    stage.lanes.step(1.0)
    answers = list(stage.answers())
    if retained or is_nonsense(topic, payload):
        assert standing(stage) == before
        assert len(answers) == (0 if retained else 1)
        assert all(answer["status"] == "error" and answer["error"] for _, answer in answers)
    for name, _ in answers:
        check_sendable(TOPICS.response(name), b"")


@quick
@given(said=st.lists(st.tuples(st.sampled_from(HEARD), PAYLOADS, st.booleans()), max_size=20))
def test_what_other_boxes_say_never_breaks_the_hearing(said: list[tuple[str, bytes, bool]]) -> None:
    hearing = Hearing(TOPICS, BOX, "homeassistant/status", random=lambda: 0.5)
    hearing.connected(0.0)
    for second, (topic, payload, retained) in enumerate(said):
        hearing.hear(Received(topic, payload, retained), float(second))
        assert hearing.may_talk(float(second)) in (True, False)
        hearing.greet(float(second))


@pytest.mark.parametrize("payload", LARGE, ids=range(len(LARGE)))
@pytest.mark.parametrize("topic", ["B/bridge/request/classify", "B/porch/threshold/red/set", "B/bridge/info", "B/bridge/state"])
def test_each_known_monster_is_survived(tmp_path: Path, topic: str, payload: bytes, caplog: pytest.LogCaptureFixture) -> None:
    refused: list[CommandError] = []

    def obey(message: Received) -> None:
        with pytest.raises(CommandError) as caught:
            READER.read(message.topic, message.payload)
        refused.append(caught.value)

    Hearing(TOPICS, BOX, commands=[topic], obey=obey, random=lambda: 0.5).hear(Received(topic, payload, False), 0.0)
    assert not [record for record in caplog.records if record.exc_info]
    assert len(refused) == (topic.startswith(("B/bridge/request", "B/porch")))
    assert all(len(f"{error}") < 300 and f"{error}".isprintable() for error in refused)


@quick
@given(topic=TEXTS, payload=st.binary(max_size=10))
def test_a_topic_is_sendable_or_refused_in_words(topic: str, payload: bytes) -> None:
    try:
        check_sendable(topic, payload)
    except UnsendableError as error:
        words = f"{error}"
    else:
        words = "a good one"
        assert topic.isprintable()
        assert 0 < len(topic.encode()) <= 1024
    assert words.isprintable()
    assert len(words) < 1000


@quick
@given(value=JSON, delayed=JSON)
def test_a_message_that_waited_keeps_its_content_or_is_refused_as_no_message(value: object, delayed: object) -> None:
    for payload in (json.dumps(value).encode(), json.dumps({"delayed": delayed, "content": value}).encode()):
        try:
            found = json.loads(payloads.with_delayed(payload))
        except ValueError:
            continue
        assert found["delayed"] is True
