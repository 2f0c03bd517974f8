"""Correcting the biases of a model for the rounding of its weights.

Rounding a filter shifts its output by the rounding error times the mean of its input. The mean is known from pictures, so the bias can take
the shift back: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019), section 4.2, with measured
means. It brings the scores of EfficientNet-Lite0, whose depthwise filters have few weights each, a third nearer to those of fp32
(tests/bench/bench_int8.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.classify.ort import open_session

LAYERS = frozenset({"Conv", "Gemm"})
"""The kinds of node that have weights and a bias."""

Means = Mapping[str, NDArray[np.float64]]
"""The mean of each channel, by the name of the tensor."""


def input_means(export: Path, inputs: NDArray[np.float32]) -> Means:
    """Return the means over `inputs` (N x 3 x side x side) of what enters each layer of the model."""
    import onnx

    model = onnx.load(export)
    inner = sorted({node.input[0] for node in model.graph.node if node.op_type in LAYERS} - {"image"})
    sums = {"image": inputs.mean(axis=(0, 2, 3), dtype=np.float64) * len(inputs)}
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in inner)
    session = open_session(model.SerializeToString(), threads=1)
    for picture in inputs if inner else ():  # asked for nothing, the session would give all that it has
        for name, value in zip(inner, session.run(inner, {"image": picture[np.newaxis]}), strict=True):
            sums[name] = sums.get(name, 0.0) + _per_channel(value)
    return {name: total / len(inputs) for name, total in sums.items()}


def correct_biases(model: Any, layers: Iterable[str], means: Means, levels: int) -> None:
    """Change the biases of those layers of an ONNX model whose weights will be rounded to -levels .. levels.

    Each output channel has a scale of its own.
    """
    from onnx import numpy_helper

    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    users = Counter(name for node in model.graph.node for name in node.input)
    named = set(layers)
    for node in model.graph.node:
        if node.name in named and len(node.input) == 3:
            weights, bias = (numpy_helper.to_array(tensors[name]) for name in node.input[1:3])
            error = _rounding_error(weights, levels)
            per_input = error.reshape(*error.shape[:2], -1).sum(axis=2)
            mean = means[node.input[0]]
            shift = per_input[:, 0] * mean if per_input.shape[1] == 1 < len(mean) else per_input @ mean  # the former: a depthwise layer
            users[node.input[2]] -= 1
            if users[node.input[2]]:  # exporters let layers share biases that are equal
                node.input[2] = f"{node.name}/bias"
                tensors[node.input[2]] = model.graph.initializer.add()
            tensors[node.input[2]].CopyFrom(numpy_helper.from_array((bias + shift).astype(np.float32), node.input[2]))


def _per_channel(value: NDArray[np.float32]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = value.reshape(value.shape[1], -1).mean(axis=1, dtype=np.float64)
    return mean


def _rounding_error(weights: NDArray[np.float32], levels: int) -> NDArray[np.float64]:
    """Return what rounding takes from weights of out x in x any: each output channel has a scale of its own."""
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1).astype(np.float64)
    scale = np.maximum(largest / levels, np.finfo(np.float32).tiny).reshape(-1, *[1] * (weights.ndim - 1))
    error: NDArray[np.float64] = weights - np.round(weights / scale) * scale
    return error
