from __future__ import annotations

import re
from pathlib import Path

from monitor.config.load import load

ROOT = Path(__file__).parents[2]


def test_the_shipped_configuration_loads_without_a_warning() -> None:
    loaded = load(ROOT / "config.yaml", environ={}, hostname="pi")
    assert [warning for warning in loaded.warnings if "belongs to another user" not in warning] == []


def test_the_shipped_configuration_needs_neither_a_camera_nor_a_broker() -> None:
    config = load(ROOT / "config.yaml", environ={}, hostname="pi").config
    assert [camera.source for camera in config.cameras.values()] == ["demo"]
    assert config.mqtt.host == "embedded"
    assert config.model.fallback == "efficientnet_lite0"
    assert [rule.name for rule in config.rules_of("demo")] == ["cat", "hot_drink"]


def test_the_camera_that_is_commented_out_works_when_the_signs_are_removed(tmp_path: Path) -> None:
    lines = (ROOT / "config.yaml").read_text().splitlines()
    uncommented = [
        line.replace("  # ", "  ", 1) if line.startswith("  # ") and ("porch:" in line or line.startswith("  #   ")) else line
        for line in lines
    ]
    path = tmp_path / "config.yaml"
    path.write_text("\n".join(uncommented))
    config = load(path, environ={"PORCH_PASSWORD": "x"}, hostname="pi").config
    assert list(config.cameras) == ["demo", "porch"]
    assert list(config.cameras["porch"].zones) == ["drive"]


def test_every_configuration_in_the_readme_loads(tmp_path: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    ours = [block for block in blocks if re.search(r"^(cameras|rules):$", block, re.MULTILINE)]  # the others are for Home Assistant
    assert ours
    for number, block in enumerate(ours):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block if "cameras:" in block else f"cameras: {{demo: {{source: demo}}}}\n{block}")
        load(path, environ={"PORCH_PASSWORD": "x", "MQTT_PASSWORD": "y"}, hostname="pi")
