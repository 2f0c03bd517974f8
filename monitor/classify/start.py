"""Starting one engine with one card: its files verified, its answer to the golden input held against the reference model's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from monitor.classify.card import Card
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.engines.openvino import OpenVinoEngine
from monitor.classify.engines.protocol import Engine
from monitor.classify.engines.torch import TorchEngine
from monitor.classify.export import export
from monitor.classify.golden import agrees, golden_input
from monitor.classify.int8.file import check_int8
from monitor.classify.sidecar import read_sidecar
from monitor.errors import WeightsError

EngineName = Literal["onnxruntime", "openvino", "torch"]
Precision = Literal["fp32", "int8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")


_NO_CODE = ("could not create a primitive", "can't protect")
"""What torch and OpenVINO say where a process may not write machine code while it runs."""

_HOW_TO_ALLOW = "it writes machine code, which the service forbids; systemd/torch-engine.conf says how to allow it"


def start(engine: EngineName, card: Card, weights: Path, model: Path, threads: int, form: Path | None = None) -> Engine:
    """Return the card's model in an engine, self-tested; WeightsError if it cannot be loaded or does not answer as it should.

    model: the verified file, whose record says what it must answer. form: what the engine is to load in its place.
    """
    golden = read_sidecar(model).get("golden_logits", [])
    try:
        started = _load(engine, form or model, card, weights, threads)
        if isinstance(golden, dict):  # int8: every engine rounds in its own way, and is held to what it answered when it was measured
            self_test(started, card, golden.get(engine, []), exact=False)
        else:
            self_test(started, card, golden)
    except RuntimeError as error:
        why = (str(error).strip() or type(error).__name__).splitlines()[-1]
        hint = f": {_HOW_TO_ALLOW}" if any(sign in why for sign in _NO_CODE) else ""
        raise WeightsError(f"{engine} fails with {card.name}: {why}{hint}") from error
    return started


def model_file(precision: Precision, card: Card, weights: Path) -> Path:
    """Return the card's verified model file of a precision; the export is made if it is missing."""
    return export(card, weights) if precision == "fp32" else check_int8(card, weights)


def self_test(engine: Engine, card: Card, golden: Sequence[float], exact: bool = True) -> None:
    """Raise WeightsError unless the engine answers the golden input with finite logits that begin with `golden`.

    exact: as nearly as fp32 engines do (see `golden.py`).
    """
    logits = engine.run(golden_input(card))
    if logits.shape != (1, len(card.labels)) or not np.isfinite(logits).all():
        raise WeightsError(f"the self-test of {card.name} gave no finite score for each of its {len(card.labels)} labels")
    if not agrees(logits[0, : len(golden)], np.array(golden, np.float32), exact):
        raise WeightsError(f"the self-test of {card.name} did not give what the reference model gives")


def _load(engine: EngineName, model: Path, card: Card, weights: Path, threads: int) -> Engine:
    if engine == "torch":
        return TorchEngine(card, weights, threads)
    if engine == "openvino":
        return OpenVinoEngine(model, threads)
    return OnnxRuntimeEngine(model, threads)
