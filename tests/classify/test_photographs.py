"""Our whole path against the reference's on real photographs: PIL, torchvision's transforms and the same model in torch."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.architectures import load_checkpoint
from monitor.classify.card import Card, shipped_cards
from monitor.classify.classifier import Classifier, softmax
from monitor.classify.decode import read_image
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.export import export
from monitor.classify.preprocess import Square

if TYPE_CHECKING:
    import torch

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
    model, transforms = load_checkpoint(card, weights), torchvision_transforms(card)
    with torch.inference_mode():
        logits = [model(transforms(Image.open(photo).convert("RGB"))[None])[0][0].numpy() for photo in photographs]
    return np.stack([softmax(row) for row in logits])


def torchvision_transforms(card: Card) -> torch.nn.Module:
    """The transforms that the card's preprocessing describes."""
    from monitor.classify.architectures import build

    build("resnet18", 2)  # makes torchvision importable
    from torchvision.transforms._presets import ImageClassification

    said = card.preprocessing
    transforms: torch.nn.Module = ImageClassification(crop_size=said.crop, resize_size=said.resize, mean=said.mean, std=said.std)
    return transforms


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
