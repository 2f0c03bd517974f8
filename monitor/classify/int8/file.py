"""The int8 file of a card: where it lies, whether it may be used, and by which engines.

It is made by `quantize.py`, which measures it; whoever runs it needs no more than what is written beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.classify.card import Card, export_path
from monitor.classify.export import EXPORTER
from monitor.classify.sidecar import problem_of, read_sidecar
from monitor.errors import WeightsError

QUANTIZER = 1
"""Version of what `quantize.py` writes; a change makes every int8 file stale."""


def int8_path(card: Card, weights: Path) -> Path:
    """Return where the card's int8 file belongs."""
    return export_path(card, weights).with_suffix(".int8.onnx")


def check_int8(card: Card, weights: Path) -> Path:
    """Return the card's int8 file if it is whole and was made from the card's present export; else WeightsError says what to do."""
    path = int8_path(card, weights)
    problem = problem_of(path, made_from(card))
    if problem is not None:
        raise WeightsError(f"{problem}: {how_to_quantize(card)}")
    return path


def made_from(card: Card) -> dict[str, object]:
    """Return what the int8 file of the card's present export was made from and by."""
    return {"checkpoint": card.sha256, "exporter": EXPORTER, "quantizer": QUANTIZER}


def int8_report(card: Card, weights: Path) -> dict[str, Any]:
    """Return what was measured of the card's int8 file, by engine; {} if there is no file."""
    path = int8_path(card, weights)
    engines = read_sidecar(path).get("engines", {}) if path.is_file() else {}
    return engines if isinstance(engines, dict) else {}


def int8_engines(card: Card, weights: Path) -> list[str]:
    """Return the engines for which the card's int8 file was kept."""
    return [engine for engine, report in int8_report(card, weights).items() if report.get("kept")]


def int8_in_words(card: Card, weights: Path) -> str:
    """Return for which engines the card's int8 file was kept, how often it says what fp32 says, and whether somebody accepted less."""
    said = []
    for engine, report in int8_report(card, weights).items():
        verdict = "not kept" if not report.get("kept") else "accepted by hand" if report.get("accepted") else ""
        said.append(f"{engine} {report.get('agreement', 0.0):.1%} like fp32" + (f" ({verdict})" if verdict else ""))
    return ", ".join(said)


def how_to_quantize(card: Card) -> str:
    """Return what a person does to get the card's int8 file."""
    return f"run `monitor weights quantize {card.name}` with pictures of your own, or set `model.precision: fp32`"
