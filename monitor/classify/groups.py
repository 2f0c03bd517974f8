"""The groups that come with the program, made of ImageNet's labels."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from monitor.classify.labels import parse_labels
from monitor.classify.quick_yaml import read_yaml

RANGE = " .. "


def shipped_groups() -> dict[str, tuple[str, ...]]:
    """Return the labels of each shipped group, by its name. A group fits the cards that have all of its labels."""
    folder = resources.files("monitor.classify")
    labels = parse_labels((folder / "cards" / "imagenet1k.txt").read_text("utf-8"))
    written = read_yaml((folder / "groups.yaml").read_text("utf-8"))
    return {name: expand(group["labels"], labels) for name, group in written.items()}


def expand(written: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """Replace ranges `first .. last` by their labels, in the order of `labels`. ValueError for a name that is none of them."""
    ordered = list(labels)
    members: list[str] = []
    for entry in written:
        first, _, last = entry.partition(RANGE)
        members += ordered[ordered.index(first) : ordered.index(last or first) + 1]
    return tuple(members)
