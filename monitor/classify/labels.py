"""A model's label list: the formats that people have it in, and what a label may not be.

The place in the list is the class id, so nothing is skipped, sorted or made unique: two classes of one name stay two classes.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence

MAX_LABEL = 200
"""Characters; a label stands in every alert and log line. ImageNet's longest has 30."""

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, line and paragraph separators
_BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # they reorder whatever follows them in a log line


def parse_labels(text: str) -> tuple[str, ...]:
    """Read a label list: one a line, a JSON list, `{"0": "name"}` or `{"0": ["wnid", "name"]}`. ValueError says what is wrong."""
    if text.lstrip()[:1] in {"[", "{"}:
        return check_labels(_from_json(text))
    lines = text.rstrip().split("\n") if text.strip() else []
    return check_labels([line.strip() for line in lines])


def check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return `labels` as a tuple; ValueError names the first that is empty, too long or not printable."""
    if not labels:
        raise ValueError("the list of labels is empty")
    for class_id, label in enumerate(labels):
        if not label.strip():
            raise ValueError(f"the label of class {class_id} is empty")
        if len(label) > MAX_LABEL:
            raise ValueError(f"the label of class {class_id} has {len(label)} characters; at most {MAX_LABEL} are allowed")
        if any(unicodedata.category(c) in _UNPRINTABLE or unicodedata.bidirectional(c) in _BIDI for c in label):
            raise ValueError(f"the label of class {class_id}, {label!a}, holds a control character")
    return tuple(labels)


def duplicates(labels: Sequence[str]) -> list[str]:
    """Return the names that more than one class has, sorted."""
    return sorted({label for label in labels if labels.count(label) > 1}) if len(set(labels)) < len(labels) else []


def _from_json(text: str) -> list[str]:
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"it begins like JSON but is not: {error}") from error
    if isinstance(content, dict):
        content = _in_order(content)
    names = [entry[1] if isinstance(entry, list) and len(entry) == 2 else entry for entry in content]
    for class_id, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(f'class {class_id} is {ascii(name)[:60]}, not a name or ["wnid", "name"]')  # noqa: TRY004 - the file is wrong
    return names


def _in_order(content: dict[str, object]) -> list[object]:
    try:
        return [content[str(class_id)] for class_id in range(len(content))]
    except KeyError as error:
        raise ValueError(f"class {error} is missing: the keys must be 0 to {len(content) - 1}") from error
