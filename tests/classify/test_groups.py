from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from monitor.classify.card import shipped_cards
from monitor.classify.groups import RANGE, expand, shipped_groups
from monitor.classify.targets import Targets
from tests.classify.build_groups import TABLE, WNIDS

LABELS = shipped_cards()["resnet18"].labels
GROUPS = shipped_groups()
TARGETS = Targets(LABELS, {})
WRITTEN: dict[str, dict[str, list[str]]] = yaml.safe_load(TABLE.read_text("utf-8"))
README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
SIZES = {
    "dog": 118,
    "cat": 5,
    "big_cat": 8,
    "bird": 59,
    "snake": 17,
    "lizard": 11,
    "turtle": 5,
    "insect": 27,
    "fish": 16,
    "bear": 4,
    "animal": 398,
}
"""How many classes ImageNet-1k has of each, by WordNet."""


def ids_of(name: str) -> list[int]:
    return [LABELS.index(label) for label in GROUPS[name]]


def test_the_label_list_is_torchvisions() -> None:
    from monitor.classify.architectures import build

    build("resnet18", 2)  # makes torchvision importable
    from torchvision.models import ResNet18_Weights

    assert list(LABELS) == ResNet18_Weights.IMAGENET1K_V1.meta["categories"]


def test_every_label_is_there_once_so_that_it_is_as_good_as_a_class_id() -> None:
    assert len(set(LABELS)) == len(LABELS) == 1000
    assert (LABELS.index("crane bird"), LABELS.index("crane")) == (134, 517)


@pytest.mark.parametrize(
    "name",
    [
        *("cat", "dog", "bird", "bear", "horse", "cow", "sheep", "animal", "vehicle", "truck", "bus", "motorcycle", "bicycle", "boat"),
        *("aircraft", "fire_engine", "mail_delivery"),
    ],
)
def test_what_people_watch_for_has_a_name(name: str) -> None:
    assert TARGETS.resolve(name)


@pytest.mark.parametrize("name", SIZES)
def test_groups_of_animals_are_as_large_as_in_wordnet(name: str) -> None:
    assert len(GROUPS[name]) == SIZES[name]


def test_every_member_is_a_label_and_no_group_is_empty() -> None:
    for name, members in GROUPS.items():
        assert members, name
        assert set(members) <= set(LABELS), name


def test_every_range_runs_forwards_and_members_are_listed_once_in_order() -> None:
    ranges = [entry.split(RANGE) for group in WRITTEN.values() for entry in group["labels"] if RANGE in entry]
    assert ranges
    for first, last in ranges:
        assert LABELS.index(first) < LABELS.index(last), (first, last)
    for name in GROUPS:
        assert ids_of(name) == sorted(set(ids_of(name))), name


def test_every_group_is_defined_by_nodes_of_wordnet_or_by_other_groups() -> None:
    for name, group in WRITTEN.items():
        assert {"labels"} < set(group) <= {"wordnet", "groups", "without", "labels"}, name
        for node in [*group.get("wordnet", ()), *group.get("without", ())]:
            assert re.fullmatch(r"n\d{8} \S.*", node), node


def test_a_node_that_is_a_class_itself_is_in_the_group_or_taken_from_it() -> None:
    wnids = WNIDS.read_text().split()
    assert len(set(wnids)) == len(LABELS)
    assert all(re.fullmatch(r"n\d{8}", wnid) for wnid in wnids)
    for name, group in WRITTEN.items():
        for part, within in (("wordnet", True), ("without", False)):
            for node in group.get(part, ()):
                if (wnid := node.split()[0]) in wnids:
                    assert (LABELS[wnids.index(wnid)] in GROUPS[name]) is within, (name, node)


def test_names_are_fit_for_topics_and_mean_the_group_and_no_label() -> None:
    for name in GROUPS:
        assert re.fullmatch(r"[a-z_]{1,64}", name)
        assert TARGETS.resolve(name) == tuple(ids_of(name)), name


def test_every_animal_is_in_animal_and_nothing_else() -> None:
    assert GROUPS["animal"] == LABELS[: LABELS.index("abacus")]


@pytest.mark.parametrize(
    "part", ["cat", "dog", "bird", "fish", "snake", "bear", "horse", "insect", "weasel_family", "livestock", "rodent", "monkey"]
)
def test_every_animal_group_is_part_of_animal(part: str) -> None:
    assert set(GROUPS[part]) <= set(GROUPS["animal"])


@pytest.mark.parametrize("part", ["car", "van", "truck", "bus", "motorcycle", "bicycle", "emergency_vehicle", "farm_machine"])
def test_everything_on_the_road_is_a_vehicle(part: str) -> None:
    assert set(GROUPS[part]) <= set(GROUPS["vehicle"])


@pytest.mark.parametrize("label", ["streetcar", "tricycle", "oxcart", "jinrikisha", "tank", "recreational vehicle", "snowplow", "go-kart"])
def test_rarer_road_users_are_vehicles_too(label: str) -> None:
    assert label in GROUPS["vehicle"]


@pytest.mark.parametrize("part", ["train", "boat", "ship", "aircraft"])
def test_what_does_not_drive_on_roads_is_no_vehicle(part: str) -> None:
    assert not set(GROUPS[part]) & set(GROUPS["vehicle"])


@pytest.mark.parametrize(
    ("group", "label"), [("vehicle", "mobile home"), ("vehicle", "barrow"), ("mail_delivery", "mailbox"), ("ship", "wreck")]
)
def test_what_stands_in_the_picture_all_day_does_not_keep_a_rule_on(group: str, label: str) -> None:
    assert label in LABELS
    assert label not in GROUPS[group]


@pytest.mark.parametrize("label", ["timber wolf", "dingo", "red fox", "hyena", "hotdog", "dogsled"])
def test_what_is_no_dog_is_not_in_dog(label: str) -> None:
    assert label not in GROUPS["dog"]


@pytest.mark.parametrize(
    ("group", "label"),
    [("aircraft", "plane"), ("bird", "crane"), ("car", "car wheel"), ("bottle", "bottlecap"), ("animal", "teddy"), ("dog", "cardigan")],
)
def test_labels_that_only_sound_alike_stay_out(group: str, label: str) -> None:
    assert label in LABELS
    assert label not in GROUPS[group]


def test_the_readme_names_every_shipped_group_and_no_other() -> None:
    listed = README.split("The shipped groups are built", 1)[1].split("\n\n", 2)[1]
    names = re.findall(r"`(.+?)`", listed)
    assert sorted(names) == sorted(GROUPS)


def test_the_readme_says_plainly_that_there_is_no_class_for_people() -> None:
    assert "person" not in LABELS
    assert "**ImageNet has no class `person`**" in README


def test_ranges_are_replaced_by_labels_in_order() -> None:
    labels = ("a", "b", "c", "d", "e")
    assert expand(["a", "c .. e"], labels) == ("a", "c", "d", "e")


def test_a_name_that_is_no_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="z"):
        expand(["z"], ("a", "b"))
