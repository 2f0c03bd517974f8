"""Other names for a model's classes: the file that `model.labels` names replaces a card's labels, or translates some of them.

Only names change. The classes keep their places, and the card keeps the labels that it was made with (`Card.original`), because the shipped
groups are made of those.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from monitor.classify.card import Card, find_card
from monitor.classify.labels import check_labels, from_json, labels_of, parse_labels, read_label_file
from monitor.config.document import NotYamlError, parse
from monitor.config.load import Loaded
from monitor.config.schema import ModelSettings
from monitor.errors import ConfigError, Problem, WeightsError

WHERE = "model.labels"

_TOLD = 10
"""Unknown names that are told; with more of them it is probably another model's file."""

_YAML = {".yaml", ".yml"}

Content = Mapping[str, object] | Sequence[object]


def configured_cards(loaded: Loaded) -> list[Card]:
    """Return the cards that may come to run, the model's and then the fallback's, under the names that the configuration gives the classes.

    ConfigError, with the line, if the file of these names does not do for one of them. A card that cannot be read is left out where the
    other one can stand in for it, else WeightsError as `find_card`.
    """
    model = loaded.config.model
    found: list[Card] = []
    broken: list[WeightsError] = []
    for name in (model.name, model.fallback):
        try:
            if name is not None:
                found.append(chosen_card(name, model))
        except WeightsError as error:
            broken.append(error)
        except ConfigError as error:
            raise loaded.located(error) from error
    if not found:
        raise broken[0]
    return found


def chosen_card(name: str, settings: ModelSettings) -> Card:
    """Return the card `name` under the names that `settings` give the classes; ConfigError if their file will not do."""
    card = find_card(name, settings.weights)
    if settings.labels is None:
        return card
    try:
        content = _content(settings.labels)
        if isinstance(content, Mapping) and not _is_numbered(content, card.labels):
            _refuse_unknown(content, card, _all_labels(settings))
            labels = _translated(card.labels, content)
        else:
            labels = _replaced(card, labels_of(content))
    except OSError as error:
        raise ConfigError("", [Problem(WHERE, f"{settings.labels} cannot be read: {error.strerror}")]) from error
    except ValueError as error:
        raise ConfigError("", [Problem(WHERE, f"{settings.labels}: {error}")]) from error
    return replace(card, labels=labels, original=card.labels)


def _content(file: Path) -> Content:
    """Return what the file says: a list in class order, or a mapping from old to new names or from class ids to names."""
    text = read_label_file(file)
    if text.lstrip()[:1] in {"[", "{"} and file.suffix not in _YAML:
        return from_json(text)
    return _from_yaml(text, file.parent) if file.suffix in _YAML or _begins_with_a_pair(text) else parse_labels(text)


def _begins_with_a_pair(text: str) -> bool:
    """Tell whether the first line that says anything is `old name: new name`. No list of labels that we know of begins like that."""
    first = next((line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")), "")
    _, colon, rest = first.partition(":")
    return colon != "" and not rest[:1].strip()


def _from_yaml(text: str, folder: Path) -> Content:
    """Read YAML as the configuration does: `no` is a word, and nothing stands there twice."""
    try:
        document = parse(text, folder, {})
    except NotYamlError as error:
        raise ValueError(f"line {error.line}: {error}" if error.line else f"{error}") from error
    for fault in document.faults:
        line = fault.line or document.line_of(fault.where)
        raise ValueError(f"line {line}: {fault.where[-1] if fault.where else 'it'} {fault.message}")
    if not isinstance(document.data, dict | list):
        raise ValueError("it is neither a list of labels nor lines of the form `old name: new name`")  # noqa: TRY004 - the file is wrong
    return document.data


def _is_numbered(content: Mapping[str, object], labels: Sequence[str]) -> bool:
    """Tell whether the keys are class ids. A model of digits has labels that look like them; then they are labels."""
    return all(key.isdecimal() for key in content) and not content.keys() <= set(labels)


def _all_labels(settings: ModelSettings) -> set[str]:
    """Return the labels of all cards that are in use together: one file may translate the fallback's too."""
    found: set[str] = set()
    for name in (settings.name, settings.fallback):
        with contextlib.suppress(WeightsError):
            found.update(find_card(name, settings.weights).labels if name else ())
    return found


def _refuse_unknown(content: Iterable[str], card: Card, known: set[str]) -> None:
    unknown = [old for old in content if old not in known and old not in card.labels]
    if unknown:
        spelt = {label.casefold(): label for label in card.labels}
        told = ", ".join(_with_hint(old, spelt) for old in unknown[:_TOLD])
        more = f" and {len(unknown) - _TOLD} more" if len(unknown) > _TOLD else ""
        raise ValueError(f"{card.name} has no label {told}{more}")


def _with_hint(old: str, spelt: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(old.casefold(), spelt, n=1)
    return f"{old!a} (did you mean {spelt[near[0]]}?)" if near else f"{old!a}"


def _translated(labels: Sequence[str], content: Mapping[str, object]) -> tuple[str, ...]:
    """Return `labels` with those replaced that have a new name."""
    names: dict[str, str] = {}
    for old, new in content.items():
        if not isinstance(new, str):
            fault = "is missing" if new is None else f"is {ascii(new)[:60]}, which is no text; put it in quotes"
            raise ValueError(f"the new name of {old!a} {fault}")  # noqa: TRY004 - the file is wrong
        names[old] = new.strip()
    return check_labels([names.get(label, label) for label in labels])


def _replaced(card: Card, labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(labels) != len(card.labels):
        raise ValueError(
            f"it has {len(labels)} names, and {card.name} tells {len(card.labels)} classes apart; "
            "a file that renames some of them has lines of the form `old name: new name`"
        )
    return labels
