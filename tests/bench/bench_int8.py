"""What each recipe for int8 is worth, with and without the correction of the biases: agreement with fp32, accuracy, time.

Run by hand: `python tests/bench/bench_int8.py PHOTOS WEIGHTS [--model NAME]`. Photographs are named by the WordNet id of what they show, as
`wnids.txt` beside their folder lists them. Each half of them is measured with what was calibrated on the other.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.classify.card import find_card
from monitor.classify.classifier import softmax
from monitor.classify.decode import read_image
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.export import export
from monitor.classify.int8 import calibrate
from monitor.classify.int8.agreement import split, top1_agreement
from monitor.classify.int8.bias import correct_biases
from monitor.classify.int8.calibrate import RECIPES, Calibration
from monitor.classify.preprocess import Square, to_batch
from monitor.clock import stopwatch


def scores(model: Path, inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """The scores of a model, and its median time for a picture in milliseconds."""
    engine = OnnxRuntimeEngine(model, threads=1)
    rows, times = [], []
    for number in range(len(inputs)):
        begun = stopwatch()
        rows.append(engine.run(inputs[number : number + 1]))
        times.append(1000 * (stopwatch() - begun))
    return softmax(np.concatenate(rows)), statistics.median(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--model", default="efficientnet_lite0")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    card = find_card(args.model, args.weights)
    files = sorted(args.photos.glob("n*.JPEG"))
    ids = (args.photos.parent / "wnids.txt").read_text().split()
    classes = np.array([ids.index(file.name.split("_")[0]) for file in files])
    inputs = np.concatenate([to_batch([Square(read_image(file))], card.preprocessing) for file in files])
    source = export(card, args.weights)
    reference, fp32_ms = scores(source, inputs)
    right = (reference.argmax(axis=1) == classes).mean()
    sys.stdout.write(f"{len(files)} photographs, {card.name}: fp32 {right:.1%} right, {fp32_ms:.1f} ms on one thread\n")
    sys.stdout.write(f"{'recipe':<52}{'biases':>11}{'same':>8}{'apart':>9}{'right':>8}{'ms':>7}\n")
    halves = split(len(files))
    for correct in (False, True):
        with tempfile.TemporaryDirectory() as folder, patch.object(calibrate, "correct_biases", _corrector(correct)):
            sides = []
            for number, (mine, others) in enumerate((halves, halves[::-1])):
                place = Path(folder) / str(number)
                place.mkdir()
                sides.append((Calibration(source, inputs[mine], place), others))
            for recipe in RECIPES:
                made, told, times = Path(folder) / "made.onnx", np.empty_like(reference), []
                for calibration, others in sides:
                    calibration.write(recipe, made)
                    told[others], took = scores(made, inputs[others])
                    times.append(took)
                figures = top1_agreement(reference, told)
                accuracy = (told.argmax(axis=1) == classes).mean()
                sys.stdout.write(
                    f"{recipe!s:<52}{'corrected' if correct else 'as they are':>11}{figures.same:>8.1%}{figures.difference:>9.4f}"
                    f"{accuracy:>8.1%}{statistics.median(times):>7.1f}\n"
                )
                sys.stdout.flush()


def _corrector(correct: bool) -> object:
    return correct_biases if correct else lambda *_: None


if __name__ == "__main__":
    main()
