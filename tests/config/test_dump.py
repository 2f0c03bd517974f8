from __future__ import annotations

import json
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config.dump import secrets_of, without_secrets
from monitor.config.schema import Config
from tests.config.conftest import Load

FULL = """
cameras:
  porch: {source: rtsp://cam/x, username: viewer, password: 'p@ss/word'}
  attic: {source: 'rtsp://admin:h%40x@cam/user=a&password=inpath'}
mqtt: {host: broker, username: m, password: "${MQTT}"}
web: {password_hash: 'scrypt$1$2', tokens: [first-token]}
"""


def test_a_dump_is_json_as_people_write_it_and_holds_no_secret(load_text: Load) -> None:
    config = load_text(FULL, {"MQTT": "m&qtt"}).config
    text = json.dumps(without_secrets(config), allow_nan=False)
    for secret in secrets_of(config):
        assert secret not in text
    dump = without_secrets(config)
    assert dump["cameras"]["porch"]["password"] == dump["mqtt"]["password"] == dump["web"]["password_hash"] == "***"
    assert dump["web"]["tokens"] == ["***"]
    assert dump["cameras"]["porch"]["username"] == "viewer"
    assert dump["cameras"]["attic"]["source"] == "rtsp://cam/user=a&password=***"
    assert dump["cameras"]["attic"]["password"] is None
    assert dump["history"]["keep"] == "30d"
    assert dump["history"]["max_size"] == "500MB"


def test_a_dump_says_the_same_when_it_is_loaded_again(load_text: Load) -> None:
    text = "cameras: {a: {source: demo, motion: {recheck: 90s}}}\nrules: [{label: cat, hold: 1.5s}]\n"
    dump = without_secrets(load_text(text).config)
    assert without_secrets(load_text(json.dumps(dump)).config) == dump


def test_every_form_of_every_secret_is_known_the_longest_first(load_text: Load) -> None:
    secrets = secrets_of(load_text(FULL, {"MQTT": "m&qtt"}).config)
    assert {"p@ss/word", "p%40ss/word", "p%40ss%2Fword", "h%40x", "h@x", "inpath", "m&qtt", "m%26qtt", "scrypt$1$2", "first-token"} <= set(
        secrets
    )
    assert [len(secret) for secret in secrets] == sorted(map(len, secrets), reverse=True)


def test_an_empty_password_is_no_secret(load_text: Load) -> None:
    assert secrets_of(load_text("cameras: {a: {source: 'rtsp://cam/x', username: admin, password: ''}}").config) == []


def test_a_configuration_shows_no_secret_when_it_is_printed(load_text: Load) -> None:
    config = load_text("cameras: {a: {source: demo}}\nmqtt: {username: m, password: hunter2}").config
    assert "hunter2" not in f"{config!r}{config}"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=4))
def test_no_password_survives_a_dump_whatever_it_is_made_of(password: str) -> None:
    source = f"rtsp://admin:{quote(password, safe='')}@cam/x"
    config = Config.model_validate({"cameras": {"a": {"source": source}}, "mqtt": {"username": "m", "password": password}})
    dump = without_secrets(config)
    assert dump["cameras"]["a"]["source"] == "rtsp://cam/x"
    assert dump["mqtt"]["password"] == "***"
    assert {password, quote(password, safe="")} <= set(secrets_of(config))
