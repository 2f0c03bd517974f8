"""Measurement: the library itself on the same model file, with its own defaults but for the number of threads. What an engine of ours may
cost more than this is our doing.

Task: engine, model, threads, runs, side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.bench.child import Result, median_ms
from monitor.classify.ort import onnxruntime
from monitor.classify.ov import openvino


def measure(task: dict[str, Any]) -> Result:
    """Return inference_ms."""
    batch = np.random.default_rng(0).standard_normal((1, 3, task["side"], task["side"])).astype(np.float32)
    if task["engine"] == "openvino":
        library = openvino()
        # fp32 has to be asked for: by default OpenVINO computes in bfloat16 where the CPU has it.
        options = {"INFERENCE_NUM_THREADS": task["threads"], "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        request = library.Core().compile_model(task["model"], "CPU", options).create_infer_request()
        return {"inference_ms": median_ms(lambda: request.infer({"image": batch}), task["runs"])}
    runtime = onnxruntime()
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = task["threads"]
    session = runtime.InferenceSession(task["model"], settings, providers=["CPUExecutionProvider"])
    return {"inference_ms": median_ms(lambda: session.run(["logits"], {"image": batch}), task["runs"])}
