"""What keeps the daemon from starting, or changes what it runs with: an exit code and a sentence, never a traceback."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.conftest import EMBEDDED, MODEL, WEIGHTS, Daemon, Subscriber, embedded_port, settings

pytestmark = pytest.mark.slow

DEMO = {"demo": {"source": "demo"}}


def test_a_configuration_that_is_no_good_is_explained_with_exit_code_78(daemon: Callable[..., Daemon]) -> None:
    cases = {
        None: "config.yaml: there is no such file",
        "": "config.yaml: is empty; it needs at least one camera",
        "node: box": "config.yaml:1: cameras: is missing",
        "cameras: [": "config.yaml:1: is not YAML: a bracket that is opened in line 1 and never closed",
        "cameras:\n\tdemo: {source: demo}": "config.yaml:2: is not YAML: a tab",
        "cameras:\n  demo: {source: demo, fps: many}": "config.yaml:2: cameras.demo.fps: must be a number",
        "cameras: {demo: {source: demo}}\nmqtt: {prot: 1883}": "config.yaml:2: mqtt.prot: is not a key that is known here; did you mean",
        f"cameras: {{demo: {{source: demo}}}}\nmodel: {{name: {MODEL}, weights: '{WEIGHTS}'}}\nrules: [{{label: person}}]": (
            "config.yaml:3: rules[0].label: the model has no class 'person'"
        ),
        f"cameras: {{demo: {{source: demo}}}}\nmodel: {{name: {MODEL}, weights: '{WEIGHTS}', labels: deutsch.txt}}": (
            "config.yaml:2: model.labels: "
        ),
    }
    boxes = [daemon(text, f"box-{number}") for number, text in enumerate(cases)]
    for box, sentence in zip(boxes, cases.values(), strict=True):
        assert box.wait(30) == 78, box.text
        assert sentence in box.said[-1]
        assert "Traceback" not in box.text


def test_weights_that_are_missing_end_it_with_69_and_the_command_that_helps(daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    empty = tmp_path / "weights"
    empty.mkdir()
    box = daemon(settings(DEMO) | {"model": {"name": "resnet18", "weights": str(empty)}})
    assert box.wait(20) == 69
    assert "monitor weights fetch resnet18" in box.text
    assert len(box.said) == 1


def test_a_damaged_file_gives_way_to_the_fallback_that_is_named_and_everybody_is_told(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    for path in WEIGHTS.glob("*efficientnet*"):
        shutil.copy2(path, weights)
    (weights / "resnet18-f37072fd.pth").write_bytes(b"<html>404</html>")
    model = {"name": "resnet18", "fallback": MODEL, "weights": str(weights)}
    box = daemon(settings(DEMO, EMBEDDED) | {"model": model})
    info = subscribe(embedded_port(box)).wait("monitor/bridge/info").body
    assert info["model"]["name"] == MODEL
    assert "truncated or another file" in info["model"]["fallback_reason"]
    (warning,) = box.lines(" WARNING ")
    assert "resnet18 cannot be used" in warning
    assert f"Using {MODEL} instead" in warning
    box.stop(signal.SIGTERM)
