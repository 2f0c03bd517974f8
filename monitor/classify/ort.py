"""ONNX Runtime, imported and opened in this one way."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from monitor.errors import WeightsError

_NO_REPORTS = "ORT_DISABLE_TELEMETRY"

_ERRORS_ONLY = 3
"""Of its log levels: it warns of every constant that an optimisation has made superfluous."""


def onnxruntime() -> ModuleType:
    """Import ONNX Runtime with its reports to its maker switched off: since 1.31 the Linux wheels send them unless told not to.

    The library looks at the variable once, when it is first imported.
    """
    os.environ[_NO_REPORTS] = "1"
    import onnxruntime

    return onnxruntime  # type: ignore[no-any-return] # it has no types of its own


def open_session(
    model: Path | bytes, threads: int, entries: Mapping[str, str] | None = None, save_as: Path | None = None, level: str = "ALL"
) -> Any:
    """Return an inference session of an ONNX file or its content; WeightsError says in one line why the file is refused.

    entries: further session entries. save_as: also write what the optimisations made of the model. level: BASIC keeps to what every
    runtime and CPU understands, ALL suits this CPU.
    """
    runtime = onnxruntime()
    ort = runtime.capi.onnxruntime_pybind11_state
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # it plans ahead for each size of batch: 3 MB for ResNet-18, and no faster [measured]
    options.log_severity_level = _ERRORS_ONLY
    options.graph_optimization_level = getattr(runtime.GraphOptimizationLevel, f"ORT_ENABLE_{level}")
    if save_as is not None:
        options.optimized_model_filepath = str(save_as)
    for key, value in (entries or {}).items():
        options.add_session_config_entry(key, value)
    refusals = (
        *(ort.Fail, ort.InvalidArgument, ort.InvalidGraph, ort.InvalidProtobuf),
        *(ort.NoSuchFile, ort.NotImplemented, ort.RuntimeException),
    )
    try:
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except refusals as error:
        name = model if isinstance(model, Path) else "the model"
        raise WeightsError(f"ONNX Runtime cannot load {name}: {' '.join(str(error).split())}") from error
