from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.config.load import load
from monitor.config.password import PasswordHash
from tests.config.conftest import Load

DEMO = "cameras:\n  a:\n    source: demo\n"
LITERAL = "cameras: {a: {source: 'rtsp://cam/x', username: u, password: hunter2}}\n"


def test_a_plain_configuration_warns_of_nothing(load_text: Load) -> None:
    assert load_text(DEMO + "    decode: keyframes\n    view: centre\nmodel: {engine: torch, precision: fp32}\n").warnings == ()


def test_a_hash_with_which_nobody_could_sign_in_is_told(load_text: Load) -> None:
    (warning,) = load_text(DEMO + "web: {password_hash: hunter2}\n").warnings
    assert "web.password_hash (line 4) must be a line that `monitor hash-password` printed" in warning
    assert "hunter2" not in warning


def test_a_hash_that_is_good_warns_of_nothing(load_text: Load) -> None:
    config = load_text(DEMO + f"web: {{password_hash: '{PasswordHash.of('correct horse', 2)}'}}\n")
    assert not [warning for warning in config.warnings if "password_hash" in warning and "sign in" in warning]


@pytest.mark.parametrize(
    ("mqtt", "words"),
    [
        ("{tls: {enabled: true}}", "with TLS it is 8883"),
        ("{port: 8883}", "set mqtt.tls.enabled: true"),
        ("{tls: {ca: x}}", "names files but is not enabled"),
    ],
)
def test_a_broker_that_is_probably_meant_otherwise_is_a_hint(load_text: Load, mqtt: str, words: str) -> None:
    [warning] = load_text(f"{DEMO}mqtt: {mqtt}\n").warnings
    assert words in warning
    assert "line 4" in warning


def test_global_rules_that_nobody_uses_are_a_hint(load_text: Load) -> None:
    [warning] = load_text("cameras: {a: {source: demo, rules: []}}\nrules: [{label: cat}]\n").warnings
    assert "every camera has rules of its own" in warning


def test_a_secret_that_everyone_can_read_is_pointed_at_and_not_shown(load_text: Load, config_file: Path) -> None:
    config_file.chmod(0o640)
    assert load_text(LITERAL).warnings == ()
    config_file.chmod(0o644)
    [warning] = load_text(LITERAL).warnings
    assert "cameras.a.password" in warning
    assert "hunter2" not in warning


def test_a_password_inside_an_address_counts_as_one(load_text: Load, config_file: Path) -> None:
    config_file.chmod(0o644)
    [warning] = load_text("cameras: {a: {source: 'rtsp://u:hunter2@cam/x'}}").warnings
    assert "cameras.a.source" in warning


def test_secrets_that_stand_elsewhere_may_be_referred_to_by_everyone(load_text: Load, config_file: Path, tmp_path: Path) -> None:
    config_file.chmod(0o644)
    (tmp_path / "secret").write_text("hunter2")
    text = "cameras: {a: {source: 'rtsp://cam/x', username: u, password: !file secret}}\nmqtt: {username: u, password: '${P}'}\n"
    assert load_text(text, {"P": "x"}).warnings == ()


def test_a_file_that_everyone_can_change_is_pointed_at(load_text: Load, config_file: Path) -> None:
    config_file.chmod(0o602)
    [warning] = load_text(DEMO).warnings
    assert "can change it" in warning


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_pointed_at(load_text: Load, config_file: Path) -> None:
    config_file.write_text(DEMO)
    os.chown(config_file, 12345, -1)
    [warning] = load(config_file, environ={}, hostname="pi").warnings
    assert "belongs to another user (uid 12345)" in warning
