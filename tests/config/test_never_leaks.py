"""Whatever stands in a file, loading it gives a configuration or a ConfigError, and no message repeats a secret."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from monitor.config.load import load
from monitor.errors import ConfigError

SECRET = "Xq7hunter2Zw"
TEMPLATE = f"""node: pi
cameras:
  porch:
    source: rtsp://cam/x
    username: viewer
    password: {SECRET}
    fps: 5
  attic:
    source: rtsp://admin:{SECRET}@cam/stream?channel=1
    zones: {{drive: [[0, 0.6], [1, 0.6], [1, 1]]}}
  shed: {{source: 'http://cam/v', username: u, password: "{SECRET}"}}
rules:
  - {{label: cat, zones: [drive, frame]}}
mqtt:
  username: m
  password: ${{MQTT}}
  tls: {{enabled: false}}
web: {{password_hash: {SECRET}, tokens: [{SECRET}, other]}}
"""
PIECES = [*"{}[]:,#&*!|>'\"%@`?-$\\ \n\t.=/~0", "- ", ": ", "\n  ", "!file ", "${", "null", "rules", "é", "\0", "\ud7ff"]


@pytest.fixture(scope="module")
def path() -> Iterator[Path]:
    """One file for all examples: hypothesis does not make a new folder for each."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "config.yaml"


def message_of(path: Path, data: bytes) -> str:
    """What a person sees of a file with this content."""
    path.write_bytes(data)
    try:
        loaded = load(path, environ={"MQTT": SECRET}, hostname="pi")
    except ConfigError as error:
        return f"{error}{error.problems}"
    return f"{loaded}"


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes_are_a_configuration_or_a_config_error(path: Path, data: bytes) -> None:
    message_of(path, data)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_file_never_repeats_its_secrets(path: Path, data: st.DataObject) -> None:
    text = TEMPLATE
    for _ in range(data.draw(st.integers(1, 4))):
        # Cut between characters or whole secrets: only a whole one can be told when it turns up.
        parts = re.findall(f"{SECRET}|.", text, re.DOTALL)
        at = data.draw(st.integers(0, len(parts) - 1))
        kept = at + (parts[at] != SECRET and data.draw(st.booleans()))
        text = "".join([*parts[:at], data.draw(st.sampled_from(PIECES)), *parts[kept:]])
    assume(not re.search(rf"!file\s+['\"]?{SECRET}", text))  # then it is the name of a file, which a message must be able to tell
    with contextlib.suppress(UnicodeEncodeError):
        assert SECRET not in message_of(path, text.encode())


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
        max_leaves=8,
    ),
    where=st.sampled_from(
        [
            "node",
            "cameras",
            "model",
            "groups",
            "rules",
            "history",
            "mqtt",
            "web",
            "logging",
            "cameras.a",
            "cameras.a.zones",
            "mqtt.tls",
            "rules[]",
        ]
    ),
)
def test_a_value_of_any_type_at_any_place_is_explained(path: Path, value: object, where: str) -> None:
    written = json.dumps(value)
    if where.startswith("cameras."):
        text = "cameras: {a: " + (written if where == "cameras.a" else f"{{source: demo, {where.rpartition('.')[2]}: {written}}}") + "}"
    elif where == "rules[]":
        text = f"cameras: {{a: {{source: demo}}}}\nrules: [{written}]"
    elif where == "mqtt.tls":
        text = f"cameras: {{a: {{source: demo}}}}\nmqtt: {{tls: {written}}}"
    else:
        text = f"cameras: {{a: {{source: demo}}}}\n{where}: {written}"
    message_of(path, text.encode("utf-8", "surrogatepass"))
