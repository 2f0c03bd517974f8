"""A model's label list: the formats that people have it in, and what a label may not be.

The place in the list is the class id, so nothing is skipped, sorted or made unique: two classes of one name stay two classes.
"""

from __future__ import annotations

import hashlib
import json
import stat
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

MAX_LABEL = 200
"""Characters; a label stands in every alert and log line. ImageNet's longest has 30."""

MAX_FILE = 4_000_000
"""Bytes of a label file; ImageNet's 21,843 classes have 500,000."""

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, line and paragraph separators
_BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # they reorder whatever follows them in a log line


def read_label_file(file: Path) -> str:
    """Return the text of a label file. ValueError if it is none (a device, too large, not UTF-8); OSError if it cannot be read."""
    facts = file.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise ValueError("it is not a file")
    if facts.st_size > MAX_FILE:
        raise ValueError(f"it has {facts.st_size:,} bytes; at most {MAX_FILE:,} are allowed")
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text; save it as UTF-8") from error


def fingerprint(labels: Sequence[str]) -> str:
    """Return the SHA-256 of a label list. Another list has another one, and so has another order."""
    return hashlib.sha256("\n".join(labels).encode()).hexdigest()


def imagenet_labels() -> tuple[str, ...]:
    """Return the list of the shipped cards: torchvision's names for the 1,000 classes of ImageNet, no two alike."""
    return parse_labels((resources.files("monitor.classify") / "cards" / "imagenet1k.txt").read_text("utf-8"))


def parse_labels(text: str) -> tuple[str, ...]:
    """Read a label list: one a line, a JSON list, `{"0": "name"}` or `{"0": ["wnid", "name"]}`. ValueError says what is wrong."""
    if text.lstrip()[:1] in {"[", "{"}:
        return labels_of(from_json(text))
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
    return sorted(label for label, times in Counter(labels).items() if times > 1)


def labels_of(content: Mapping[str, object] | Sequence[object]) -> tuple[str, ...]:
    """Read the labels from a list that is decoded already: names in class order, or by class id. ValueError says what is wrong."""
    if isinstance(content, Mapping):
        content = _in_order(content)
    names: list[str] = []
    for class_id, entry in enumerate(content):
        name = entry[1] if isinstance(entry, list) and len(entry) == 2 else entry
        if not isinstance(name, str):
            raise ValueError(f'class {class_id} is {ascii(name)[:60]}, not a name or ["wnid", "name"]')  # noqa: TRY004 - the file is wrong
        names.append(name)
    return check_labels(names)


def from_json(text: str) -> dict[str, object] | list[object]:
    """Decode a list or an object; ValueError if it is neither, or says two things under one key."""
    try:
        content = json.loads(text, object_pairs_hook=_each_once)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"it begins like JSON but is not: {error}") from error
    assert isinstance(content, dict | list)  # callers saw its first character
    return content


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if twice := duplicates([key for key, _ in pairs]):
        raise ValueError(f"{twice[0]!a} stands in it twice")
    return dict(pairs)


def _in_order(content: Mapping[str, object]) -> list[object]:
    try:
        return [content[str(class_id)] for class_id in range(len(content))]
    except KeyError as error:
        raise ValueError(f"class {error} is missing: the keys must be 0 to {len(content) - 1}") from error
