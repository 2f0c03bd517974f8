"""What loading a model costs: ONNX Runtime's prepared form, mapped, against the plain ONNX file; each in a process of its own.

Run by hand: `python tests/bench/bench_load.py MODEL.onnx`. Prints the time until the first answer and the memory at its peak.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from monitor.bench.child import peak_mb
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.ort import onnxruntime
from monitor.classify.prepared import prepare, prepared
from monitor.classify.sidecar import sidecar_path
from monitor.clock import stopwatch

ROUNDS = 5
SIDE = 224


def child(model: Path) -> None:
    """Load and answer once; print (seconds, peak MB)."""
    onnxruntime()  # its own import is not what is compared
    begun = stopwatch()
    OnnxRuntimeEngine(model, threads=1).run(np.zeros((1, 3, SIDE, SIDE), np.float32))
    sys.stdout.write(json.dumps([stopwatch() - begun, peak_mb()]))


def main() -> None:
    """Compare the two, by turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.model)
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(shutil.copy(args.model, folder))
        shutil.copy(sidecar_path(args.model), folder)
        prepare(plain)
        form = prepared(plain)
        assert form is not None
        figures: dict[str, list[list[float]]] = {"plain file": [], "prepared form": []}
        for _ in range(ROUNDS):
            for name, file in (("plain file", plain), ("prepared form", form)):
                told = subprocess.run([sys.executable, __file__, "--child", str(file)], capture_output=True, text=True, check=True).stdout
                figures[name].append(json.loads(told))
        for name, rows in figures.items():
            took, peak = (statistics.median(column) for column in zip(*rows, strict=True))
            sys.stdout.write(f"{name:<16}{1000 * took:7.0f} ms{peak:8.0f} MB\n")


if __name__ == "__main__":
    main()
