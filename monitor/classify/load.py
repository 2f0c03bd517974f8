"""Choosing, verifying and starting the model. Nothing here is silent: what is not as asked for is said, or refused.

torch is imported only for `engine: torch`; where a checkpoint has no export yet, that is made in a process of its own.
"""

from __future__ import annotations

import ctypes
import logging
from importlib.util import find_spec
from typing import Literal

from monitor.classify.card import Card, find_card
from monitor.classify.choose import choices, engines_for
from monitor.classify.classifier import Classifier
from monitor.classify.engines.protocol import threads_for
from monitor.classify.int8.file import check_int8, how_to_quantize, int8_engines, int8_path
from monitor.classify.measured import fastest
from monitor.classify.relabel import chosen_card
from monitor.classify.start import start
from monitor.classify.trial import export_apart, try_out
from monitor.classify.verify import verify_file
from monitor.config.schema import ModelSettings
from monitor.errors import ConfigError, Problem, UsageError, WeightsError

log = logging.getLogger(__name__)


def load_classifier(settings: ModelSettings) -> Classifier:
    """Return the classifier that `settings` ask for, or the one of their fallback card and the reason.

    WeightsError if there is none that can be trusted; ConfigError for an engine that is not installed, or int8 where there is none.
    """
    try:
        classifier = _load(settings.name, settings)
    except WeightsError as error:
        if settings.fallback is None:
            raise
        reason = f"{settings.name} cannot be used: {error}"
        log.warning("the model %s. Using %s instead", reason, settings.fallback)
        classifier = _load(settings.fallback, _rescue(settings))
        classifier.fallback_reason = reason
    _give_memory_back()
    return classifier


def override(
    settings: ModelSettings,
    name: str | None = None,
    engine: Literal["auto", "onnxruntime", "openvino", "torch"] | None = None,
    precision: Literal["fp32", "int8"] | None = None,
) -> ModelSettings:
    """Return `settings` with what a command line asks for instead; UsageError if that makes no sense.

    A card that is asked for by name has no fallback, and its own labels if it is another than the configured one.
    """
    wishes = {"name": name, "engine": engine, "precision": precision}
    changes: dict[str, object] = {key: wish for key, wish in wishes.items() if wish is not None}
    if name:
        changes["fallback"] = None
        changes["labels"] = settings.labels if name == settings.name else None
    wanted = settings.model_copy(update=changes)
    if wanted.engine == "torch" and wanted.precision == "int8":
        raise UsageError("int8 is for the engines onnxruntime and openvino; torch is the reference and computes in fp32")
    return wanted


def refuse_what_cannot_run(settings: ModelSettings, card: Card) -> None:
    """Raise ConfigError for an engine that is not installed, and for int8 where the card has no int8 file: nothing is taken instead."""
    problems = []
    if settings.engine != "auto" and find_spec(settings.engine) is None:
        how = f"`.venv/bin/pip install {settings.engine}`, or choose auto"
        problems.append(Problem("model.engine", f"{settings.engine} is not installed: {how}"))
    if settings.precision == "int8":
        why = _why_no_int8(settings, card)
        if why is not None:
            problems.append(Problem("model.precision", f"int8: {why}: {how_to_quantize(card)}"))
    if problems:
        raise ConfigError("", problems)


def _load(name: str, settings: ModelSettings) -> Classifier:
    """Start the card called `name`, in the engine that is set or the first that passes its self-test."""
    weights, precision = settings.weights, settings.precision
    card = chosen_card(name, settings)
    verify_file(card, weights)
    refuse_what_cannot_run(settings, card)
    model = export_apart(card, weights) if precision == "fp32" else check_int8(card, weights)
    threads = threads_for(settings.threads)
    measured = fastest(card, precision, weights)
    able = engines_for(precision, int8_engines(card, weights))
    refused: list[str] = []
    for choice in choices(settings.engine, able, measured):
        try:
            form = try_out(choice.engine, precision, card, weights, model, threads)
            engine = start(choice.engine, card, weights, model, threads, form)
        except WeightsError as error:
            refused.append(f"{choice.engine}: {error}")
            log.warning("%s does not run in %s: %s", name, choice.engine, error)
        else:
            reason = "; ".join([choice.why, *(f"not in {refusal}" for refusal in refused)])
            together = measured.together if measured and measured.engine == engine.name else 1
            log.info("model %s in %s %s, %s, threads: %d (%s)", name, engine.name, engine.version, precision, threads, reason)
            return Classifier(card, engine, precision, reason, together)
    raise WeightsError("; ".join(refused))


def _rescue(settings: ModelSettings) -> ModelSettings:
    """Return the settings under which the fallback runs: in fp32, unless it has a sound int8 file where that is asked for."""
    if settings.precision == "fp32":
        return settings
    card = find_card(settings.fallback or "", settings.weights)
    try:
        why = _why_no_int8(settings, card)
        if why is None:
            check_int8(card, settings.weights)
            return settings
    except WeightsError as error:
        why = str(error)
    log.warning("%s runs in fp32: %s", card.name, why)
    return settings.model_copy(update={"precision": "fp32"})


def _why_no_int8(settings: ModelSettings, card: Card) -> str | None:
    """Say why there is no int8 file to run as the settings ask for. A damaged one is there: that it is damaged is not said here."""
    if not int8_path(card, settings.weights).is_file():
        return f"{card.name} has no int8 file"
    kept = int8_engines(card, settings.weights)
    if kept and settings.engine not in {"auto", *kept}:
        return f"{card.name} has no int8 file that was kept for {settings.engine}"
    if kept and not engines_for("int8", kept):
        return f"the int8 file of {card.name} was kept for {' and '.join(kept)}, not installed here"
    return None


def _give_memory_back() -> None:
    """Return to the system what loading a model used and freed; glibc keeps it otherwise (ResNet-18: 200 MB -> 116 MB [measured])."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
