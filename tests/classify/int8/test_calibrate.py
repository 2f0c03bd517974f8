from __future__ import annotations

import inspect
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.card import export_path
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.int8 import calibrate
from monitor.classify.int8.bias import correct_biases
from monitor.classify.int8.calibrate import AT_ONCE, RECIPES, Calibration, Recipe
from tests.small_net import small_inputs, write_small_net

ALL = Recipe("MinMax", 0, 0)
ENDS = Recipe("MinMax", 1, 1)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of the small net."""
    folder = tmp_path_factory.mktemp("weights")
    return export_path(write_small_net(folder), folder)


@pytest.fixture(scope="module")
def inputs() -> NDArray[np.float32]:
    return np.stack(small_inputs(23))


class Reader(calibrate._Reader):
    """Remembers which pictures are asked for: (first, behind the last), and how many were in hand at once."""

    ranges: list[tuple[int, int]] = []  # noqa: RUF012 - of all of them

    def set_range(self, start_index: int, end_index: int) -> None:
        self.ranges.append((start_index, end_index))
        super().set_range(start_index, end_index)


@pytest.fixture
def ranges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The ranges of pictures that the quantiser asks for."""
    monkeypatch.setattr(Reader, "ranges", [])
    monkeypatch.setattr(calibrate, "_Reader", Reader)
    return Reader.ranges


def write(export: Path, inputs: NDArray[np.float32], target: Path, recipe: Recipe = ALL) -> Any:
    """The int8 model that a recipe gives."""
    import onnx

    Calibration(export, inputs, target.parent).write(recipe, target)
    return onnx.load(target)


def int8_weights(model: Any) -> list[NDArray[np.int8]]:
    from onnx import TensorProto, numpy_helper

    return [numpy_helper.to_array(each) for each in model.graph.initializer if each.data_type == TensorProto.INT8 and len(each.dims) > 1]


@pytest.mark.parametrize("recipe", dict.fromkeys((*RECIPES[:4], RECIPES[-1])), ids=str)
def test_what_is_written_runs_and_says_what_the_exact_model_says(
    export: Path, inputs: NDArray[np.float32], tmp_path: Path, recipe: Recipe
) -> None:
    write(export, inputs, tmp_path / "int8.onnx", recipe)
    wanted = OnnxRuntimeEngine(export, 1).run(inputs)
    given = OnnxRuntimeEngine(tmp_path / "int8.onnx", 1).run(inputs)
    assert (given.argmax(axis=1) == wanted.argmax(axis=1)).all()
    assert np.abs(given - wanted).max() < 0.2


@pytest.mark.parametrize(("exactly", "levels"), [(True, 127), (False, 64)])
def test_weights_stay_within_seven_bits_where_the_cpu_adds_up_inexactly(
    export: Path, inputs: NDArray[np.float32], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exactly: bool, levels: int
) -> None:
    monkeypatch.setattr(calibrate, "multiplies_bytes_exactly", lambda: exactly)
    corrected: list[int] = []

    def spy(model: Any, layers: Any, means: Any, levels: int) -> None:
        corrected.append(levels)
        correct_biases(model, layers, means, levels)

    monkeypatch.setattr(calibrate, "correct_biases", spy)
    weights = int8_weights(write(export, inputs, tmp_path / "int8.onnx"))
    assert len(weights) == 4
    assert max(int(np.abs(each.astype(int)).max()) for each in weights) == levels
    assert corrected == [levels]


def test_the_layers_at_either_end_stay_exact_where_the_recipe_says_so(export: Path, inputs: NDArray[np.float32], tmp_path: Path) -> None:
    assert len(int8_weights(write(export, inputs, tmp_path / "all.onnx", ALL))) == 4
    kept = write(export, inputs, tmp_path / "ends.onnx", ENDS)
    assert len(int8_weights(kept)) == 2
    exact = {each.name for each in kept.graph.initializer if each.data_type == 1 and len(each.dims) > 1}
    assert {"w1", "w4"} <= exact
    assert len(int8_weights(write(export, inputs, tmp_path / "none.onnx", Recipe("MinMax", 3, 1)))) == 0


