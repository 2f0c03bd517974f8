"""Taking in a checkpoint that a person has: a shipped card's file under its own name, or a model of their own as a new card.

Everything is made and tried in a folder of its own inside the weights folder and moved into place at the end, the card last. A file that
is refused leaves nothing behind.
"""

from __future__ import annotations

import logging
import shutil
import stat
import tempfile
from pathlib import Path

from monitor.classify.architectures import HEADS, fit
from monitor.classify.atomic import place, replacing
from monitor.classify.card import Card, Preprocessing, card_text, shipped_cards, weights_path
from monitor.classify.checkpoint import read_state
from monitor.classify.checksum import sha256_of
from monitor.classify.export import export, remove_older_exports, write_export
from monitor.classify.labels import duplicates, fingerprint, parse_labels, read_label_file
from monitor.config.slug import slug
from monitor.errors import UsageError, WeightsError, WeightsRefusedError

log = logging.getLogger(__name__)

MAX_SIZE = 1_000_000_000
"""Bytes of a checkpoint; a ResNet-50 with optimiser state has 300 million."""


def import_weights(file: Path, weights: Path, name: str | None = None, labels: Path | None = None, architecture: str | None = None) -> Card:
    """Take `file` into the weights folder, export it, and return its card.

    Without a name: the file of a shipped card, known by its SHA-256. With one: a model of the user's own, a state dict of
    `architecture` (resnet18 if None) whose classes are listed in the file `labels`; an own card of that name is replaced.
    UsageError if the call makes no sense, WeightsRefusedError if the file or the labels will not do.
    """
    try:
        if name is None:
            return _import_shipped(file, weights, labels, architecture)
        return _import_own(file, weights, name, labels, architecture or "resnet18")
    except OSError as error:
        raise WeightsRefusedError(f"{error.filename or file}: {error.strerror}") from error


def _import_shipped(file: Path, weights: Path, labels: Path | None, architecture: str | None) -> Card:
    if labels is not None or architecture is not None:
        raise UsageError("--labels and --arch describe a model of your own, which needs a --name too")
    _check_file(file)
    found = sha256_of(file)
    card = next((card for card in shipped_cards().values() if card.sha256 == found), None)
    if card is None:
        raise UsageError(
            f"{file} is not the file of a shipped card (its SHA-256 is {found}); a model of your own needs --name and --labels"
        )
    weights.mkdir(parents=True, exist_ok=True)
    with replacing(weights_path(card, weights)) as scratch:
        shutil.copyfile(file, scratch)
    export(card, weights)
    return card


def _import_own(file: Path, weights: Path, name: str, labels: Path | None, architecture: str) -> Card:
    _check_name(name)
    if labels is None:
        raise UsageError(f"--name {name} needs --labels FILE: the names of the model's classes, one a line or as JSON")
    if architecture not in HEADS:
        raise UsageError(f"--arch {architecture}: known are {', '.join(HEADS)}")
    names = _read_labels(labels)
    _check_file(file)
    weights.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=weights) as folder:
        stage = Path(folder)
        shutil.copyfile(file, stage / f"{name}.pth")
        try:
            card = _try_out(stage, name, names, architecture)
        except (WeightsError, WeightsRefusedError) as error:
            raise WeightsRefusedError(f"{file}: {error}") from error
        for made in sorted(stage.iterdir(), key=lambda path: path.suffix == ".yaml"):
            place(made, weights / made.name)
    remove_older_exports(card, weights)
    return card


def _try_out(stage: Path, name: str, labels: tuple[str, ...], architecture: str) -> Card:
    """Load NAME.pth in `stage`, write its export and its card beside it, and return the card."""
    checkpoint = stage / f"{name}.pth"
    model = fit(architecture, len(labels), read_state(checkpoint))
    card = Card(
        name=name,
        architecture=architecture,
        file=checkpoint.name,
        sha256=sha256_of(checkpoint),
        size=checkpoint.stat().st_size,
        preprocessing=_preprocessing(architecture),
        labels=labels,
        licence="your own",
        labels_sha256=fingerprint(labels),
    )
    write_export(card, model, stage)
    (stage / f"{name}.yaml").write_text(card_text(card), "utf-8")
    return card


def _check_name(name: str) -> None:
    if slug(name) != name or not name:
        raise UsageError(f"--name {name!r}: a name has the characters a-z 0-9 _ - only, at most 64; perhaps {slug(name) or 'my-model'!r}")
    for card in shipped_cards().values():
        if name in {card.name, Path(card.file).stem}:
            raise UsageError(f"--name {name}: that is the shipped card {card.name}; choose another name")


def _check_file(file: Path) -> None:
    """Refuse what cannot be copied to an end: a device, a pipe, a file of more than MAX_SIZE bytes."""
    facts = file.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise WeightsRefusedError(f"{file}: it is not a file")
    if facts.st_size > MAX_SIZE:
        raise WeightsRefusedError(f"{file}: it has {facts.st_size:,} bytes; at most {MAX_SIZE:,} are allowed")


def _read_labels(file: Path) -> tuple[str, ...]:
    try:
        labels = parse_labels(read_label_file(file))
    except ValueError as error:
        raise WeightsRefusedError(f"{file}: {error}") from error
    for label in duplicates(labels):
        log.warning("%s: several classes are called %r; only their class_id tells them apart", file, label)
    return labels


def _preprocessing(architecture: str) -> Preprocessing:
    """Return what the architecture's published weights were trained with; fine-tuning keeps it."""
    shipped = shipped_cards()
    return (shipped.get(architecture) or shipped["resnet18"]).preprocessing
