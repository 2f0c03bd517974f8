"""Making a card's int8 file, and keeping it only if it has earned its place: it must say what the fp32 model says.

Half of the pictures are to calibrate and to choose a recipe with, the other half to measure on; the measure is the fp32 export in ONNX
Runtime. Each installed engine that runs int8 is measured by itself, and the file is kept for those that pass.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from monitor.classify.atomic import place
from monitor.classify.card import Card
from monitor.classify.choose import installed
from monitor.classify.classifier import softmax
from monitor.classify.cpu import multiplies_bytes_exactly
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.engines.openvino import OpenVinoEngine
from monitor.classify.engines.protocol import Engine
from monitor.classify.export import export
from monitor.classify.golden import GOLDEN_VALUES, golden_input
from monitor.classify.int8.agreement import Agreement, Scores, all_rules, split, top1_agreement
from monitor.classify.int8.calibrate import RECIPES, Calibration, Recipe
from monitor.classify.int8.file import int8_path, made_from
from monitor.classify.sidecar import write_sidecar
from monitor.clock import stopwatch
from monitor.errors import UsageError, WeightsError

log = logging.getLogger(__name__)

REQUIRED = 0.98
"""Share of the measured pictures on which int8 must find the same best label as fp32."""

ENOUGH, NEAR = 0.99, 0.005
"""The same on the pictures that a recipe was calibrated on, where it is easier, and how far the scores may be apart there on average, to be
taken without trying a more careful one."""

AS_GOOD = 1.1
"""Of the recipes whose scores are at most so many times as far apart as the best one's, the fastest is taken. The distance of the scores
says more than a count of labels, in which a single picture weighs a whole percent."""

FEWEST = 100
"""Pictures without which nothing is measured: half of them must be able to tell one in fifty."""

TIMED = 30
"""Pictures whose inference is timed."""

Progress = Callable[[str, int, int], None]
"""Told (what is done, steps done, steps in all)."""

Rules = Mapping[str, tuple[Sequence[int], float]]


@dataclass(frozen=True, slots=True)
class EngineReport:
    """What was measured of one engine. accepted: kept although it falls short, because somebody said so.

    agreement: share of the pictures with the same best label. score_difference: of that label, on average. ms, fp32_ms: the median time of
    an inference in either precision.
    """

    agreement: float
    score_difference: float
    ms: float
    fp32_ms: float
    rules: dict[str, Agreement]
    kept: bool
    accepted: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it, by engine. calibrated, measured: numbers of pictures."""

    recipe: Recipe
    calibrated: int
    measured: int
    engines: dict[str, EngineReport]


def quantize(
    card: Card, weights: Path, inputs: Sequence[NDArray[np.float32]], rules: Rules, threads: int, *, accept: bool, progress: Progress
) -> Report:
    """Make the card's int8 file from `inputs`, each 3 x side x side, and return what it is worth; it is kept where it is worth it.

    rules: class ids and threshold by name, to be compared as well. UsageError if there are too few pictures, WeightsError if
    the file cannot be written or the export not be made.
    """
    if len(inputs) < FEWEST:
        raise UsageError(f"{len(inputs)} pictures are too few to tell whether int8 is as good as fp32; at least {FEWEST} are needed")
    mine, others = (np.stack([inputs[number] for number in numbers]) for numbers in split(len(inputs)))
    source = export(card, weights)
    fp32 = OnnxRuntimeEngine(source, threads)
    try:
        with tempfile.TemporaryDirectory(prefix=".quantize-", dir=weights) as folder:
            recipe, made = _choose(source, Path(folder), mine, _scores(fp32, mine), threads, progress)
            reference = _scores(fp32, others)
            reports, golden = {}, {}
            fp32_ms = {name: _median_ms(engine, others) for name, engine in _engines(source, threads)}
            for name, engine in _engines(made, threads):
                progress(f"measuring {name}", len(RECIPES), len(RECIPES))
                times = (_median_ms(engine, others), fp32_ms[name])
                reports[name] = _report(reference, _scores(engine, others), times, rules, accept=accept)
                golden[name] = [float(value) for value in engine.run(golden_input(card))[0, :GOLDEN_VALUES]]
            report = Report(recipe, len(mine), len(others), reports)
            if any(each.kept for each in reports.values()):
                _keep(card, weights, made, report, golden)
    except OSError as error:
        raise WeightsError(f"the int8 file of {card.name} cannot be written to {weights}: {error.strerror}") from error
    return report


def _choose(
    source: Path, folder: Path, inputs: NDArray[np.float32], reference: Scores, threads: int, progress: Progress
) -> tuple[Recipe, Path]:
    """Try the recipes in turn and return the first that is good enough, or the best of all, with its file in `folder`."""
    progress("reading the model's activations", 0, len(RECIPES))
    calibration = Calibration(source, inputs, folder)
    found: list[tuple[float, Recipe, Path]] = []
    for number, recipe in enumerate(RECIPES):
        progress(f"trying {recipe}", number, len(RECIPES))
        made = folder / f"{number}.onnx"
        calibration.write(recipe, made)
        agreement = top1_agreement(reference, _scores(OnnxRuntimeEngine(made, threads), inputs))
        log.debug("%s: %.1f %% the same, scores %.4f apart", recipe, 100 * agreement.same, agreement.difference)
        found.append((agreement.difference, recipe, made))
        if agreement.same >= ENOUGH and agreement.difference <= NEAR:
            return recipe, made
    best = min(difference for difference, _, _ in found)
    return next((recipe, made) for difference, recipe, made in found if difference <= AS_GOOD * best)


def _engines(model: Path, threads: int) -> list[tuple[str, Engine]]:
    """Return the installed engines that run int8 files, with `model` loaded."""
    engines: list[tuple[str, Engine]] = [("onnxruntime", OnnxRuntimeEngine(model, threads))]
    if "openvino" in installed():
        engines.append(("openvino", OpenVinoEngine(model, threads)))
    return engines


def _report(reference: Scores, scores: Scores, times: tuple[float, float], rules: Rules, *, accept: bool) -> EngineReport:
    top1 = top1_agreement(reference, scores)
    passed = top1.same >= REQUIRED
    others = all_rules(reference, scores, rules)
    return EngineReport(top1.same, top1.difference, *times, others, kept=passed or accept, accepted=accept and not passed)


def _scores(engine: Engine, inputs: NDArray[np.float32]) -> Scores:
    return softmax(np.concatenate([engine.run(inputs[number : number + 1]) for number in range(len(inputs))]))


def _median_ms(engine: Engine, inputs: NDArray[np.float32]) -> float:
    times = []
    for number in range(min(len(inputs), TIMED)):
        begun = stopwatch()
        engine.run(inputs[number : number + 1])
        times.append(1000 * (stopwatch() - begun))
    return median(times)


def _keep(card: Card, weights: Path, made: Path, report: Report, golden: dict[str, list[float]]) -> None:
    path = int8_path(card, weights)
    facts = {
        **made_from(card),
        "recipe": str(report.recipe),
        "weights_in_7_bits": not multiplies_bytes_exactly(),
        "pictures": {"calibrated": report.calibrated, "measured": report.measured},
        "engines": {name: asdict(each) for name, each in report.engines.items()},
        "golden_logits": golden,
    }
    for old in weights.glob(f"{path.stem}.*"):
        old.unlink()
    write_sidecar(path, made, facts)
    place(made, path)