def test_the_facts_of_the_exact_file_are_not_taken_over(export: Path, inputs: NDArray[np.float32], tmp_path: Path) -> None:
    import onnx

    model = onnx.load(export)
    onnx.helper.set_model_props(model, {"golden_logits": "[1.0]"})
    onnx.save(model, tmp_path / "told.onnx")
    assert "golden_logits" not in {each.key for each in write(tmp_path / "told.onnx", inputs, tmp_path / "int8.onnx").metadata_props}


def test_the_quantiser_sees_a_few_pictures_at_a_time_however_many_there_are(
    export: Path, inputs: NDArray[np.float32], tmp_path: Path, ranges: list[tuple[int, int]]
) -> None:
    """A picture has 35 MB of activations, and the quantiser keeps those of a range together."""
    write(export, inputs, tmp_path / "int8.onnx")
    assert ranges == [(0, 5), (5, 10), (10, 15), (15, 20)]
    assert all(end - start == AT_ONCE for start, end in ranges)


@pytest.mark.parametrize("method", ["MinMax", "Percentile", "Entropy"])
def test_every_method_reads_the_pictures_in_such_ranges(
    export: Path, inputs: NDArray[np.float32], tmp_path: Path, ranges: list[tuple[int, int]], method: str
) -> None:
    write(export, inputs[:10], tmp_path / "int8.onnx", Recipe(method, 0, 0))
    assert ranges == [(0, 5), (5, 10)]


def test_pictures_are_handed_out_one_by_one_and_a_range_once() -> None:
    inputs = np.arange(6 * 3 * 2 * 2, dtype=np.float32).reshape(6, 3, 2, 2)
    reader = calibrate._Reader(inputs)
    assert len(reader) == 6
    reader.set_range(2, 4)
    given = [reader.get_next() for _ in range(3)]
    assert given[2] is None
    assert [each["image"].shape for each in given if each] == [(1, 3, 2, 2)] * 2
    assert [float(each["image"][0, 0, 0, 0]) for each in given if each] == [24.0, 36.0]


def test_what_was_found_about_the_pictures_is_kept_for_the_next_recipe_of_the_method(
    export: Path, inputs: NDArray[np.float32], tmp_path: Path, ranges: list[tuple[int, int]]
) -> None:
    from onnxruntime import quantization

    calibration = Calibration(export, inputs, tmp_path)
    calibration.write(ENDS, tmp_path / "1.onnx")
    assert len(ranges) == 4
    calibration.write(Recipe("MinMax", 2, 1), tmp_path / "2.onnx")
    kept = "calibration_cache_path" in inspect.signature(quantization.quantize_static).parameters  # not in older ones
    assert len(ranges) == (4 if kept else 8)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    Calibration(export, inputs, fresh).write(Recipe("MinMax", 2, 1), fresh / "2.onnx")
    once, again = (OnnxRuntimeEngine(file, 1).run(inputs) for file in (fresh / "2.onnx", tmp_path / "2.onnx"))
    np.testing.assert_allclose(once, again, atol=0.1)


def test_a_quantiser_that_cannot_keep_what_it_found_will_do(
    export: Path, inputs: NDArray[np.float32], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onnxruntime import quantization

    real = quantization.quantize_static

    def older(
        model_input: Any,
        model_output: Any,
        calibration_data_reader: Any,
        quant_format: Any,
        per_channel: Any,
        reduce_range: Any,
        activation_type: Any,
        weight_type: Any,
        nodes_to_exclude: Any,
        calibrate_method: Any,
        extra_options: Any,
    ) -> None:
        given = dict(locals())
        del given["real"]
        real(**given)

    monkeypatch.setattr(quantization, "quantize_static", older)
    assert len(int8_weights(write(export, inputs, tmp_path / "int8.onnx"))) == 4


def test_the_quantiser_is_kept_quiet_and_the_log_is_as_it_was(
    export: Path, inputs: NDArray[np.float32], tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    write(export, inputs, tmp_path / "int8.onnx", Recipe("Entropy", 1, 1))
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().level == logging.DEBUG


def test_a_recipe_says_in_words_what_it_is() -> None:
    assert str(ALL) == "MinMax, every layer in int8"
    assert str(Recipe("Percentile", 6, 1)) == "Percentile, first 6 and last 1 layers in fp32"
