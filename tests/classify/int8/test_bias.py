from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.int8.bias import LAYERS, correct_biases, input_means
from monitor.classify.ort import open_session
from tests.small_net import CHANNELS, SIDE, WIDE, small_graph

LEVELS = 7
"""Coarse, so that the rounding of the weights is all that matters."""


@pytest.fixture(scope="module")
def inputs() -> NDArray[np.float32]:
    """Pictures of which each is a little brighter than the one before."""
    dice = np.random.default_rng(4)
    return np.stack([dice.normal(0.6, 0.5, size=(3, SIDE, SIDE)) * number / 40 for number in range(1, 41)]).astype(np.float32)


@pytest.fixture
def model() -> Any:
    return small_graph(seed=3)


@pytest.fixture
def export(model: Any, tmp_path: Path) -> Path:
    """The model in a file, as the correction reads it."""
    import onnx

    onnx.save(model, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def layers(model: Any) -> list[str]:
    return [node.name for node in model.graph.node if node.op_type in LAYERS]


def rounded(model: Any, levels: int = LEVELS) -> Any:
    """The model with its weights rounded as the quantiser does it, a scale for each output channel."""
    import onnx
    from onnx import numpy_helper

    result = onnx.ModelProto()
    result.CopyFrom(model)
    weights = {node.input[1] for node in result.graph.node if node.op_type in LAYERS}
    for tensor in result.graph.initializer:
        if tensor.name in weights:
            values = numpy_helper.to_array(tensor)
            scale = np.abs(values).reshape(len(values), -1).max(axis=1).reshape(-1, *[1] * (values.ndim - 1)) / levels
            tensor.CopyFrom(numpy_helper.from_array((np.round(values / scale) * scale).astype(np.float32), tensor.name))
    return result


def mean_logits(model: Any, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    mean: NDArray[np.float32] = open_session(model.SerializeToString(), 1).run(["logits"], {"image": inputs})[0].mean(axis=0)
    return mean


def biases(model: Any) -> dict[str, NDArray[np.float32]]:
    """The bias of each layer, by the layer's name."""
    from onnx import numpy_helper

    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    return {node.name: tensors[node.input[2]] for node in model.graph.node if node.op_type in LAYERS}


def test_the_means_are_those_of_what_enters_each_layer(model: Any, export: Path, inputs: NDArray[np.float32]) -> None:
    means = input_means(export, inputs)
    assert {name: len(mean) for name, mean in means.items()} == {"image": 3, "1r": CHANNELS, "2r": CHANNELS, "features": WIDE}
    np.testing.assert_allclose(means["image"], inputs.mean(axis=(0, 2, 3)), rtol=1e-5)
    features = open_session(export, 1).run(["features"], {"image": inputs})[0]
    np.testing.assert_allclose(means["features"], features.mean(axis=0), rtol=1e-4)


def test_a_model_whose_only_layer_sees_the_picture_has_the_means_of_the_picture_only(
    model: Any, tmp_path: Path, inputs: NDArray[np.float32]
) -> None:
    import onnx

    onnx.save(model, tmp_path / "whole.onnx")
    onnx.utils.extract_model(str(tmp_path / "whole.onnx"), str(tmp_path / "first.onnx"), ["image"], ["1r"])
    assert set(input_means(tmp_path / "first.onnx", inputs)) == {"image"}


def test_the_mean_output_of_the_rounded_model_comes_near_that_of_the_exact_one(
    model: Any, export: Path, inputs: NDArray[np.float32]
) -> None:
    wanted = mean_logits(model, inputs)
    without = np.abs(mean_logits(rounded(model), inputs) - wanted).max()
    correct_biases(model, layers(model), input_means(export, inputs), LEVELS)
    corrected = np.abs(mean_logits(rounded(model), inputs) - wanted).max()
    assert without > 0.02
    assert corrected < without / 3


@pytest.mark.parametrize("layer", ["first", "depthwise", "pointwise", "last"])
def test_each_kind_of_layer_gives_its_exact_mean_again(model: Any, export: Path, inputs: NDArray[np.float32], layer: str) -> None:
    """Of a single layer, padding apart, the correction is exact: the mean of what it puts out does not move."""
    import onnx
    from onnx import numpy_helper

    for node in model.graph.node:  # with padding the mean is a little less than exact
        for attribute in [each for each in node.attribute if each.name == "pads"]:
            node.attribute.remove(attribute)
    onnx.save(model, export)
    means = input_means(export, inputs)
    (node,) = (node for node in model.graph.node if node.name == layer)
    axis = (0, 2, 3) if node.op_type == "Conv" else (0,)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}

    def output(of: Any) -> NDArray[np.float64]:
        wanted = onnx.ModelProto()
        wanted.CopyFrom(of)
        wanted.graph.output.append(onnx.helper.make_empty_tensor_value_info(node.output[0]))
        (value,) = open_session(wanted.SerializeToString(), 1).run([node.output[0]], {"image": inputs})
        mean: NDArray[np.float64] = value.mean(axis=axis, dtype=np.float64)
        return mean

    exact = output(model)
    correct_biases(model, [layer], means, LEVELS)
    only = numpy_helper.to_array({tensor.name: tensor for tensor in rounded(model).graph.initializer}[node.input[1]])
    tensors[node.input[1]].CopyFrom(numpy_helper.from_array(only, node.input[1]))
    assert np.abs(output(model) - exact).max() < (0.02 if node.op_type == "Conv" and layer in {"first", "depthwise"} else 1e-4)


def test_only_the_layers_that_are_rounded_are_changed(model: Any, export: Path, inputs: NDArray[np.float32]) -> None:
    before = biases(model)
    correct_biases(model, ["pointwise"], input_means(export, inputs), LEVELS)
    after = biases(model)
    assert [name for name in before if not (before[name] == after[name]).all()] == ["pointwise"]


def test_layers_that_share_a_bias_get_one_each(model: Any, export: Path, inputs: NDArray[np.float32]) -> None:
    means = input_means(export, inputs)
    apart = {}
    for name in ("first", "depthwise"):
        alone = small_graph(seed=3)
        correct_biases(alone, [name], means, LEVELS)
        apart[name] = biases(alone)[name]
        assert (biases(alone)["depthwise" if name == "first" else "first"] == 0.5).all()
    correct_biases(model, layers(model), means, LEVELS)
    together = biases(model)
    for name, bias in apart.items():
        np.testing.assert_array_equal(together[name], bias)


def test_weights_that_rounding_does_not_change_leave_the_biases_alone(model: Any, export: Path, inputs: NDArray[np.float32]) -> None:
    grid = rounded(model)
    before = biases(grid)
    correct_biases(grid, layers(grid), input_means(export, inputs), LEVELS)
    for name, bias in biases(grid).items():
        np.testing.assert_allclose(bias, before[name], atol=1e-5)


def test_a_channel_of_zeros_does_no_harm(model: Any, export: Path, inputs: NDArray[np.float32]) -> None:
    from onnx import numpy_helper

    (tensor,) = (tensor for tensor in model.graph.initializer if tensor.name == "w3")
    values = numpy_helper.to_array(tensor).copy()
    values[0] = 0
    tensor.CopyFrom(numpy_helper.from_array(values, "w3"))
    correct_biases(model, layers(model), input_means(export, inputs), LEVELS)
    assert all(np.isfinite(bias).all() for bias in biases(model).values())
