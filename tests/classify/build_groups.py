"""Write the labels of the shipped groups anew, from their definitions and WordNet 3.0: python -m tests.classify.build_groups.

A class of ImageNet is a WordNet noun: `n02084071` is the one at byte 2084071 of the file of nouns. A noun has any number of parents
(a minivan is a car and a van), and what lies below a node is all that leads to it over parents.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from monitor.classify.groups import RANGE
from monitor.classify.labels import parse_labels

NOUNS = Path("/usr/share/wordnet/data.noun")
"""From Debian's package wordnet-base."""

WNIDS = Path(__file__).with_name("imagenet1k_wnids.txt")
"""The noun of each class of ImageNet-1k, in the order of the classes."""

CLASSIFY = Path(__file__).parents[2] / "monitor" / "classify"
TABLE = CLASSIFY / "groups.yaml"
LABELS = CLASSIFY / "cards" / "imagenet1k.txt"

Definition = Mapping[str, Sequence[str]]

# A group of the table: its name, its definition and, if it was built before, its labels.
_GROUP = re.compile(r"^(?P<head>(?P<name>\w+):.*\n(?:  (?!labels:).*\n)+)(?:  labels: \[[^]]*\]\n)?", re.MULTILINE)


class WordNet:
    """The nouns: their words and their parents, by id."""

    def __init__(self, nouns: str) -> None:
        self.words: dict[str, list[str]] = {}
        self._parents: dict[str, list[str]] = {}
        for line in nouns.splitlines():
            if line.startswith("  "):  # the licence
                continue
            # Offset, file, kind, number of words (hexadecimal), each with a number; number of pointers, each of four fields; gloss.
            fields = line.split(" ")
            end = 4 + 2 * int(fields[3], 16)
            pointers = fields[end + 1 : end + 1 + 4 * int(fields[end])]
            noun = f"n{fields[0]}"
            self.words[noun] = [word.replace("_", " ") for word in fields[4:end:2]]
            self._parents[noun] = [f"n{pointers[at + 1]}" for at in range(0, len(pointers), 4) if pointers[at] in {"@", "@i"}]

    def above(self, noun: str) -> set[str]:
        """Return the nouns that `noun` is a kind of, itself included."""
        found: set[str] = set()
        waiting = [noun]
        while waiting:
            if (one := waiting.pop()) not in found:
                found.add(one)
                waiting += self._parents[one]
        return found


class Builder:
    """Finds the classes that the definitions of a table come to."""

    def __init__(self, wordnet: WordNet, wnids: Sequence[str], definitions: Mapping[str, Definition]) -> None:
        self._wordnet = wordnet
        self._above = [wordnet.above(wnid) for wnid in wnids]
        self._definitions = definitions

    def classes(self, group: str) -> set[int]:
        """Return the class ids of a group. ValueError for a part of its definition that is misnamed or makes no difference."""
        definition = self._definitions[group]
        found: set[int] = set()
        for name in definition.get("groups", ()):
            found |= self._more(self.classes(name), found, f"{group}: {name}")
        for node in definition.get("wordnet", ()):
            found |= self._more(self._below(node), found, f"{group}: {node}")
        for node in definition.get("without", ()):
            if not found & self._below(node):
                raise ValueError(f"{group}: {node} is not in it")
            found -= self._below(node)
        return found

    @staticmethod
    def _more(classes: set[int], found: set[int], what: str) -> set[int]:
        if classes <= found:
            raise ValueError(f"{what} adds nothing")
        return classes

    def _below(self, node: str) -> set[int]:
        noun, _, word = node.partition(" ")
        if word not in self._wordnet.words.get(noun, ()):
            raise ValueError(f"WordNet has no {word!r} at {noun}")
        return {class_id for class_id, above in enumerate(self._above) if noun in above}


def compact(class_ids: set[int], labels: Sequence[str]) -> list[str]:
    """Return the labels of `class_ids` in order, three or more neighbours as a range."""
    written: list[str] = []
    for first in sorted(class_id for class_id in class_ids if class_id - 1 not in class_ids):
        last = next(class_id for class_id in range(first, len(labels)) if class_id + 1 not in class_ids)
        written += [labels[first] + RANGE + labels[last]] if last - first >= 2 else labels[first : last + 1]
    return written


def rebuild(table: str, wordnet: WordNet, wnids: Sequence[str], labels: Sequence[str]) -> str:
    """Return the text of a table with the labels of each group written anew; all the rest, comments too, stays."""
    builder = Builder(wordnet, wnids, yaml.safe_load(table))

    def with_labels(group: re.Match[str]) -> str:
        listed = ",\0".join(compact(builder.classes(group["name"]), labels))
        # Lines break between labels and not in them.
        lines = textwrap.wrap(f"labels: [{listed}]".replace(" ", "\xa0").replace("\0", " "), 130, break_on_hyphens=False)
        return group["head"] + "".join(f"  {'  ' if number else ''}{line}\n" for number, line in enumerate(lines)).replace("\xa0", " ")

    return _GROUP.sub(with_labels, table)


def main() -> None:
    """Rebuild the shipped table in place."""
    labels = parse_labels(LABELS.read_text("utf-8"))
    TABLE.write_text(rebuild(TABLE.read_text("utf-8"), WordNet(NOUNS.read_text("utf-8")), WNIDS.read_text().split(), labels), "utf-8")


if __name__ == "__main__":
    main()
