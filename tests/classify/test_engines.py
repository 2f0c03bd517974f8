"""One suite over all engines: they are equal citizens."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.architectures import load_checkpoint
from monitor.classify.card import Card, shipped_cards
from monitor.classify.choose import installed
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.engines.openvino import OpenVinoEngine
from monitor.classify.engines.protocol import Engine, threads_for
from monitor.classify.engines.torch import TorchEngine
from monitor.classify.export import export
from monitor.classify.golden import golden_input
from monitor.classify.prepared import prepare, prepared
from monitor.errors import WeightsError

Start = Callable[[Card, Path], Engine]


def start_onnxruntime(card: Card, weights: Path) -> Engine:
    return OnnxRuntimeEngine(export(card, weights), threads=1)


def start_onnxruntime_prepared(card: Card, weights: Path) -> Engine:
    model = export(card, weights)
    if prepared(model) is None:
        prepare(model)
    form = prepared(model)
    assert form is not None
    return OnnxRuntimeEngine(form, threads=1)


def start_openvino(card: Card, weights: Path) -> Engine:
    if "openvino" not in installed():
        pytest.skip("openvino is not installed")
    return OpenVinoEngine(export(card, weights), threads=1)


def start_torch(card: Card, weights: Path) -> Engine:
    return TorchEngine(card, weights, threads=1)


STARTS = [start_onnxruntime, start_onnxruntime_prepared, start_openvino, start_torch]
ENGINES = pytest.mark.parametrize("start", STARTS, ids=lambda start: start.__name__.removeprefix("start_"))


@pytest.fixture(scope="module")
def folder(checkpoint: Path, random_card: Card, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with the random model and its export."""
    weights = tmp_path_factory.mktemp("weights")
    shutil.copy(checkpoint, weights)
    export(random_card, weights)
    return weights


@ENGINES
def test_an_engine_says_what_it_is(start: Start, random_card: Card, folder: Path) -> None:
    engine = start(random_card, folder)
    assert engine.name == start.__name__.removeprefix("start_").removesuffix("_prepared")
    assert engine.version[0].isdigit()


@ENGINES
def test_logits_are_a_row_per_picture(start: Start, random_card: Card, folder: Path) -> None:
    engine = start(random_card, folder)
    for pictures in (1, 3):
        logits = engine.run(np.zeros((pictures, 3, 224, 224), np.float32))
        assert logits.shape == (pictures, len(random_card.labels))
        assert logits.dtype == np.float32


@ENGINES
def test_the_same_picture_gives_the_same_numbers_to_the_last_bit(start: Start, random_card: Card, folder: Path) -> None:
    engine = start(random_card, folder)
    image = golden_input(random_card)
    assert (engine.run(image) == engine.run(image)).all()


def reference(card: Card, weights: Path, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the card's own model in plain torch says."""
    import torch

    with torch.inference_mode():
        logits: NDArray[np.float32] = load_checkpoint(card, weights)(torch.from_numpy(batch))[0].numpy()
    return logits


@ENGINES
def test_engines_agree_with_the_reference_model_on_resnet18(start: Start, random_card: Card, folder: Path) -> None:
    batch = np.random.default_rng(5).normal(size=(2, 3, 224, 224)).astype(np.float32)
    np.testing.assert_allclose(start(random_card, folder).run(batch), reference(random_card, folder, batch), atol=1e-4, rtol=0)


@ENGINES
def test_a_batch_gives_each_picture_what_it_gets_alone(start: Start, random_card: Card, folder: Path) -> None:
    engine = start(random_card, folder)
    batch = np.random.default_rng(8).normal(size=(4, 3, 224, 224)).astype(np.float32)
    alone = np.concatenate([engine.run(batch[number : number + 1]) for number in range(4)])
    np.testing.assert_allclose(engine.run(batch), alone, atol=1e-5)


@ENGINES
def test_an_answer_stays_what_it_was_when_the_engine_goes_on(start: Start, random_card: Card, folder: Path) -> None:
    engine = start(random_card, folder)
    first = engine.run(golden_input(random_card))
    kept = first.copy()
    engine.run(np.zeros((1, 3, 224, 224), np.float32))
    assert (first == kept).all()


def test_engines_agree_on_resnet18_with_all_of_imagenets_classes(tmp_path: Path) -> None:
    import torch

    from monitor.classify.architectures import build
    from monitor.classify.checksum import sha256_of

    torch.manual_seed(11)
    file = tmp_path / "seeded.pth"
    torch.save(build("resnet18", 1000).state_dict(), file)
    card = replace(shipped_cards()["resnet18"], name="seeded", file=file.name, sha256=sha256_of(file), size=file.stat().st_size)
    batch = np.random.default_rng(6).normal(size=(2, 3, 224, 224)).astype(np.float32)
    wanted = start_torch(card, tmp_path).run(batch)
    for start in installed_starts():
        np.testing.assert_allclose(start(card, tmp_path).run(batch), wanted, atol=1e-4, rtol=0)


def test_engines_agree_on_efficientnet_lite0(lite0: Path, tmp_path: Path) -> None:
    shutil.copy(lite0, tmp_path)
    card = shipped_cards()["efficientnet_lite0"]
    batch = np.concatenate([golden_input(card), np.random.default_rng(7).normal(size=(2, 3, 224, 224)).astype(np.float32)])
    wanted = start_torch(card, tmp_path).run(batch)
    for start in installed_starts():
        np.testing.assert_allclose(start(card, tmp_path).run(batch), wanted, atol=1e-4, rtol=0)


def installed_starts() -> list[Start]:
    return [start for start in STARTS if start is not start_openvino or "openvino" in installed()]


@pytest.mark.parametrize("engine", [OnnxRuntimeEngine, OpenVinoEngine])
def test_what_is_no_onnx_file_is_refused_in_one_line(engine: Callable[[Path, int], Engine], tmp_path: Path) -> None:
    if engine is OpenVinoEngine and "openvino" not in installed():
        pytest.skip("openvino is not installed")
    file = tmp_path / "model.onnx"
    for content in (b"", b"<html>not found</html>", bytes(1000)):
        file.write_bytes(content)
        with pytest.raises(WeightsError, match=r"cannot load .*model\.onnx") as caught:
            engine(file, 1)
        assert "\n" not in str(caught.value)


def test_one_core_is_left_for_decoding_unless_a_number_is_set() -> None:
    assert threads_for(3) == 3
    assert threads_for("auto") >= 1
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from monitor.classify.engines.protocol import threads_for; print(threads_for('auto'))"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout == "1\n"
