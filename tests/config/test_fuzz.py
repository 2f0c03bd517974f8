"""Whatever is written into a configuration is a configuration or an explained mistake, and it takes no time and no memory to say so."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import cpu_seconds
from monitor.config.explain import MOST
from monitor.config.load import Loaded, load
from monitor.config.read import LARGEST
from monitor.errors import ConfigError
from tests.config.conftest import Problems
from tests.strategies import JSON, TEXTS, damaged, quick

SHIPPED = (Path(__file__).parents[2] / "config.yaml").read_bytes()
EVERYTHING = """
node: pi
cameras:
  porch: {source: rtsp://cam.lan/sub, username: viewer, password: hunter22, fps: 5, frame_skip: 1, queue_size: 2, decode: all, view: motion,
    loop: false, pace: realtime, zones: {drive: [[0.0, 0.6], [1.0, 0.6], [1.0, 1.0]]}, masks: [[[0, 0], [0.3, 0], [0.3, 0.1]]],
    motion: {enabled: true, sensitivity: 0.5, recheck: 10s}, rules: [{label: dog}]}
  attic: {source: demo}
model: {name: resnet18, fallback: efficientnet_lite0, engine: auto, precision: fp32, threads: auto, top_k: 5, weights: ./weights}
groups: {pet: [dog, cat]}
rules: [{name: cat, label: cat, threshold: 0.5, release: 0.35, looks: 2, hold: 5s, cooldown: 60s, zones: [frame], severity: alert}]
history: {path: logs/history.db, log: logs/detections.jsonl, min_score: 0.2, keep: 30d, max_size: 500MB}
snapshots: {enabled: true, path: logs/snapshots, quality: 85, keep: 7d, max_size: 1GB, min_free: 500MB}
clips: {enabled: false, pre: 5s, post: 10s, width: 640, fps: 2, keep: 7d, max_size: 2GB}
mqtt: {enabled: true, host: localhost, port: 1883, username: m, password: hunter22, client_id: c, base_topic: monitor, discovery: device,
  discovery_prefix: homeassistant, commands: true, transport: tcp, tls: {enabled: false, ca: a, cert: b, key: c},
  outbox: {max_rows: 100000, max_size: 100MB, max_age: 30d}}
web: {enabled: true, listen: '127.0.0.1:8080', username: admin, password_hash: x, tokens: [y], allowed_hosts: [pi.lan]}
logging: {level: info, file: logs/monitor.log, format: text}
"""
Tree = dict[str, object] | list[object]


@pytest.fixture(scope="module")
def path() -> Iterator[Path]:
    """One file for all examples: hypothesis does not make a new folder for each."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "config.yaml"


def outcome_of(path: Path, data: bytes) -> Loaded | ConfigError:
    """Load a file with this content; a mistake must be said in lines that a terminal can show."""
    path.write_bytes(data)
    try:
        return load(path, environ={}, hostname="pi")
    except ConfigError as error:
        for problem in error.problems:
            assert problem.message.isprintable()
            assert problem.where.isprintable()
            assert 0 < len(problem.message) < 1000
        return error


def written(tree: object) -> bytes:
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def places(tree: object) -> Iterator[tuple[Tree, str | int]]:
    """Every place of a tree: what it stands in, and under which key."""
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield tree, key
            yield from places(value)


def test_what_is_mutated_below_is_a_whole_configuration(path: Path) -> None:
    assert isinstance(outcome_of(path, EVERYTHING.encode()), Loaded)
    assert isinstance(outcome_of(path, written(yaml.safe_load(EVERYTHING))), Loaded)


@quick
@given(data=damaged(SHIPPED) | damaged(EVERYTHING.encode()))
def test_a_damaged_file_loads_or_is_explained(path: Path, data: bytes) -> None:
    outcome_of(path, data)


@quick
@given(data=st.data())
def test_anything_at_any_place_loads_or_is_explained(path: Path, data: st.DataObject) -> None:
    tree = deepcopy(yaml.safe_load(EVERYTHING))
    for _ in range(data.draw(st.integers(1, 3))):
        around, key = data.draw(st.sampled_from(list(places(tree))))
        if isinstance(around, list):
            around.insert(int(key), data.draw(JSON))
        else:
            around[data.draw(st.just(str(key)) | TEXTS)] = data.draw(JSON)
    outcome_of(path, written(tree))


@quick
@given(tree=JSON)
def test_a_file_of_any_shape_loads_or_is_explained(path: Path, tree: object) -> None:
    assert isinstance(outcome_of(path, written(tree)), ConfigError)


