"""What `monitor bench --save` found on this box: the fastest engine of a card, and how many frames are worth one call.

Kept as `bench.json` in the weights folder. It speaks only of the card's present weights, of this CPU, and of the version of the engine's
library that was measured; otherwise it is as if it were not there.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any

from monitor.classify.atomic import replacing
from monitor.classify.card import Card
from monitor.classify.cpu import cpu_id

_KINDS: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}
"""What the file must hold for a field of `Measured`: people edit it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The fastest engine for a card and a precision. look_ms: a whole look. together: frames of several cameras that one call may take.

    on: the date, as people write it.
    """

    engine: str
    version: str
    look_ms: float
    together: int
    on: str


def save(findings: dict[tuple[str, str], Measured], cards: dict[str, Card], weights: Path) -> None:
    """Keep the findings by (card, precision), beside those of other cards. OSError if the folder cannot be written."""
    entries = _read(weights)
    for (name, precision), found in findings.items():
        entries[_key(cards[name], precision)] = asdict(found)
    with replacing(weights / "bench.json") as scratch:
        scratch.write_text(json.dumps(entries, indent=1) + "\n", "utf-8")


def fastest(card: Card, precision: str, weights: Path) -> Measured | None:
    """Return what was measured here for the card and the precision, if it still holds."""
    try:
        found = Measured(**_read(weights)[_key(card, precision)])
        sound = all(isinstance(getattr(found, field.name), _KINDS[str(field.type)]) for field in fields(found)) and found.together >= 1
        return found if sound and metadata.version(found.engine) == found.version else None
    except (KeyError, TypeError, ValueError, metadata.PackageNotFoundError):
        return None


def _key(card: Card, precision: str) -> str:
    return f"{card.name} {card.sha256[:8]} {precision} on CPU {cpu_id()}"


def _read(weights: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads((weights / "bench.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
