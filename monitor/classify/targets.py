"""From the names that people write in rules to the classes of a card, and from its scores to theirs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.classify.groups import shipped_groups
from monitor.classify.labels import imagenet_labels
from monitor.errors import MonitorError

_PEOPLE = {"person", "people", "human", "man", "woman", "child", "baby", "face", "pedestrian"}


class UnknownTargetError(MonitorError):
    """A rule or a group names what the card cannot tell."""


class Targets:
    """What can be asked of a card: its labels, the user's groups and the shipped groups, by names in which case and `_` do not matter.

    A user's group goes before a label, a label before a shipped group. A label stands for all classes of that name; where two labels differ
    only in case (ImageNet has a Cardigan, which is a dog, and a cardigan), the one that is written alike goes first. In a group its own
    name means what it would mean without the group, so that `cat: [cat, lynx]` adds to the shipped cats.

    original: the labels that the model was made with, where its classes go by other names now. The shipped groups stand for those classes,
    whatever they are called; nothing else is found by its old name.
    """

    def __init__(self, labels: Sequence[str], groups: Mapping[str, Sequence[str]], original: Sequence[str] | None = None) -> None:
        self._labels = labels
        self._exact = _classes(labels)
        self._alike = _classes(map(_plain, labels))
        self._former = _classes(map(_plain, original or ()))
        for name, class_ids in _group_classes(labels if original is None else original).items():
            self._alike.setdefault(_plain(name), class_ids)
        self._groups = {_plain(name): members for name, members in groups.items()}

    def resolve(self, name: str) -> tuple[int, ...]:
        """Return the class ids that `name` stands for, ascending. UnknownTargetError if there are none, or a group leads back to itself."""
        return self._resolve(name, ())

    def score(self, probabilities: NDArray[np.float32], class_ids: Sequence[int]) -> tuple[float, str]:
        """Return the sum of the scores of `class_ids` in one row (at most 1, whatever rounding says) and the label of the best of them."""
        scores = probabilities[list(class_ids)]
        return min(float(scores.sum(dtype=np.float64)), 1.0), self._labels[class_ids[int(scores.argmax())]]

    def _resolve(self, name: str, inside: tuple[str, ...]) -> tuple[int, ...]:
        plain = _plain(name)
        if plain in self._groups and plain not in inside:
            return _union(self._resolve(member, (*inside, plain)) for member in self._groups[plain])
        if plain in self._alike and plain not in inside[:-1]:
            return self._exact.get(name) or self._alike[plain]
        if plain in inside:
            raise UnknownTargetError(f"the group {name!r} leads back to itself: {' -> '.join((*inside, plain))}")
        raise UnknownTargetError(self._unknown(name, inside))

    def _unknown(self, name: str, inside: tuple[str, ...]) -> str:
        plain = _plain(name)
        where = f" (in the group {inside[-1]!r})" if inside else ""
        if plain in self._former:
            now = dict.fromkeys(self._labels[class_id] for class_id in self._former[plain])
            return f"{name!r}{where} goes by another name here, which `model.labels` gave it: {' and '.join(now)}"
        if plain in _PEOPLE:
            return (
                f"the model has no class {name!r}{where}: ImageNet, which the shipped models know, has animals, vehicles, things and food, "
                "but no people; a model of your own can have them (`monitor weights import`)"
            )
        names = [*self._groups, *self._alike]
        near = [name for name in names if plain in name.split()][:3] or difflib.get_close_matches(plain, names, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return f"{name!r} is neither a label of the model nor a group{where}{hint}"


def _classes(names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Return the class ids of each name."""
    classes: dict[str, list[int]] = {}
    for class_id, name in enumerate(names):
        classes.setdefault(name, []).append(class_id)
    return {name: tuple(class_ids) for name, class_ids in classes.items()}


def _group_classes(labels: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the classes of each shipped group, of those whose labels a model has.

    Where they are in ImageNet's places, as in every shipped card, only these places are meant: lists of ImageNet are about that call two
    classes `crane`, and one of them is no bird. Other models have the labels where they have them.
    """
    places = {label: class_id for class_id, label in enumerate(imagenet_labels())}
    anywhere = _classes(labels)
    found = {}
    for name, members in shipped_groups().items():
        if all(label in anywhere for label in members):
            in_place = all(places.get(label) in anywhere[label] for label in members)
            found[name] = _union([places[label]] if in_place else anywhere[label] for label in members)
    return found


def _union(parts: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(sorted(set().union(*parts)))


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").split())
