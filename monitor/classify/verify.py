"""Whether a card's checkpoint is there and what its card says, and which command mends it."""

from __future__ import annotations

from pathlib import Path

from monitor.classify.card import Card, weights_path
from monitor.classify.checksum import sha256_of
from monitor.errors import WeightsError


def verify_file(card: Card, weights: Path) -> None:
    """Raise WeightsError, with the command that mends it, unless the card's checkpoint is there with its size and SHA-256."""
    path = weights_path(card, weights)
    if not path.is_file():
        raise WeightsError(f"{path} is missing: {mend(card)}")
    try:
        size = path.stat().st_size
        if size != card.size:
            raise WeightsError(f"{path} has {size:,} bytes instead of {card.size:,}, so it is truncated or another file: {mend(card)}")
        if sha256_of(path) != card.sha256:
            raise WeightsError(f"{path} is damaged: its SHA-256 is not that of its card: {mend(card)}")
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from error


def mend(card: Card) -> str:
    """Return what a person does to get the card's checkpoint."""
    if card.url or card.package:
        return f"run `monitor weights fetch {card.name}`, or `monitor weights import FILE` with a copy of {card.file}"
    return f"run `monitor weights import FILE --name {card.name} --labels LABELS` with your model"
