"""A small convolutional net in ONNX that tells the three colours of `spine.py` apart, with the layers of the real ones.

It is quick to prepare, to quantise and to run, and large enough for each of that to make a difference.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.classify.card import Card, card_text, export_path, weights_path
from monitor.classify.checksum import sha256_of
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.export import EXPORTER
from monitor.classify.golden import GOLDEN_VALUES, golden_input
from monitor.classify.preprocess import Square, to_batch
from monitor.classify.sidecar import write_sidecar
from monitor.values import Image
from tests.spine import CARD, LABELS

SIDE = CARD.preprocessing.crop
CHANNELS = 16
WIDE = 48


def small_graph(seed: int = 1, *, undecided: bool = False) -> Any:
    """The net: Conv, depthwise Conv, pointwise Conv, global pooling, Gemm; two of its biases are one tensor, as exporters write them.

    undecided: always says blue, by a hair's breadth that int8 does not have.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    dice = np.random.default_rng(seed)

    def follows_colour(out: int, into: int) -> NDArray[np.float64]:
        same = np.arange(out)[:, np.newaxis] % 3 == np.arange(into)[np.newaxis] % 3
        return np.where(same, 3.0 / into, 0.0) + dice.normal(scale=0.05, size=(out, into))

    tensors = {
        "w1": follows_colour(CHANNELS, 3)[:, :, np.newaxis, np.newaxis] * dice.uniform(0.05, 0.2, size=(CHANNELS, 3, 3, 3)),
        "w2": dice.uniform(0.02, 0.2, size=(CHANNELS, 1, 3, 3)),
        "w3": follows_colour(WIDE, CHANNELS)[:, :, np.newaxis, np.newaxis],
        "w4": 6.0 * follows_colour(len(LABELS), WIDE),
        "b": np.full(CHANNELS, 0.5),
        "b3": np.full(WIDE, 0.1),
        "b4": np.zeros(len(LABELS)),
    }
    if undecided:
        tensors["w4"] = np.abs(tensors["w4"][:1]) * np.array([[1.0], [1.0], [1.0001]])
    nodes = [
        helper.make_node("Conv", ["image", "w1", "b"], ["1"], "first", strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["1"], ["1r"], "relu1"),
        helper.make_node("Conv", ["1r", "w2", "b"], ["2"], "depthwise", group=CHANNELS, pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["2"], ["2r"], "relu2"),
        helper.make_node("Conv", ["2r", "w3", "b3"], ["3"], "pointwise"),
        helper.make_node("Relu", ["3"], ["3r"], "relu3"),
        helper.make_node("GlobalAveragePool", ["3r"], ["pooled"], "pool"),
        helper.make_node("Flatten", ["pooled"], ["features"], "flatten"),
        helper.make_node("Gemm", ["features", "w4", "b4"], ["logits"], "last", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(LABELS)]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", WIDE]),
        ],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def write_small_net(weights: Path, name: str = "small", seed: int = 1, *, undecided: bool = False) -> Card:
    """Put the net into a weights folder: its card, a checkpoint that nobody may open, and its export with its record."""
    import onnx

    weights.mkdir(parents=True, exist_ok=True)
    card = replace(CARD, name=name, file=f"{name}.pth")
    checkpoint = weights_path(card, weights)
    checkpoint.write_bytes(f"the checkpoint of {name}, number {seed}".encode())
    card = replace(card, sha256=sha256_of(checkpoint), size=checkpoint.stat().st_size)
    export = export_path(card, weights)
    onnx.save(small_graph(seed, undecided=undecided), export)
    golden = OnnxRuntimeEngine(export, 1).run(golden_input(card))[0, :GOLDEN_VALUES]
    facts = {"checkpoint": card.sha256, "exporter": EXPORTER, "golden_logits": [float(value) for value in golden]}
    write_sidecar(export, export, facts)
    (weights / f"{name}.yaml").write_text(card_text(card))
    return card


def coloured(count: int, seed: int = 7) -> list[Image]:
    """Noisy pictures, one red, one green, one blue and so on."""
    dice = np.random.default_rng(seed)
    pictures = []
    for number in range(count):
        picture = dice.integers(0, 100, size=(SIDE, SIDE, 3))
        picture[:, :, 2 - number % 3] += 120
        pictures.append(picture.astype(np.uint8))
    return pictures


def small_inputs(count: int, seed: int = 7) -> list[NDArray[np.float32]]:
    """Such pictures as the net wants them."""
    return list(to_batch([Square(picture) for picture in coloured(count, seed)], CARD.preprocessing))


def write_pictures(folder: Path, pictures: Sequence[Image]) -> Path:
    """Put pictures into a folder as PNG files, in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        assert cv2.imwrite(str(folder / f"{number:04}.png"), picture)
    return folder


def record_of(file: Path) -> dict[str, Any]:
    """The record beside a file."""
    content: dict[str, Any] = json.loads(file.with_name(f"{file.name}.json").read_text())
    return content
