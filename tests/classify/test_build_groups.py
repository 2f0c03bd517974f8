"""The shipped table of groups is what WordNet says, and the builder does what its definitions say."""

from __future__ import annotations

import re

import pytest
import yaml

from monitor.classify.labels import parse_labels
from tests.classify.build_groups import LABELS, NOUNS, TABLE, WNIDS, WordNet, compact, rebuild

FEW = """\
  1 The licence stands at the top.
00000001 03 n 02 thing 0 object 0 001 ~ 00000002 n 0000 | what there is
00000002 05 n 02 living_thing 0 animal 1 002 @ 00000001 n 0000 ~ 00000004 n 0000 | it moves
00000003 06 n 01 machine 0 002 @ 00000001 n 0000 #p 00000002 n 0000 | it has parts, none of them living
00000004 05 n 01 dog 0 001 @ 00000002 n 0000 | it barks
00000005 05 n 0b cat 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 j 0 k 0 001 @ 00000002 n 0000 | a noun of eleven words
00000006 06 n 01 toy_dog 0 002 @ 00000004 n 0000 @i 00000003 n 0000 | a robot, child of two
00000007 06 n 01 car 0 001 @ 00000003 n 0000 | it drives
"""
IDS = ("n00000004", "n00000005", "n00000006", "n00000007")
NAMES = ("dog", "cat", "toy dog", "car")


def built(definition: str) -> str:
    return rebuild(f"# Heading\n\ngroup: # why\n{definition}", WordNet(FEW), IDS, NAMES)


def labels(definition: str) -> str:
    return built(definition).split("  labels: ")[1].strip()


@pytest.fixture(scope="module")
def wordnet() -> WordNet:
    if not NOUNS.exists():
        pytest.skip("WordNet 3.0's nouns are not installed (Debian: wordnet-base)")
    return WordNet(NOUNS.read_text("utf-8"))


@pytest.mark.real
def test_the_shipped_table_is_what_wordnet_says(wordnet: WordNet) -> None:
    table = TABLE.read_text("utf-8")
    assert rebuild(table, wordnet, WNIDS.read_text().split(), parse_labels(LABELS.read_text("utf-8"))) == table


@pytest.mark.real
def test_every_label_is_a_word_of_its_class_in_wordnet(wordnet: WordNet) -> None:
    told_apart = {"crane bird": "crane", "maillot tank suit": "maillot"}  # the list names each class once
    for wnid, label in zip(WNIDS.read_text().split(), parse_labels(LABELS.read_text("utf-8")), strict=True):
        assert told_apart.get(label, label) in wordnet.words[wnid]


def test_a_node_stands_for_the_classes_below_it_over_any_of_their_parents() -> None:
    assert labels("  wordnet: [n00000002 living thing]\n") == "[dog .. toy dog]"
    assert labels("  wordnet: [n00000003 machine]\n") == "[toy dog, car]"
    assert labels("  wordnet: [n00000005 k]\n") == "[cat]"


def test_nodes_are_added_up_and_then_others_taken_away() -> None:
    assert labels("  wordnet: [n00000003 machine, n00000004 dog]\n  without: [n00000006 toy dog]\n") == "[dog, car]"


def test_a_group_may_be_made_of_others() -> None:
    assert labels("  groups: [pet]\n  wordnet: [n00000007 car]\npet:\n  wordnet: [n00000005 cat]\n").startswith("[cat, car]\npet:")


@pytest.mark.parametrize(
    ("definition", "complaint"),
    [
        ("  wordnet: [n00000004 wolf]\n", "WordNet has no 'wolf' at n00000004"),
        ("  wordnet: [n00000009 dog]\n", "WordNet has no 'dog' at n00000009"),
        ("  wordnet: [n00000002 animal, n00000004 dog]\n", "group: n00000004 dog adds nothing"),
        ("  wordnet: [n00000004 dog]\n  without: [n00000007 car]\n", "group: n00000007 car is not in it"),
    ],
)
def test_a_part_that_is_misnamed_or_makes_no_difference_is_an_error(definition: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        built(definition)


def test_only_the_labels_are_written_anew() -> None:
    definition = "  # more of why\n  wordnet: [n00000007 car] # that one\n"
    table = f"# Heading\n\ngroup: # why\n{definition}  labels: [car]\n\n# The end\n"
    assert built(definition + "\n# The end\n") == table
    assert built(definition + "  labels: [dog,\n    cat]\n\n# The end\n") == table


def test_long_lists_break_between_labels() -> None:
    names = tuple(f"name {'of some length ' * 2}{number}" for number in range(40))
    parents = ("001 @ 00000100 n 0000", "000")
    nouns = "".join(f"{number:08} 06 n 01 one 0 {parents[number % 2]} | every other is even\n" for number in range(40))
    wordnet = WordNet(nouns + "00000100 06 n 01 even 0 000 | the parent\n")
    table = rebuild("group:\n  wordnet: [n00000100 even]\n", wordnet, [f"n{number:08}" for number in range(40)], names)
    lines = table.splitlines()
    assert yaml.safe_load(table)["group"]["labels"] == list(names[::2])
    assert len(lines) > 5
    assert max(len(line) for line in lines) <= 140
    assert all(line.endswith(",") for line in lines[2:-1])


def test_three_neighbours_make_a_range() -> None:
    assert compact({0, 1, 3, 4, 5, 8, 9}, "abcdefghij") == ["a", "b", "d .. f", "i", "j"]
