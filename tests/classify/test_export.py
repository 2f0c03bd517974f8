from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from monitor.classify.architectures import load_checkpoint
from monitor.classify.card import Card, export_path
from monitor.classify.checksum import sha256_of
from monitor.classify.export import EXPORTER, export, export_problem, remove_older_exports
from monitor.classify.golden import GOLDEN_VALUES, golden_input
from monitor.errors import WeightsError


@pytest.fixture(scope="module")
def made(random_card: Card, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoint and its export."""
    weights = tmp_path_factory.mktemp("weights")
    shutil.copy(checkpoint, weights)
    export(random_card, weights)
    return weights


@pytest.fixture
def weights(made: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be spoiled."""
    return Path(shutil.copytree(made, tmp_path / "weights"))


def test_the_export_gives_the_logits_and_features_of_the_reference_for_any_number_of_pictures(random_card: Card, made: Path) -> None:
    import torch

    images = np.concatenate([golden_input(random_card), np.random.default_rng(1).normal(size=(2, 3, 224, 224)).astype(np.float32)])
    session = onnxruntime.InferenceSession(export_path(random_card, made))
    logits, features = session.run(["logits", "features"], {"image": images})
    with torch.inference_mode():
        wanted = [output.numpy() for output in load_checkpoint(random_card, made)(torch.from_numpy(images))]
    np.testing.assert_allclose(logits, wanted[0], atol=1e-4)
    np.testing.assert_allclose(features, wanted[1], atol=1e-4)


def test_the_file_says_what_it_was_made_from_and_the_answer_to_the_golden_input(random_card: Card, made: Path) -> None:
    session = onnxruntime.InferenceSession(export_path(random_card, made))
    facts = session.get_modelmeta().custom_metadata_map
    told = [json.loads(facts[key]) for key in ("card", "checkpoint", "exporter")]
    assert told == ["random", random_card.sha256, EXPORTER]
    golden = json.loads(facts["golden_logits"])
    assert len(golden) == min(GOLDEN_VALUES, len(random_card.labels))
    np.testing.assert_allclose(session.run(["logits"], {"image": golden_input(random_card)})[0][0], golden, atol=1e-4)


def test_batch_norms_are_folded_and_only_the_standard_operators_are_used(random_card: Card, made: Path) -> None:
    import onnx

    graph = onnx.load(export_path(random_card, made))
    assert {node.op_type for node in graph.graph.node} == {"Conv", "Relu", "MaxPool", "Add", "GlobalAveragePool", "Flatten", "Gemm"}
    assert [entry.domain for entry in graph.opset_import] == [""]


def test_what_was_made_from_an_earlier_checkpoint_goes_with_its_export(random_card: Card, weights: Path) -> None:
    current = export_path(random_card, weights)
    old = f"{random_card.name}-00000000"
    gone = [weights / f"{old}{end}" for end in (".int8.onnx", ".int8.onnx.json", ".ort-01234567.onnx", ".ort-01234567.bin")]
    kept = [weights / name for name in (f"{random_card.name}-deadbeef.pth", f"{random_card.name}-deadbeef.yaml", "randomly-00000000.onnx")]
    for file in [*gone, *kept]:
        file.write_bytes(b"x")
    remove_older_exports(random_card, weights)
    assert not any(file.exists() for file in gone)
    assert all(file.exists() for file in [*kept, current])


def test_nothing_is_left_lying_about(random_card: Card, made: Path) -> None:
    name = export_path(random_card, made).name
    assert {path.name for path in made.iterdir()} == {random_card.file, name, f"{name}.json"}


def test_a_sound_export_is_not_made_again_and_needs_no_checkpoint(random_card: Card, weights: Path) -> None:
    before = export_path(random_card, weights).stat().st_mtime_ns
    (weights / random_card.file).unlink()
    assert export(random_card, weights) == export_path(random_card, weights)
    assert export_path(random_card, weights).stat().st_mtime_ns == before


@pytest.mark.parametrize("spoil", ["flip", "truncate", "record", "version", "no record"])
def test_a_damaged_or_stale_export_is_noticed(random_card: Card, weights: Path, spoil: str) -> None:
    path = export_path(random_card, weights)
    record = path.with_name(f"{path.name}.json")
    content = path.read_bytes()
    assert export_problem(random_card, weights) is None
    if spoil == "flip":
        path.write_bytes(content[:-1000] + bytes([content[-1000] ^ 1]) + content[-999:])
    elif spoil == "truncate":
        path.write_bytes(content[:-1])
    elif spoil == "record":
        record.write_text("[")
    elif spoil == "version":
        record.write_text(json.dumps(json.loads(record.read_text()) | {"exporter": EXPORTER - 1}))
    else:
        record.unlink()
    assert path.name in (export_problem(random_card, weights) or "")


def test_a_damaged_export_is_made_again_the_log_says_so_and_that_of_an_earlier_checkpoint_goes(
    random_card: Card, weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    export_path(random_card, weights).write_bytes(b"damaged")
    old = export_path(replace(random_card, sha256="0" * 64), weights)
    old_record = old.with_name(f"{old.name}.json")
    for path in (old, old_record):
        path.write_bytes(b"old")
    bystander = weights / "random-two-00000000.onnx"
    bystander.write_bytes(b"of another card")
    with caplog.at_level(logging.WARNING):
        export(random_card, weights)
    assert "exporting random again" in caplog.text
    assert export_problem(random_card, weights) is None
    assert not old.exists()
    assert not old_record.exists()
    assert bystander.exists()


def test_weights_that_give_nan_are_not_exported(random_card: Card, weights: Path) -> None:
    import torch

    state = torch.load(weights / random_card.file, weights_only=True)
    state["fc.bias"][1] = float("nan")
    torch.save(state, weights / random_card.file)
    file = weights / random_card.file
    card = replace(random_card, sha256=sha256_of(file), size=file.stat().st_size)
    with pytest.raises(WeightsError, match="NaN"):
        export(card, weights)
    assert not export_path(card, weights).exists()


def test_a_damaged_checkpoint_is_not_exported(random_card: Card, weights: Path) -> None:
    export_path(random_card, weights).unlink()
    with (weights / random_card.file).open("r+b") as stream:
        stream.seek(5_000_000)
        stream.write(b"!")
    with pytest.raises(WeightsError, match="SHA-256"):
        export(random_card, weights)
    assert not export_path(random_card, weights).exists()


def test_an_export_that_cannot_be_written_is_told_with_the_folder_and_the_reason(random_card: Card, weights: Path) -> None:
    export_path(random_card, weights).unlink()
    export_path(random_card, weights).mkdir()
    with pytest.raises(WeightsError, match=f"{weights}: Is a directory"):
        export(random_card, weights)
    assert not list(weights.glob(".*"))
