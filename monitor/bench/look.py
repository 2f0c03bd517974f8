"""Measurement: a card in one engine, precision and number of threads, as the daemon runs it.

Task: name, weights, engine, precision, threads, batches, runs, started. The frame is prepared before the clock of the first score stops, so
that the first score is also what `monitor classify` takes.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from monitor.bench.child import Result, median_ms, peak_mb
from monitor.bench.frame import full_hd_frame
from monitor.classify.classifier import top_k
from monitor.classify.load import load_classifier
from monitor.classify.preprocess import Square, to_batch
from monitor.clock import stopwatch
from monitor.config.schema import ModelSettings


def measure(task: dict[str, Any]) -> Result:
    """Return first_score_s, peak_mb, inference_ms, look_ms, and batch_ms by the size of the batch, for all its pictures."""
    wanted = {key: task[key] for key in ("name", "engine", "precision", "threads")}
    classifier = load_classifier(ModelSettings.model_validate({**wanted, "weights": Path(task["weights"])}))
    square = Square(full_hd_frame())

    def look() -> object:
        return top_k(classifier.classify([square])[0], classifier.card.labels, 5)

    look()
    result: Result = {"first_score_s": stopwatch() - task["started"], "peak_mb": peak_mb(), "version": classifier.engine.version}
    one = to_batch([square], classifier.card.preprocessing)
    batches = {size: np.repeat(one, size, axis=0) for size in task["batches"]}
    result["batch_ms"] = {size: median_ms(partial(classifier.engine.run, batch), task["runs"]) for size, batch in batches.items()}
    result["inference_ms"] = result["batch_ms"][1]
    result["look_ms"] = median_ms(look, task["runs"])
    return result
