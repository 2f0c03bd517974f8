"""Writing int8 models with ONNX Runtime's quantiser: the recipes that are worth trying, and one attempt.

Weights are signed and have a scale for each channel, activations are unsigned: the fastest pair of types in ONNX Runtime (others take two
to three times as long [measured]), and one that OpenVINO reads. The first layers, which see the pixels, and the last, which gives the
scores, suffer most from rounding and may stay in fp32.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.classify.cpu import multiplies_bytes_exactly
from monitor.classify.int8.bias import LAYERS, correct_biases, input_means
from monitor.classify.ort import onnxruntime

AT_ONCE = 5
"""Pictures whose activations are in memory together: a picture has 35 MB of them (ResNet-18), and left alone the quantiser keeps all."""


class Recipe(NamedTuple):
    """How the range of an activation is found (MinMax, Percentile, Entropy), and how many layers at either end stay in fp32."""

    method: str
    first: int
    last: int

    def __str__(self) -> str:
        kept = f"first {self.first} and last {self.last} layers in fp32" if self.first else "every layer in int8"
        return f"{self.method}, {kept}"


RECIPES = (
    Recipe("MinMax", 0, 0),
    Recipe("MinMax", 1, 1),
    Recipe("Percentile", 1, 1),
    Recipe("Entropy", 1, 1),
    Recipe("MinMax", 3, 1),
    Recipe("MinMax", 6, 1),
    Recipe("Percentile", 6, 1),
    Recipe("MinMax", 9, 1),
    Recipe("Percentile", 9, 1),
)
"""From the fastest to the most careful. On 200 photographs the scores of EfficientNet-Lite0 are 0.015 apart from those in fp32 with the
first of them, and 0.010 with the last ones (tests/bench/bench_int8.py)."""

PERCENTILE = 99.999
"""Of the activations' histogram; with fewer, the cut-off peaks cost EfficientNet-Lite0 more than the finer steps gain."""

EXACT_LEVELS, SAFE_LEVELS = 127, 64
"""To which weights are rounded on CPUs that add up int8 products exactly, and on others (`cpu.py`), as ONNX Runtime's quantiser does it."""


class Calibration:
    """An export and the pictures to calibrate on. folder: where what was found about the pictures is kept between attempts.

    inputs: N x 3 x side x side.
    """

    def __init__(self, export: Path, inputs: NDArray[np.float32], folder: Path) -> None:
        self._export = export
        self._inputs = inputs[: len(inputs) // AT_ONCE * AT_ONCE]
        self._folder = folder
        self._means = input_means(export, inputs[::2])

    def write(self, recipe: Recipe, target: Path) -> None:
        """Write the int8 model that a recipe gives to `target`."""
        onnxruntime()  # with its reports switched off, before its quantiser imports it
        from onnxruntime import quantization

        model = self._model()
        layers = [node.name for node in model.graph.node if node.op_type in LAYERS]
        rounded = layers[recipe.first : len(layers) - recipe.last]
        cache = self._cache(recipe, quantization).get("calibration_cache_path")
        if cache is not None and not cache.exists():  # the ranges are to be those of the model as it is
            self._quantise(self._model(), target, recipe, layers, rounded)
        correct_biases(model, rounded, self._means, EXACT_LEVELS if multiplies_bytes_exactly() else SAFE_LEVELS)
        self._quantise(model, target, recipe, layers, rounded)

    def _model(self) -> Any:
        """Return a copy of the export to be changed: the quantiser spoils what it is given."""
        import onnx

        model = onnx.load(self._export)
        del model.metadata_props[:]  # they are the fp32 model's answers
        return model

    def _quantise(self, model: Any, target: Path, recipe: Recipe, layers: Sequence[str], rounded: Sequence[str]) -> None:
        from onnxruntime import quantization

        options: dict[str, float] = {"CalibStridedMinMax": AT_ONCE}
        if recipe.method == "Percentile":
            options["CalibPercentile"] = PERCENTILE
        with _quiet():
            quantization.quantize_static(
                model,
                target,
                _Reader(self._inputs),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=not multiplies_bytes_exactly(),
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=[name for name in layers if name not in rounded],
                calibrate_method=quantization.CalibrationMethod[recipe.method],
                extra_options=options,
                **self._cache(recipe, quantization),
            )

    def _cache(self, recipe: Recipe, quantization: Any) -> dict[str, Path]:
        """Return where the quantiser keeps the ranges that it found, for the next recipe of the same method; older ones cannot."""
        known = inspect.signature(quantization.quantize_static).parameters
        return {"calibration_cache_path": self._folder / f"{recipe.method}.json"} if "calibration_cache_path" in known else {}


class _Reader:
    """Hands out the inputs of one range after another, as the quantiser wants them."""

    def __init__(self, inputs: NDArray[np.float32]) -> None:
        self._inputs = inputs
        self._turn = iter(inputs)

    def __len__(self) -> int:
        return len(self._inputs)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._turn = iter(self._inputs[start_index:end_index])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        picture = next(self._turn, None)
        return None if picture is None else {"image": picture[np.newaxis]}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser from printing its steps and from advising what the exporter has done already."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        root.setLevel(before)
