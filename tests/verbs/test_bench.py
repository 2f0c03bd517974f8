"""The verb with measurements that were made up where the processes would be started."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from monitor.bench import box, daemon
from monitor.classify.choose import installed
from monitor.classify.measured import fastest
from tests.spine import write_colour_model
from tests.verbs.conftest import Run

MEASURED: dict[str, dict[str, Any]] = {
    "parts": {"preprocess_ms": 0.9, "decoded": "960x540 h264", "decode_ms": 0.5, "convert_ms": 0.3},
    "reference": {"first_score_s": 2.0, "peak_mb": 440.0, "version": "2", "inference_ms": 30.0, "preprocess_ms": 8.0, "look_ms": 40.0},
    "bare": {"inference_ms": 14.9},
}
SPEED = {"onnxruntime": 15.0, "openvino": 12.0, "torch": 30.0}


def measured(module: str, task: dict[str, Any]) -> dict[str, Any]:
    if module != "look":
        return MEASURED[module]
    if task["engine"] == "torch":
        return {"error": "it is not well"}
    speed = SPEED[task["engine"]] / task["threads"]
    batches = {"1": speed, "2": 2 * speed, "4": 4 * speed}
    version = metadata.version(task["engine"])
    return {"first_score_s": 0.5, "peak_mb": 120.0, "version": version, "batch_ms": batches, "inference_ms": speed, "look_ms": speed + 1}


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "run", measured)
    monkeypatch.setattr(box, "engines_for", lambda precision, kept: list(SPEED) if precision == "fp32" else [])
    monkeypatch.setattr(daemon, "measure", lambda *what: {"peak_mb": 165.0})
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    write_colour_model(tmp_path / "weights")
    file = tmp_path / "config.yaml"
    file.touch(mode=0o600)
    file.write_text("cameras: {porch: {source: demo}}\nmodel: {name: resnet18, fallback: colours}\n")
    return file


def test_the_table_has_every_engine_beside_the_plain_pipeline(run: Run, config: Path) -> None:
    ran = run("bench", "--config", config)
    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines()]
    openvino = next(row for row in rows if row[:1] == ["openvino"] and row[3] == "1")
    assert openvino[2:] == ["fp32", "1", "0.50", "s", "120", "MB", "12.0", "ms", "(14.9)", "13.0", "ms", "0.33", "12.0", "ms", "12.0", "ms"]
    assert "it is not well" in ran.out
    assert "the daemon with one camera, onnxruntime fp32: 165 MB" in ran.out
    assert "to expect, fp32: up to 77 looks a second" in ran.out
    assert "engine: auto takes onnxruntime for fp32 (the default)" in ran.out
    assert "Measuring colours instead" in ran.err


def test_the_same_as_json(run: Run, config: Path) -> None:
    (result,) = run("bench", "--config", config, "--json").rows()
    assert result["machine"]["cores"] == 2
    assert [(row["engine"], row["threads"]) for row in result["engines"]] == [(name, n) for n in (1, 2) for name in SPEED]
    assert result["engines"][0]["of_reference"] == pytest.approx(16 / 40)
    assert result["looks_per_second"] == {"fp32": pytest.approx(1000 / 13)}


def test_what_was_the_fastest_with_the_daemons_threads_is_kept_for_auto(run: Run, config: Path) -> None:
    if "openvino" not in installed():
        pytest.skip("openvino is not installed")
    assert "auto` takes openvino" in run("bench", "--config", config, "--save").err
    card = write_colour_model(config.parent / "weights")
    found = fastest(card, "fp32", config.parent / "weights")
    assert found is not None
    assert (found.engine, found.together) == ("openvino", 1)
    assert json.loads((config.parent / "weights" / "bench.json").read_text())


def test_a_card_that_is_not_at_hand_is_not_measured(run: Run, config: Path) -> None:
    ran = run("bench", "--config", config, "--model", "resnet18")
    assert ran.code == 69
    assert "monitor weights fetch resnet18" in ran.err
