from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.card import shipped_cards
from monitor.classify.targets import Targets, UnknownTargetError

IMAGENET = shipped_cards()["resnet18"].labels
OLD = ("tench", "crane", "kite", "crane", "maillot", "maillot")
"""As in older label lists, where two classes have one name."""


def labels_of(targets: Targets, name: str) -> list[str]:
    return [IMAGENET[class_id] for class_id in targets.resolve(name)]


@pytest.mark.parametrize("name", ["fire engine", "Fire Engine", "fire_engine", " FIRE  engine "])
def test_a_label_is_found_whatever_its_case_and_spaces(name: str) -> None:
    assert Targets(IMAGENET, {}).resolve(name) == (555,)


def test_a_label_stands_for_all_classes_of_its_name() -> None:
    assert Targets(OLD, {}).resolve("crane") == (1, 3)


def test_of_labels_that_differ_only_in_case_the_one_written_alike_is_meant() -> None:
    targets = Targets(IMAGENET, {})
    assert (targets.resolve("Cardigan"), targets.resolve("cardigan"), targets.resolve("CARDIGAN")) == ((264,), (474,), (264, 474))


def test_a_shipped_group_stands_for_its_labels() -> None:
    assert Targets(IMAGENET, {}).resolve("dog") == tuple(range(151, 269))


def test_a_users_group_may_list_labels_and_groups_of_both_kinds() -> None:
    targets = Targets(IMAGENET, {"pet": ["dog", "cat", "hamster"], "house": ["pet", "Teddy", "tabby"]})
    assert targets.resolve("house") == (*range(151, 269), *range(281, 286), 333, 850)


def test_a_users_group_goes_before_a_label_and_a_shipped_group_of_its_name() -> None:
    targets = Targets(IMAGENET, {"goose": ["drake"], "Cat": ["lynx"]})
    assert labels_of(targets, "goose") == ["drake"]
    assert labels_of(targets, "cat") == ["lynx"]


def test_in_a_group_its_own_name_means_what_it_would_mean_without_the_group() -> None:
    targets = Targets(IMAGENET, {"cat": ["cat", "lynx"], "goose": ["goose", "drake"]})
    assert labels_of(targets, "cat") == [*IMAGENET[281:286], "lynx"]
    assert labels_of(targets, "goose") == ["drake", "goose"]


def test_a_models_own_label_goes_before_a_shipped_group() -> None:
    assert Targets(("dog", "cat", "postman"), {}).resolve("cat") == (1,)


def test_shipped_groups_are_offered_only_to_cards_that_have_their_labels() -> None:
    with pytest.raises(UnknownTargetError, match="'vehicle' is neither a label of the model nor a group"):
        Targets(("dog", "cat"), {}).resolve("vehicle")


def test_a_shipped_group_means_imagenets_places_and_not_whatever_else_has_one_of_its_names() -> None:
    twice = (*IMAGENET[:517], "crane bird", *IMAGENET[518:])
    birds = Targets(IMAGENET, {}).resolve("bird")
    assert 134 in birds
    assert Targets(twice, {}).resolve("bird") == birds
    assert Targets(twice, {}).resolve("crane bird") == (134, 517)


def test_a_model_that_has_the_labels_in_other_places_has_the_group_there() -> None:
    assert Targets(tuple(reversed(IMAGENET)), {}).resolve("cat") == tuple(999 - class_id for class_id in range(285, 280, -1))


GERMAN = (*IMAGENET[:281], "Tigerkatze", "Tigerkatze", *IMAGENET[283:])
"""Classes 281 and 282 are tabby and tiger cat."""


def test_under_new_names_a_shipped_group_means_the_same_classes() -> None:
    targets = Targets(GERMAN, {"katze": ["tigerkatze", "lynx"], "tier": ["cat", "hen"]}, IMAGENET)
    assert targets.resolve("cat") == (281, 282, 283, 284, 285)
    assert targets.resolve("Tigerkatze") == (281, 282)
    assert (targets.resolve("katze"), targets.resolve("tier")) == ((281, 282, 287), (8, 281, 282, 283, 284, 285))
    with pytest.raises(UnknownTargetError):
        Targets(GERMAN, {}).resolve("cat")


