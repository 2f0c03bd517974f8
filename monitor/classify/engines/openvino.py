"""OpenVINO on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.classify.ov import openvino
from monitor.errors import WeightsError


class OpenVinoEngine:
    """A model file compiled by OpenVINO. WeightsError if it cannot be loaded.

    What is not quantised is computed in fp32. Left to itself OpenVINO takes bfloat16 wherever the CPU has it, six times as fast on one with
    AMX [measured] and other scores than the model's.
    """

    name = "openvino"

    def __init__(self, model: Path, threads: int) -> None:
        library = openvino()
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "ENABLE_CPU_PINNING": False,  # decoding needs the cores too
        }
        try:
            self._request = library.Core().compile_model(str(model), "CPU", settings).create_infer_request()
        except RuntimeError as error:
            if "can't protect" in str(error):  # no fault of the file
                raise
            raise WeightsError(f"OpenVINO cannot load {model}: {_last_line(error)}") from error
        self.version: str = library.__version__.split("-")[0]

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits, N x classes, of N x 3 x side x side."""
        self._request.infer({"image": batch})
        logits: NDArray[np.float32] = self._request.get_tensor("logits").data.copy()
        return logits


def _last_line(error: RuntimeError) -> str:
    """Return the line of OpenVINO's report that says what happened; those before it name its source files."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"
