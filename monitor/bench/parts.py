"""Measurement: what comes before the model, on one thread: bringing a frame to its size, and decoding the built-in clip.

Task: name, weights, runs.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from monitor.bench.child import Result, median_ms
from monitor.bench.frame import full_hd_frame
from monitor.camera.probe import probe
from monitor.classify.card import find_card
from monitor.classify.preprocess import Square, to_batch

_DECODED = 2.0
"""Seconds of decoding, as fast as it goes."""


def measure(task: dict[str, Any]) -> Result:
    """Return preprocess_ms, and decode_ms and convert_ms for one frame of `decoded` (its size and codec)."""
    preprocessing = find_card(task["name"], Path(task["weights"])).preprocessing
    square = Square(full_hd_frame())
    times = [median_ms(lambda: to_batch([square], preprocessing), task["runs"]) for _ in range(3)]
    clip = probe("demo", seconds=_DECODED)
    return {
        "preprocess_ms": median(times),
        "decoded": f"{clip.width}x{clip.height} {clip.codec}",
        "decode_ms": clip.decode_ms,
        "convert_ms": clip.convert_ms,
    }