def test_a_new_name_goes_before_a_shipped_group_of_that_name() -> None:
    assert Targets((*GERMAN[:8], "Cat", *GERMAN[9:]), {}, IMAGENET).resolve("cat") == (8,)


def test_an_old_name_is_unknown_and_gets_the_new_one_as_a_hint() -> None:
    for name in ("tabby", "Tiger_Cat"):
        with pytest.raises(UnknownTargetError, match=f"'{name}' goes by another name here, which `model.labels` gave it: Tigerkatze"):
            Targets(GERMAN, {}, IMAGENET).resolve(name)
    with pytest.raises(UnknownTargetError, match=r"'tabby' \(in the group 'alt'\) goes by .*: Tigerkatze"):
        Targets(GERMAN, {"alt": ["tabby"]}, IMAGENET).resolve("alt")
    with pytest.raises(UnknownTargetError, match=r"'person' goes by .*: Mensch"):
        Targets(("Mensch",), {}, ("person",)).resolve("person")


def test_a_score_under_new_names_speaks_with_the_new_name() -> None:
    assert Targets(("rot", "grün"), {}, ("red", "green")).score(np.array([0.25, 0.5], np.float32), (0, 1)) == (0.75, "grün")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("goldfsh", "goldfish"),
        ("labrador", "labrador retriever"),
        ("vehicel", "vehicle"),
        ("swan", "black swan"),
        ("hot drnk", "hot drink"),
    ],
)
def test_a_name_that_is_nearly_right_gets_a_hint(name: str, hint: str) -> None:
    with pytest.raises(UnknownTargetError, match=f"did you mean .*{hint}"):
        Targets(IMAGENET, {"hot drink": ["espresso"]}).resolve(name)


def test_a_name_that_is_like_nothing_gets_no_hint() -> None:
    with pytest.raises(UnknownTargetError) as caught:
        Targets(("dog", "cat"), {}).resolve("xylophone")
    assert "did you mean" not in str(caught.value)


def test_an_unknown_member_is_told_with_its_group() -> None:
    with pytest.raises(UnknownTargetError, match=r"'dgo' .*\(in the group 'pet'\)"):
        Targets(IMAGENET, {"pet": ["dgo"]}).resolve("pet")


@pytest.mark.parametrize("name", ["person", "People", "face"])
def test_it_is_said_plainly_that_there_is_no_class_for_people(name: str) -> None:
    with pytest.raises(UnknownTargetError, match="no people"):
        Targets(IMAGENET, {}).resolve(name)
    assert Targets((*IMAGENET, name), {}).resolve(name) == (1000,)


@pytest.mark.parametrize(
    "groups", [{"a": ["b"], "b": ["a"]}, {"a": ["a"]}, {"a": ["b"], "b": ["c"], "c": ["b"]}, {"cat": ["pet"], "pet": ["cat"]}]
)
def test_groups_that_lead_back_to_themselves_are_an_error(groups: dict[str, list[str]]) -> None:
    with pytest.raises(UnknownTargetError, match=r"leads back to itself|neither"):
        Targets(IMAGENET, groups).resolve(next(iter(groups)))


LETTERS = Targets("abcdefghijklmnopqrstuvwxyz", {})


def test_the_score_is_the_sum_and_the_label_that_of_the_best() -> None:
    score, label = LETTERS.score(np.array([0.125, 0.25, 0.0625, 0.5], np.float32), (0, 1, 2))
    assert (score, label) == (0.4375, "b")


@given(st.lists(st.floats(2**-10, 1, width=32), min_size=1, max_size=26))
def test_a_score_is_never_above_one(raw: list[float]) -> None:
    scores = np.array(raw, np.float32) / np.float32(sum(raw)) * np.float32(1.00001)
    score, _ = LETTERS.score(scores, range(len(raw)))
    assert 0 <= score <= 1
