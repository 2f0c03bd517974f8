"""Measurement: the plain pipeline, as torchvision's own examples build it: PIL, its transforms, the model in eager torch.

Task: name, weights, threads, runs, started.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2

from monitor.bench.child import Result, median_ms, peak_mb
from monitor.bench.frame import full_hd_frame
from monitor.classify.architectures import load_checkpoint, transforms
from monitor.classify.card import find_card
from monitor.clock import stopwatch


def measure(task: dict[str, Any]) -> Result:
    """Return first_score_s, peak_mb, preprocess_ms, inference_ms and look_ms."""
    import torch
    from PIL import Image

    torch.set_num_threads(task["threads"])
    card = find_card(task["name"], Path(task["weights"]))
    model, prepare = load_checkpoint(card, Path(task["weights"])), transforms(card)
    frame = full_hd_frame()

    def preprocess() -> torch.Tensor:
        tensor: torch.Tensor = prepare(Image.fromarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)))[None]
        return tensor

    def look() -> object:
        return torch.softmax(model(preprocess())[0], dim=1).topk(min(5, len(card.labels)))

    with torch.inference_mode():
        look()
        result: Result = {"first_score_s": stopwatch() - task["started"], "peak_mb": peak_mb(), "version": torch.__version__}
        batch = preprocess()
        result["inference_ms"] = median_ms(lambda: model(batch), task["runs"])
        result["preprocess_ms"] = median_ms(preprocess, task["runs"])
        result["look_ms"] = median_ms(look, task["runs"])
    return result
