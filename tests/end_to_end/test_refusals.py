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
        "empty": ("", "config.yaml: is empty; it needs at least one camera"),
        "no-camera": ("node: box\n", "cameras"),
        "not-yaml": ("cameras: [\n", "config.yaml:"),
        "no-number": ("cameras:\n  demo: {source: demo, fps: many}\n", "config.yaml:2: cameras.demo.fps"),
        "tabs": ("cameras:\n\tdemo: {source: demo}\n", "config.yaml:2:"),
        "no-label": ("cameras: {demo: {source: demo}}\nrules:\n  - label: person\n", "config.yaml:3: rules[0].label"),
    }
    model = f"model: {{name: {MODEL}, weights: '{WEIGHTS}'}}\n"
    boxes = {name: daemon(text and text + model, name) for name, (text, _) in cases.items()}
    boxes["missing"] = daemon("", "missing")
    boxes["missing"].kill()
    boxes["missing"].config.unlink()
    boxes["missing"] = Daemon(boxes["missing"].folder, None)
    for name, box in boxes.items():
        code = box.wait(30)
        print(name, code, box.text)


def test_weights_that_are_missing_end_it_with_69_and_the_command_that_helps(daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    empty = tmp_path / "weights"
    empty.mkdir()
    box = daemon(settings(DEMO) | {"model": {"name": "resnet18", "weights": str(empty)}})
    assert box.wait(20) == 69
    assert "monitor weights fetch resnet18" in box.text
    assert "Traceback" not in box.text
    print(box.text)


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
    (warning,) = box.lines("WARNING")
    assert "resnet18 cannot be used" in warning
    assert f"Using {MODEL} instead" in warning
    box.stop(signal.SIGTERM)
