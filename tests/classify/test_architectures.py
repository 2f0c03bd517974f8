from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monitor.classify.architectures import HEADS, build, fit, load_checkpoint
from monitor.classify.card import Card
from monitor.classify.golden import golden_input
from monitor.errors import WeightsError, WeightsRefusedError

if TYPE_CHECKING:
    import torch


@pytest.mark.parametrize("architecture", HEADS)
def test_every_architecture_gives_logits_of_the_wanted_width(architecture: str) -> None:
    import torch

    model = fit(architecture, 5, build(architecture, 5).state_dict())
    with torch.inference_mode():
        logits, features = model(torch.zeros(2, 3, 64, 64))
    assert logits.shape == (2, 5)
    assert features.shape == (2, model.get_submodule("head").in_features)
    assert not model.training


def test_the_features_come_out_and_the_logits_stay_those_of_the_plain_model(
    state: dict[str, torch.Tensor], random_card: Card, checkpoint: Path
) -> None:
    import torch

    plain = build("resnet18", len(random_card.labels)).eval()
    plain.load_state_dict(state)
    image = torch.from_numpy(golden_input(random_card))
    with torch.inference_mode():
        logits, features = load_checkpoint(random_card, checkpoint.parent)(image)
        assert torch.equal(logits, plain(image))
        assert torch.equal(logits, plain.get_submodule("fc")(features))
    assert np.isfinite(features.numpy()).all()


def test_an_unknown_architecture_gets_the_known_ones() -> None:
    with pytest.raises(WeightsError, match=r"resnet81.*resnet18"):
        build("resnet81", 3)


def test_a_head_of_another_size_is_told_in_classes_and_labels(state: dict[str, torch.Tensor]) -> None:
    with pytest.raises(WeightsRefusedError, match=r"3 classes.*7 labels"):
        fit("resnet18", 7, state)


@pytest.mark.parametrize("architecture", ["resnet34", "resnet50", "efficientnet_lite0"])
def test_weights_of_another_architecture_are_told_by_their_names(state: dict[str, torch.Tensor], architecture: str) -> None:
    with pytest.raises(WeightsRefusedError, match=rf"no {architecture} but has the layers of resnet18 \(--arch resnet18\): .*missing"):
        fit(architecture, 3, state)


def test_a_checkpoint_that_no_longer_fits_its_card_is_a_weights_error(random_card: Card, checkpoint: Path) -> None:
    with pytest.raises(WeightsError, match=r"trained\.pth cannot be loaded"):
        load_checkpoint(replace(random_card, architecture="resnet50"), checkpoint.parent)
