"""Real photographs: our whole path against the reference's (PIL, torchvision's transforms, the model in torch), int8 against fp32."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.architectures import load_checkpoint, transforms
from monitor.classify.card import Card, shipped_cards
from monitor.classify.choose import installed
from monitor.classify.classifier import Classifier, softmax
from monitor.classify.decode import read_image
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.engines.openvino import OpenVinoEngine
from monitor.classify.engines.protocol import Engine
from monitor.classify.export import export
from monitor.classify.int8.agreement import split
from monitor.classify.int8.file import check_int8
from monitor.classify.int8.quantize import Report, quantize
from monitor.classify.preprocess import Square, to_batch

log = logging.getLogger(__name__)

DATA = Path(__file__).parents[2].parent / "shared" / "data"
CARD = shipped_cards()["efficientnet_lite0"]


@pytest.fixture(scope="module")
def photographs() -> list[Path]:
    """Photographs named by the WordNet id of what they show."""
    found = sorted((DATA / "photos").glob("n*.JPEG"))
    if len(found) < 100:
        pytest.skip(f"fewer than 100 photographs in {DATA / 'photos'}")
    return found


@pytest.fixture(scope="module")
def classes(photographs: list[Path]) -> NDArray[np.int64]:
    """The class of each: the place of its WordNet id among all of them."""
    ids = (DATA / "wnids.txt").read_text().split()
    return np.array([ids.index(photo.name.split("_")[0]) for photo in photographs])


@pytest.fixture(scope="module")
def weights(lite0: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with the card's checkpoint."""
    folder = tmp_path_factory.mktemp("weights")
    shutil.copy(lite0, folder)
    return folder


def reference_scores(card: Card, weights: Path, photographs: list[Path]) -> NDArray[np.float32]:
    """Decode, transform and classify as torchvision's users do."""
    import torch
    from PIL import Image

    torch.set_num_threads(1)  # torch's idle threads spin, and slow down whatever else the machine does
    model, prepare = load_checkpoint(card, weights), transforms(card)
    with torch.inference_mode():
        logits = [model(prepare(Image.open(photo).convert("RGB"))[None])[0][0].numpy() for photo in photographs]
    return np.stack([softmax(row) for row in logits])


@pytest.mark.slow
def test_photographs_get_the_labels_that_the_reference_gives_them(
    weights: Path, photographs: list[Path], classes: NDArray[np.int64]
) -> None:
    classifier = Classifier(CARD, OnnxRuntimeEngine(export(CARD, weights), threads=2))
    ours = classifier.classify([Square(read_image(photo)) for photo in photographs])
    reference = reference_scores(CARD, weights, photographs)

    best, wanted = ours.argmax(axis=1), reference.argmax(axis=1)
    rows = np.arange(len(photographs))
    figures = {
        "photographs": len(photographs),
        "same_top1": float((best == wanted).mean()),
        "top1_ours": float((best == classes).mean()),
        "top1_reference": float((wanted == classes).mean()),
        "mean_difference_of_the_top_score": float(np.abs(ours - reference)[rows, wanted].mean()),
        "largest_difference_of_a_score": float(np.abs(ours - reference).max()),
    }
    log.info("%s", figures)  # pytest --log-cli-level=info shows them
    assert figures["same_top1"] >= 0.97, figures
    assert abs(figures["top1_ours"] - figures["top1_reference"]) <= 0.005, figures
    assert figures["mean_difference_of_the_top_score"] <= 0.02, figures


@dataclass(frozen=True)
class Quantized:
    """What came of quantising on half of the photographs. half: the numbers of the others, on which all figures are."""

    report: Report
    half: list[int]
    inputs: NDArray[np.float32]
    fp32: NDArray[np.int64]


@pytest.fixture(scope="module")
def quantized(weights: Path, photographs: list[Path]) -> Quantized:
    """The card's int8 file, made once, of the photographs in the order of their names, as `weights quantize` takes them."""
    inputs = to_batch([Square(read_image(photo)) for photo in photographs], CARD.preprocessing)
    report = quantize(CARD, weights, list(inputs), {}, 2, accept=False, progress=lambda what, done, total: None)
    _, others = split(len(photographs))
    best = answers(OnnxRuntimeEngine(export(CARD, weights), threads=2), inputs[others])
    return Quantized(report, others, inputs[others], best)


def answers(engine: Engine, inputs: NDArray[np.float32]) -> NDArray[np.int64]:
    """The best class of each picture."""
    return np.array([engine.run(inputs[number : number + 1]).argmax() for number in range(len(inputs))])


INT8_ENGINES: dict[str, Callable[[Path, int], Engine]] = {"onnxruntime": OnnxRuntimeEngine, "openvino": OpenVinoEngine}


@pytest.mark.slow
@pytest.mark.parametrize("name", INT8_ENGINES)
def test_in_int8_photographs_get_the_labels_that_they_get_in_fp32(
    quantized: Quantized, weights: Path, classes: NDArray[np.int64], name: str
) -> None:
    if name not in installed():
        pytest.skip(f"{name} is not installed")
    told = quantized.report.engines[name]
    best = answers(INT8_ENGINES[name](check_int8(CARD, weights), 2), quantized.inputs)
    wanted = classes[quantized.half]
    figures = {
        "photographs": len(best),
        "same_top1": float((best == quantized.fp32).mean()),
        "top1_int8": float((best == wanted).mean()),
        "top1_fp32": float((quantized.fp32 == wanted).mean()),
        "mean_difference_of_the_top_score": told.score_difference,
        "ms_int8": told.ms,
        "ms_fp32": told.fp32_ms,
    }
    log.info("%s in int8 (%s): %s", name, quantized.report.recipe, figures)
    assert figures["same_top1"] == pytest.approx(told.agreement)
    # One photograph is a whole percent, and every recipe lies between 96 and 100 %, depending on which half it is measured with: an engine
    # may miss the mark by one or two of them and not be offered; by more it has got worse.
    assert figures["same_top1"] >= 0.96, figures
    assert told.kept == (figures["same_top1"] >= 0.98)
    if told.kept:
        assert figures["top1_int8"] >= figures["top1_fp32"] - 0.0100001, figures
