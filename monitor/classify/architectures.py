"""The reference models: what torch and torchvision say a card means. The only place that builds them.

torch costs seconds and hundreds of megabytes, so it is imported by the functions that need it. The daemon does without.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from monitor.classify.card import Card, weights_path
from monitor.classify.checkpoint import read_state
from monitor.errors import WeightsError, WeightsRefusedError

if TYPE_CHECKING:
    import torch

HEADS = dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), "fc") | {"efficientnet_lite0": "_fc"}
"""The architectures, and what each calls its last layer (pooled features in, logits out)."""


def build(architecture: str, classes: int) -> torch.nn.Module:
    """Return the architecture with random weights and a head of `classes` outputs; forward gives logits, N x classes."""
    if architecture not in HEADS:
        raise WeightsError(f"there is no architecture {architecture!r}; known: {', '.join(HEADS)}")
    model: torch.nn.Module
    if architecture == "efficientnet_lite0":
        from efficientnet_lite_pytorch import EfficientNet

        model = EfficientNet.from_name("efficientnet-lite0", num_classes=classes)
    else:
        _declare_missing_operators()
        from torchvision.models import get_model

        model = get_model(architecture, weights=None, num_classes=classes)
    return model


def load_checkpoint(card: Card, weights: Path) -> torch.nn.Module:
    """Return the card's model with its weights, in eval mode; forward gives (logits, pooled features), both N x something, float32.

    WeightsError if the file cannot be read or is not of the card's architecture.
    """
    try:
        return fit(card.architecture, len(card.labels), read_state(weights_path(card, weights)))
    except WeightsRefusedError as error:
        raise WeightsError(f"{weights_path(card, weights)} cannot be loaded: {error}") from error


def fit(architecture: str, classes: int, state: dict[str, torch.Tensor]) -> torch.nn.Module:
    """Return the architecture with the weights of `state`, as `load_checkpoint` does; WeightsRefusedError if they do not fit."""
    model = build(architecture, classes)
    head = f"{HEADS[architecture]}.weight"
    if head in state and len(state[head]) != classes:
        raise WeightsRefusedError(f"it tells {len(state[head])} classes apart, but there are {classes} labels")
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        other = _recognise(state)
        hint = f" but has the layers of {other} (--arch {other})" if other else ""
        raise WeightsRefusedError(f"it is no {architecture}{hint}: {_difference(model.state_dict(), state)}") from error
    return _with_features(model, HEADS[architecture]).eval()


def transforms(card: Card) -> torch.nn.Module:
    """Return torchvision's own transforms that the card's preprocessing describes, from a PIL picture to 3 x crop x crop."""
    _declare_missing_operators()
    from torchvision.transforms._presets import ImageClassification

    said = card.preprocessing
    module: torch.nn.Module = ImageClassification(crop_size=said.crop, resize_size=said.resize, mean=said.mean, std=said.std)
    return module


def _with_features(model: torch.nn.Module, head: str) -> torch.nn.Module:
    """Split `model` at its head, so that the pooled features come out beside the logits."""
    import torch

    class Reference(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = getattr(model, head)
            self.backbone = model
            setattr(self.backbone, head, torch.nn.Identity())

        def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            features = self.backbone(image)
            return self.head(features), features

    return Reference()


def _recognise(state: dict[str, torch.Tensor]) -> str | None:
    """Return the architecture whose tensors have just these names, if there is one."""
    import torch

    with torch.device("meta"):  # names without the memory
        return next((name for name in HEADS if build(name, 2).state_dict().keys() == state.keys()), None)


def _difference(wanted: dict[str, torch.Tensor], given: dict[str, torch.Tensor]) -> str:
    """Put into words how two state dicts differ."""
    kinds = {
        "missing": [name for name in wanted if name not in given],
        "not expected": [name for name in given if name not in wanted],
        "of another shape": [name for name in wanted if name in given and wanted[name].shape != given[name].shape],
    }
    return ", ".join(f"{len(names)} {kind} (such as {names[0]!a})" for kind, names in kinds.items() if names)


def _declare_missing_operators() -> None:
    """Make `import torchvision` possible where its compiled operators cannot be loaded; nothing where they can.

    The package index's torchvision for x86 is a CUDA build. Beside a CPU-only torch its library does not load, and the import stops at
    "operator torchvision::nms does not exist" (pytorch/vision#9077, #9085). Only detection models use the operators; the
    ResNets need no more than their schemas.
    """
    import torch

    try:
        import torchvision  # noqa: F401 - the import is the question
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for operator in ("nms", "qnms"):
            torch.library.define(f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
