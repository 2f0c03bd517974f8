from __future__ import annotations

import re
from importlib import resources

import pytest
import yaml

from monitor.classify.card import shipped_cards
from monitor.classify.groups import expand, shipped_groups

LABELS = shipped_cards()["resnet18"].labels
GROUPS = shipped_groups()
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


def test_the_label_list_is_torchvisions() -> None:
    from monitor.classify.architectures import build

    build("resnet18", 2)  # makes torchvision importable
    from torchvision.models import ResNet18_Weights

    assert list(LABELS) == ResNet18_Weights.IMAGENET1K_V1.meta["categories"]


@pytest.mark.parametrize("name", SIZES)
def test_groups_of_animals_are_as_large_as_in_wordnet(name: str) -> None:
    assert len(GROUPS[name]) == SIZES[name]


def test_every_member_is_a_label_and_no_group_is_empty() -> None:
    for name, members in GROUPS.items():
        assert members, name
        assert set(members) <= set(LABELS), name


def test_every_range_runs_forwards() -> None:
    written = yaml.safe_load((resources.files("monitor.classify") / "groups.yaml").read_text("utf-8"))
    ranges = [entry.split(" .. ") for entries in written.values() for entry in entries if " .. " in entry]
    assert ranges
    for first, last in ranges:
        assert LABELS.index(first) < LABELS.index(last), (first, last)


def test_names_are_fit_for_topics_and_are_no_labels() -> None:
    labels = {label.casefold().replace(" ", "_") for label in LABELS}
    for name in GROUPS:
        assert re.fullmatch(r"[a-z_]{1,64}", name)
        assert name not in labels


@pytest.mark.parametrize(
    "part", ["cat", "dog", "bird", "fish", "snake", "bear", "horse", "insect", "weasel_family", "livestock", "rodent", "monkey"]
)
def test_every_animal_group_is_part_of_animal(part: str) -> None:
    assert set(GROUPS[part]) <= set(GROUPS["animal"])


@pytest.mark.parametrize("part", ["car", "van", "truck", "bus", "motorcycle", "bicycle", "emergency_vehicle", "farm_machine"])
def test_everything_on_the_road_is_a_vehicle(part: str) -> None:
    assert set(GROUPS[part]) <= set(GROUPS["vehicle"])


@pytest.mark.parametrize("label", ["timber wolf", "dingo", "red fox", "hyena", "hotdog", "dogsled"])
def test_what_is_no_dog_is_not_in_dog(label: str) -> None:
    assert label not in GROUPS["dog"]


@pytest.mark.parametrize(
    ("group", "label"), [("aircraft", "plane"), ("bird", "crane"), ("car", "car wheel"), ("bottle", "bottlecap"), ("animal", "teddy")]
)
def test_labels_that_only_sound_alike_stay_out(group: str, label: str) -> None:
    assert label in LABELS
    assert label not in GROUPS[group]


def test_ranges_and_groups_are_replaced_by_labels_each_once_in_order() -> None:
    labels = ("a", "b", "c", "d", "e")
    assert expand({"x": ["b .. d", "a"], "y": ["x", "e", "b"]}, labels) == {"x": ("a", "b", "c", "d"), "y": ("a", "b", "c", "d", "e")}


def test_a_name_that_is_neither_is_an_error() -> None:
    with pytest.raises(ValueError, match="z"):
        expand({"x": ["z"]}, ("a", "b"))
