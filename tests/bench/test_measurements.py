"""Each measurement once, in this process, with as few runs as can be: the figures are not judged, only that they are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.bench import bare, daemon, look, parts, reference
from monitor.bench.frame import full_hd_frame
from monitor.classify.card import Card, Preprocessing, card_text
from monitor.classify.checksum import sha256_of
from monitor.classify.choose import installed
from monitor.clock import stopwatch
from tests.spine import CARD, write_colour_model


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    write_colour_model(tmp_path)
    return tmp_path


def task(weights: Path, **more: object) -> dict[str, Any]:
    return {"name": CARD.name, "weights": str(weights), "threads": 1, "runs": 3, "started": stopwatch(), **more}


def test_the_frame_is_a_full_hd_picture_with_something_in_it() -> None:
    frame = full_hd_frame()
    assert frame.shape == (1080, 1920, 3)
    assert frame.std() > 10


def test_a_look_is_measured_as_the_daemon_takes_it(weights: Path) -> None:
    found = look.measure(task(weights, engine="onnxruntime", precision="fp32", batches=[1, 2]))
    assert set(found["batch_ms"]) == {1, 2}
    assert min(found["inference_ms"], found["look_ms"], *found["batch_ms"].values()) > 0
    assert found["first_score_s"] > 0
    assert found["peak_mb"] > 10


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_the_library_is_measured_without_us(weights: Path, engine: str) -> None:
    if engine not in installed():
        pytest.skip(f"{engine} is not installed")
    model = next(weights.glob("*.onnx"))
    assert bare.measure(task(weights, engine=engine, model=str(model), side=32))["inference_ms"] > 0


def test_preprocessing_and_decoding_are_measured(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_DECODED", 0.2)
    found = parts.measure(task(weights))
    assert found["decoded"] == "960x540 h264"
    assert min(found["preprocess_ms"], found["decode_ms"], found["convert_ms"]) > 0


def test_the_plain_pipeline_is_measured(tmp_path: Path) -> None:
    import torch

    from monitor.classify.architectures import build

    file = tmp_path / "plain.pth"
    torch.save(build("resnet18", 2).state_dict(), file)
    card = Card("plain", "resnet18", file.name, sha256_of(file), file.stat().st_size, Preprocessing(), ("yes", "no"), "none")
    (tmp_path / "plain.yaml").write_text(card_text(card))
    found = reference.measure(task(tmp_path) | {"name": "plain"})
    assert min(found["preprocess_ms"], found["inference_ms"], found["look_ms"], found["first_score_s"]) > 0
    assert found["peak_mb"] > 10


@pytest.mark.slow
def test_the_daemon_is_measured_when_it_has_settled(weights: Path) -> None:
    assert 30 < daemon.measure(CARD.name, weights, "onnxruntime", "fp32")["peak_mb"] < 400


def test_a_daemon_that_does_not_start_says_why(weights: Path) -> None:
    (weights / CARD.file).unlink()
    assert "colours.pth is missing" in daemon.measure(CARD.name, weights, "onnxruntime", "fp32")["error"]
