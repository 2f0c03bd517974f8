"""Choosing, verifying and starting the model. Nothing here is silent: what is not as asked for is said, or refused.

torch is imported only for `engine: torch`, or once where a checkpoint has no export yet.
"""

from __future__ import annotations

import ctypes
import logging
from typing import Literal

import numpy as np

from monitor.classify.card import Card
from monitor.classify.classifier import Classifier
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.engines.protocol import Engine, threads_for
from monitor.classify.engines.torch import TorchEngine
from monitor.classify.export import export
from monitor.classify.golden import agrees, golden_input
from monitor.classify.relabel import chosen_card
from monitor.classify.verify import verify_file
from monitor.config.schema import ModelSettings
from monitor.errors import ConfigError, Problem, WeightsError

log = logging.getLogger(__name__)

AUTO = ("onnxruntime", "torch")
"""What `engine: auto` tries, in this order."""


def load_classifier(settings: ModelSettings) -> Classifier:
    """Return the classifier that `settings` ask for, or the one of their fallback card and the reason.

    WeightsError if there is none that can be trusted; ConfigError for an engine or a precision that is not built in.
    """
    refuse_what_is_not_built_in(settings)
    try:
        classifier = _load(settings.name, settings)
    except WeightsError as error:
        if settings.fallback is None:
            raise
        reason = f"{settings.name} cannot be used: {error}"
        log.warning("the model %s. Using %s instead", reason, settings.fallback)
        classifier = _load(settings.fallback, settings)
        classifier.fallback_reason = reason
    _give_memory_back()
    return classifier


def override(
    settings: ModelSettings,
    name: str | None = None,
    engine: Literal["auto", "onnxruntime", "openvino", "torch"] | None = None,
    precision: Literal["fp32", "int8"] | None = None,
) -> ModelSettings:
    """Return `settings` with what a command line asks for instead. A card that is asked for by name has no fallback."""
    wishes = {"name": name, "engine": engine, "precision": precision}
    changes: dict[str, object] = {key: wish for key, wish in wishes.items() if wish is not None}
    return settings.model_copy(update=changes | ({"fallback": None} if name else {}))


def _load(name: str, settings: ModelSettings) -> Classifier:
    """Start the card called `name`, in the engine that is set or the first of AUTO that passes the self-test."""
    card = chosen_card(name, settings)
    verify_file(card, settings.weights)
    refused: list[str] = []
    for engine_name in AUTO if settings.engine == "auto" else (settings.engine,):
        try:
            engine = _start(engine_name, card, settings)
        except WeightsError as error:
            refused.append(f"{engine_name}: {error}")
            log.warning("%s does not run in %s: %s", name, engine_name, error)
        else:
            log.info("model %s in %s %s", name, engine.name, engine.version)
            return Classifier(card, engine)
    raise WeightsError("; ".join(refused))


def _start(engine_name: str, card: Card, settings: ModelSettings) -> Engine:
    """Load `card` into an engine and test it; WeightsError if it cannot be loaded or does not answer as the reference model."""
    threads = threads_for(settings.threads)
    engine: Engine
    if engine_name == "torch":
        engine = TorchEngine(card, settings.weights, threads)
    else:
        engine = OnnxRuntimeEngine(export(card, settings.weights), threads)
    self_test(engine, card)
    return engine


def self_test(engine: Engine, card: Card) -> None:
    """Raise WeightsError unless the engine answers the golden input as the reference model did (tolerance: `golden.py`)."""
    logits = engine.run(golden_input(card))
    if logits.shape != (1, len(card.labels)) or not np.isfinite(logits).all():
        raise WeightsError(f"the self-test of {card.name} gave no finite score for each of its {len(card.labels)} labels")
    if engine.golden is not None and not agrees(logits[0, : len(engine.golden)], engine.golden):
        raise WeightsError(f"the self-test of {card.name} did not give what the reference model gives")


def refuse_what_is_not_built_in(settings: ModelSettings) -> None:
    """Raise ConfigError for choices of the schema that this version cannot honour: another engine or precision is never taken instead."""
    problems = []
    if settings.engine == "openvino":
        problems.append(Problem("model.engine", "openvino is not built in yet; choose auto, onnxruntime or torch"))
    if settings.precision == "int8":
        problems.append(Problem("model.precision", "int8 is not built in yet; choose fp32"))
    if problems:
        raise ConfigError("", problems)


def _give_memory_back() -> None:
    """Return to the system what loading a model used and freed; glibc keeps it otherwise (ResNet-18: 200 MB -> 116 MB [measured])."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
