from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.conftest import Load

DEMO = "cameras: {a: {source: demo}}\n"


@pytest.mark.parametrize(("hostname", "node"), [("Pi-Garage", "pi-garage"), ("pi.lan", "pi"), ("", "monitor"), ("猫", "monitor")])
def test_a_node_is_named_after_its_host(load_text: Load, hostname: str, node: str) -> None:
    assert load_text(DEMO, hostname=hostname).config.node == node


def test_a_node_that_is_written_keeps_its_name(load_text: Load) -> None:
    assert load_text("node: My Garage\n" + DEMO).config.node == "My Garage"


def test_relative_paths_begin_where_the_file_lies(load_text: Load, tmp_path: Path) -> None:
    text = "cameras: {a: {source: clips/a.mp4}}\nlogging: {file: /var/log/m.log}\nmqtt: {enabled: false, tls: {ca: ca.pem}}\n"
    text += "model: {labels: deutsch.yaml}\n"
    config = load_text(text).config
    assert config.cameras["a"].source == str(tmp_path / "clips/a.mp4")
    assert config.snapshots.path == tmp_path / "logs/snapshots"
    assert config.logging.file == Path("/var/log/m.log")
    assert config.mqtt.tls.ca == tmp_path / "ca.pem"
    assert config.model.labels == tmp_path / "deutsch.yaml"


@pytest.mark.parametrize("source", ["demo", "0", "/dev/video0", "rtsp://cam/x", "http://cam/x"])
def test_only_files_are_relative_to_anything(load_text: Load, source: str) -> None:
    assert load_text(f"cameras: {{a: {{source: '{source}'}}}}").config.cameras["a"].source == source


def test_a_device_number_needs_no_quotes(load_text: Load) -> None:
    assert load_text("cameras: {a: {source: 0}}").config.cameras["a"].source == "0"


def test_a_tilde_is_the_home_folder(load_text: Load) -> None:
    assert load_text(DEMO + "history: {path: ~/h.db}", {"HOME": "/home/pi"}).config.history.path == Path("/home/pi/h.db")


def test_no_log_file_is_wanted_where_null_is_written(load_text: Load) -> None:
    assert load_text(DEMO + "logging: {file: null}").config.logging.file is None


def test_the_weights_lie_where_the_file_says_else_the_environment_else_beside_the_file(load_text: Load, tmp_path: Path) -> None:
    environ = {"MONITOR_WEIGHTS": "/srv/weights"}
    assert load_text(DEMO + "model: {weights: w}", environ).config.model.weights == tmp_path / "w"
    assert load_text(DEMO, environ).config.model.weights == Path("/srv/weights")
    assert load_text(DEMO, {"MONITOR_WEIGHTS": ""}).config.model.weights == tmp_path / "weights"