ENDLESS = {
    "one line": "node: " + "x" * 1_000_000,
    "one key": "x" * 1_000_000 + ": 1",
    "anchors": "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(1000)),
    "levels": "[" * 500_000,
    "mappings": "{a: " * 200_000,
    "keys nobody knows": "".join(f"k{number}: 1\n" for number in range(20_000)),
    "the same key": "node: pi\n" * 20_000,
    "variables that are not set": "node: [" + "'${X}'," * 20_000 + "]",
    "cameras": "cameras:\n" + "".join(f"  c{number}: {{sorce: demo}}\n" for number in range(5_000)),
    "zones nobody has": "cameras: {a: {source: demo}}\nrules:\n" + "".join(f"  - {{label: l{n}, zones: [z{n}]}}\n" for n in range(5_000)),
    "one zone again and again": "cameras: {a: {source: demo}}\nrules: [{label: x, zones: [" + "frame," * 50_000 + "]}]",
    "a number": "cameras: {a: {source: demo, fps: " + "9" * 1_000_000 + "}}",
    "the number of a device": "cameras: {a: {source: '" + "9" * 1_000_000 + "'}}",
    "an address": "cameras: {a: {source: 'rtsp://" + "@:/" * 300_000 + "'}}",
    "a host": "cameras: {a: {source: demo}}\nmqtt: {host: '" + "a." * 500_000 + "'}",
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=list(ENDLESS))
def test_a_large_file_of_nothing_but_nonsense_is_told_soon_and_shortly(path: Path, text: str) -> None:
    assert len(text) < LARGEST
    began = cpu_seconds()
    found = outcome_of(path, text.encode())
    assert cpu_seconds() - began < 10  # it is one, on a slow box some more
    assert isinstance(found, ConfigError)
    assert len(found.problems) <= 3 * MOST + 1
    assert len(str(found)) < 100_000


@pytest.mark.parametrize("key", ["node: !file {}", "mqtt: {{password: !file {}}}", "mqtt: {{tls: {{enabled: true, ca: {}}}}}"])
@pytest.mark.parametrize("kind", ["folder", "device", "pipe", "loop"])
def test_what_is_no_file_is_never_waited_for(path: Path, tmp_path: Path, key: str, kind: str) -> None:
    thing = tmp_path / "thing"
    if kind == "folder":
        thing.mkdir()
    elif kind == "pipe":
        os.mkfifo(thing)
    else:
        thing.symlink_to("/dev/zero" if kind == "device" else thing)
    assert isinstance(outcome_of(path, f"cameras: {{a: {{source: demo}}}}\n{key.format(thing)}".encode()), ConfigError)


def test_a_configuration_that_is_a_pipe_is_read_and_without_a_writer_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is empty"):
        load(tmp_path / "pipe", environ={})
    reading, writing = os.pipe()
    os.write(writing, b"cameras: {a: {source: demo}}")
    os.close(writing)
    assert list(load(Path(f"/dev/fd/{reading}"), environ={}).config.cameras) == ["a"]
    os.close(reading)


def camera(keys: str) -> str:
    return f"cameras: {{a: {{source: demo, {keys}}}}}"


def rest(keys: str) -> str:
    return f"cameras: {{a: {{source: demo}}}}\n{keys}"


BAD = {
    r'label "/+#"': (rest("rules: [{label: '/+#'}]"), "at least one letter"),
    r"label with a NUL": (rest(r'rules: [{label: "a\0b"}]'), "control character"),
    r"label with a line break": (rest(r'rules: [{label: "a\nb"}]'), "without line breaks"),
    "label of 70 kB": (rest(f"rules: [{{label: {'x' * 70_000}}}]"), "1 to 200 characters"),
    "label that turns the line around": (rest('rules: [{label: "\u202etac"}]'), "invisible"),
    "half a character": (rest(r'rules: [{label: "\ud800"}]'), "not Unicode"),
    "empty group": (rest("groups: {pet: []}"), "not empty"),
    "no camera": ("cameras: {}", "one or more"),
    "camera twice": ("cameras: {a: {source: demo}, a: {source: demo}}", "twice"),
    "two cameras of one topic": ("cameras: {a: {source: demo}, A: {source: demo}}", "same name"),
    "threshold NaN": (rest("rules: [{label: cat, threshold: .nan}]"), "above 0, up to 1"),
    "threshold below 0": (rest("rules: [{label: cat, threshold: -0.5}]"), "above 0, up to 1"),
    "threshold above 1": (rest("rules: [{label: cat, threshold: 1.5}]"), "above 0, up to 1"),
    "infinite fps": (camera("fps: .inf"), "up to 120"),
    "port 0": (rest("mqtt: {port: 0}"), "from 1 to 65535"),
    "port 70000": (rest("mqtt: {port: 70000}"), "from 1 to 65535"),
    "host a..b": (rest("mqtt: {host: a..b}"), "parts between dots"),
    "password with @:/% in the address": ("cameras: {a: {source: 'rtsp://u:p@:/%x@cam/s'}}", "belongs in `username` and `password`"),
    "IPv6 with brackets": (rest("mqtt: {host: '[::1]'}"), "without brackets"),
    "unknown key": (camera("fsp: 5"), "did you mean fps?"),
    "TOML": ('[cameras.porch]\nsource = "demo"\n', "is not YAML"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=list(BAD))
def test_each_known_mistake_is_told(problems_of: Problems, text: str, words: str) -> None:
    assert words in "\n".join(problem.message for problem in problems_of(text))


@pytest.mark.parametrize("password", ["p@ss:w/o%rd", "ключ", "a b", "${", "&x", "x" * 70_000])
def test_a_password_in_quotes_may_hold_anything(problems_of: Problems, password: str) -> None:
    quoted = password.replace("$", "$$")
    assert not problems_of(f"cameras: {{a: {{source: 'rtsp://cam/s', username: u, password: '{quoted}'}}}}")


def test_an_address_of_the_sixth_version_is_one(problems_of: Problems) -> None:
    assert not problems_of(
        "cameras: {a: {source: 'rtsp://[fe80::1]:554/s'}}\nmqtt: {host: 'fe80::1'}\nweb: {listen: '[::1]:8080', allowed_hosts: ['::1']}"
    )
