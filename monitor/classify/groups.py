"""The groups that come with the program, made of ImageNet's labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

import yaml

from monitor.classify.labels import parse_labels

_RANGE = " .. "


def shipped_groups() -> dict[str, tuple[str, ...]]:
    """Return the labels of each shipped group, by its name. A group fits the cards that have all of its labels."""
    folder = resources.files("monitor.classify")
    labels = parse_labels((folder / "cards" / "imagenet1k.txt").read_text("utf-8"))
    return expand(yaml.safe_load((folder / "groups.yaml").read_text("utf-8")), labels)


def expand(written: Mapping[str, Sequence[str]], labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Replace ranges `first .. last` and names of groups by their labels, each once, in the order of `labels`.

    ValueError for a name that is neither.
    """

    ordered = list(labels)

    def ids(name: str) -> set[int]:
        return set().union(*(members(entry) for entry in written[name]))

    def members(entry: str) -> set[int]:
        if entry in written:
            return ids(entry)
        first, _, last = entry.partition(_RANGE)
        return set(range(ordered.index(first), ordered.index(last or first) + 1))

    return {name: tuple(ordered[class_id] for class_id in sorted(ids(name))) for name in written}
