"""What lies in the weights folder: every card, and whether its files are there and whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from monitor.classify.card import Card, own_cards, shipped_cards, weights_path
from monitor.classify.export import export_problem
from monitor.classify.int8.file import check_int8, int8_in_words, int8_path
from monitor.classify.verify import verify_file
from monitor.errors import WeightsError


class Readiness(StrEnum):
    """What a card can do. BROKEN: the card itself cannot be read."""

    READY = "ready"
    NO_EXPORT = "no export"
    MISSING = "missing"
    DAMAGED = "damaged"
    BROKEN = "broken card"


@dataclass(frozen=True, slots=True)
class Stock:
    """One line of `weights list` and `weights verify`. why: "" if ready. size: bytes of the checkpoint, None if the card is unreadable.

    int8: what its int8 file is worth, or what is wrong with it; "" if there is none. int8_sound: whether it can be used.
    """

    name: str
    readiness: Readiness
    why: str
    file: str | None = None
    size: int | None = None
    licence: str | None = None
    top1: float | None = None
    int8: str = ""
    int8_sound: bool = True


def inventory(weights: Path) -> list[Stock]:
    """Look at every card, shipped first, and verify its files by their hashes: what `weights list` and `weights verify` show."""
    own, broken = own_cards(weights)
    stock = [_stock(card, weights) for card in (shipped_cards() | own).values()]
    return stock + [Stock(name, Readiness.BROKEN, why) for name, why in broken.items()]


def _stock(card: Card, weights: Path) -> Stock:
    readiness, why = _readiness(card, weights)
    int8, sound = _int8(card, weights)
    return Stock(card.name, readiness, why, card.file, card.size, card.licence, card.top1, int8, sound)


def _int8(card: Card, weights: Path) -> tuple[str, bool]:
    if not int8_path(card, weights).is_file():
        return "", True
    try:
        check_int8(card, weights)
    except WeightsError as error:
        return str(error), False
    return int8_in_words(card, weights), True


def _readiness(card: Card, weights: Path) -> tuple[Readiness, str]:
    try:
        verify_file(card, weights)
    except WeightsError as error:
        if weights_path(card, weights).exists():
            return Readiness.DAMAGED, str(error)
        fetchable = card.url or card.package  # nobody needs them all: that one was not fetched is no fault
        return Readiness.MISSING, f"`monitor weights fetch {card.name}` ({card.size / 1e6:.0f} MB)" if fetchable else str(error)
    problem = export_problem(card, weights)
    return (Readiness.NO_EXPORT, f"{problem}: run `monitor weights export {card.name}`") if problem else (Readiness.READY, "")
