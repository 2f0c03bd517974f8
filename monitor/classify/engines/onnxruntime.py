"""ONNX Runtime on the CPU."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.classify.ort import onnxruntime
from monitor.errors import WeightsError


class OnnxRuntimeEngine:
    """An export in a session of ONNX Runtime.

    Its memory arena stays on: for one picture at a time it costs nothing and without it EfficientNet-Lite0 takes 33 MB more [measured].
    Its threads do not spin while they wait: the cores are shared with decoding.
    """

    name = "onnxruntime"

    def __init__(self, export: Path, threads: int) -> None:
        runtime = onnxruntime()
        ort = runtime.capi.onnxruntime_pybind11_state
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        refusals = (
            ort.Fail,
            ort.InvalidArgument,
            ort.InvalidGraph,
            ort.InvalidProtobuf,
            ort.NoSuchFile,
            ort.NotImplemented,
            ort.RuntimeException,
        )
        try:
            self._session = runtime.InferenceSession(export, options, providers=["CPUExecutionProvider"])
        except refusals as error:
            raise WeightsError(f"ONNX Runtime cannot load {export}: {' '.join(str(error).split())}") from error
        self.version: str = runtime.__version__
        facts = self._session.get_modelmeta().custom_metadata_map
        self.golden: NDArray[np.float32] | None = (
            np.array(json.loads(facts["golden_logits"]), np.float32) if "golden_logits" in facts else None
        )

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits, N x classes, of N x 3 x side x side."""
        logits: NDArray[np.float32] = self._session.run(["logits"], {"image": batch})[0]
        return logits
