from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.dump import without_secrets
from monitor.config.schema import Config
from tests.config.conftest import Load

# DESIGN section 5, where the values shown are the defaults, written out once more.
WRITTEN_OUT = """
node: pi-garage
cameras:
  porch:
    source: rtsp://cam.lan/sub
    fps: 5
    frame_skip: 1
    queue_size: 2
    decode: all
    view: motion
    loop: false
    pace: realtime
    zones: {}
    masks: []
    motion: {enabled: true, sensitivity: 0.5, recheck: 10s}
model: {name: resnet18, engine: auto, precision: fp32, threads: auto, top_k: 5, weights: ./weights}
groups: {}
rules:
  - {name: cat, label: cat, threshold: 0.5, release: 0.35, looks: 2, hold: 5s, cooldown: 60s, zones: [frame], severity: alert}
history: {path: logs/history.db, log: logs/detections.jsonl, min_score: 0.2, keep: 30d, max_size: 500MB}
snapshots: {enabled: true, path: logs/snapshots, quality: 85, keep: 7d, max_size: 1GB, min_free: 500MB}
clips: {enabled: false, pre: 5s, post: 10s, width: 640, fps: 2, keep: 7d, max_size: 2GB}
mqtt: {enabled: true, host: localhost, port: 1883, base_topic: monitor, discovery: device, discovery_prefix: homeassistant,
       commands: true, transport: tcp, tls: {enabled: false}, outbox: {max_rows: 100000, max_size: 100MB, max_age: 30d}}
web: {enabled: true, listen: 127.0.0.1:8080, username: admin, tokens: [], allowed_hosts: []}
logging: {level: info, file: logs/monitor.log, format: text}
"""
LEFT_OUT = """
cameras:
  porch:
    source: rtsp://cam.lan/sub
rules:
  - label: cat
"""


def test_what_is_left_out_has_the_value_that_the_contract_writes(load_text: Load) -> None:
    assert load_text(LEFT_OUT).config.model_dump() == load_text(WRITTEN_OUT).config.model_dump()


def test_the_contract_writes_every_key_but_those_that_are_unset(load_text: Load) -> None:
    unset = {
        ("cameras", "porch", "username"), ("cameras", "porch", "password"), ("cameras", "porch", "rules"), ("model", "fallback"),
        ("model", "labels"),
        ("mqtt", "username"), ("mqtt", "password"), ("mqtt", "client_id"), ("mqtt", "tls", "ca"), ("mqtt", "tls", "cert"),
        ("mqtt", "tls", "key"), ("web", "password_hash"),
    }  # fmt: skip
    loaded = load_text(WRITTEN_OUT)
    keys: set[tuple[str, ...]] = set()

    def collect(where: tuple[str, ...], section: object) -> None:
        if isinstance(section, dict):
            for key, value in section.items():
                keys.add((*where, key))
                collect((*where, key), value)

    collect((), without_secrets(loaded.config))
    assert keys - {tuple(where.split(".")) for where in loaded.lines} == unset


def test_durations_are_seconds_sizes_are_bytes_and_paths_are_absolute(load_text: Load, tmp_path: Path) -> None:
    config = load_text(WRITTEN_OUT).config
    assert config.history.keep == 30 * 24 * 3600
    assert config.snapshots.max_size == 1_000_000_000
    assert config.history.path == tmp_path / "logs/history.db"
    assert config.model.weights == tmp_path / "weights"


def test_a_key_without_value_is_an_empty_section(load_text: Load) -> None:
    text = "cameras:\n  demo:\n    source: demo\n    motion:\nmqtt:\nmodel:\n"
    assert load_text(text).config.model_dump() == load_text("cameras: {demo: {source: demo}}").config.model_dump()


def test_release_follows_the_threshold_unless_it_is_written(load_text: Load) -> None:
    rules = load_text(
        "cameras: {a: {source: demo}}\nrules: [{label: a, threshold: 0.8}, {label: b, threshold: 0.8, release: 0.8}]"
    ).config.rules
    assert [rule.release for rule in rules] == [pytest.approx(0.56), 0.8]


def test_a_rule_is_named_after_its_label_unless_it_has_a_name(load_text: Load) -> None:
    rules = load_text("cameras: {a: {source: demo}}\nrules: [{label: Egyptian cat}, {label: cat, name: Any Cat}]").config.rules
    assert [rule.name for rule in rules] == ["egyptian_cat", "Any Cat"]


def test_a_camera_uses_the_global_rules_its_own_or_none(load_text: Load) -> None:
    config = load_text(
        """
        cameras:
          global: {source: demo}
          own: {source: demo, rules: [{label: dog}]}
          none: {source: demo, rules: []}
        rules: [{label: cat}]
        """
    ).config
    assert [[rule.name for rule in config.rules_of(camera)] for camera in ("global", "own", "none")] == [["cat"], ["dog"], []]


def test_a_rule_is_skipped_on_cameras_that_lack_its_zone(load_text: Load) -> None:
    config = load_text(
        """
        cameras:
          porch: {source: demo, zones: {drive: [[0, 0], [1, 0], [1, 1]]}}
          attic: {source: demo}
        rules:
          - {label: cat, zones: [drive, frame]}
          - {label: dog, zones: [drive]}
        """
    ).config
    assert [(rule.name, rule.zones) for rule in config.rules_of("porch")] == [("cat", ["drive", "frame"]), ("dog", ["drive"])]
    assert [(rule.name, rule.zones) for rule in config.rules_of("attic")] == [("cat", ["frame"])]


def test_every_key_of_the_schema_has_a_json_schema_with_known_words_only() -> None:
    text = str(Config.model_json_schema())
    assert "'gt':" not in text
    assert "'le':" not in text
