from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from monitor.classify.card import Card, card_text, find_card, shipped_cards
from monitor.classify.relabel import chosen_card, configured_cards
from monitor.config.schema import ModelSettings
from monitor.errors import ConfigError, WeightsError
from tests.spine import load_text

IMAGENET = shipped_cards()["resnet18"].labels
GERMAN = ("Katze", "Hund", "gar nichts")


@pytest.fixture
def weights(random_card: Card, tmp_path: Path) -> Path:
    """A folder with the card `random` of three classes: cat, dog, nothing at all."""
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "random.yaml").write_text(card_text(random_card), "utf-8")
    return folder


def relabelled(weights: Path, text: str, file: str = "labels.txt", name: str = "random", fallback: str | None = None) -> Card:
    """The card `name` where `model.labels` is a file that says `text`."""
    path = weights.parent / file
    path.write_text(text, "utf-8")
    return chosen_card(name, ModelSettings(name=name, fallback=fallback, weights=weights, labels=path))


def refusal(weights: Path, text: str, file: str = "labels.txt", name: str = "random", fallback: str | None = None) -> str:
    """What is said of a file that will not do; it always names the key and the file."""
    with pytest.raises(ConfigError) as caught:
        relabelled(weights, text, file, name, fallback)
    (problem,) = caught.value.problems
    assert problem.where == "model.labels"
    assert problem.message.startswith(f"{weights.parent / file}")
    return problem.message


def test_without_a_file_a_card_is_as_it_is(weights: Path) -> None:
    assert chosen_card("random", ModelSettings(weights=weights)) == find_card("random", weights)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("list.txt", "\n".join(GERMAN)),
        ("list.json", json.dumps(GERMAN)),
        ("list.yaml", "- Katze\n- Hund\n- gar nichts\n"),
        ("numbered.json", json.dumps({"2": GERMAN[2], "0": GERMAN[0], "1": GERMAN[1]})),
        ("numbered.json", json.dumps({str(class_id): ["n0", name] for class_id, name in enumerate(GERMAN)})),
        ("numbered.yml", "0: Katze\n1: Hund\n2: gar nichts\n"),
        ("names.json", json.dumps(dict(zip(("cat", "dog", "nothing at all"), GERMAN, strict=True)))),
        ("names.yaml", "nothing at all: gar nichts\ndog: Hund\ncat: Katze\n"),
        ("names.txt", "\n# auf Deutsch\ncat: Katze  # Miau\ndog: Hund\n'nothing at all': gar nichts\n"),
    ],
)
def test_every_form_of_the_file_gives_the_classes_their_new_names_in_place(weights: Path, file: str, text: str) -> None:
    card = relabelled(weights, text, file)
    assert card.labels == GERMAN
    assert card.original == ("cat", "dog", "nothing at all")
    assert replace(card, labels=card.original, original=None) == find_card("random", weights)


def test_a_translation_may_be_partial_and_give_several_classes_one_name(weights: Path) -> None:
    assert relabelled(weights, "cat: no\ndog: no\n").labels == ("no", "no", "nothing at all")
    assert relabelled(weights, "{}").labels == ("cat", "dog", "nothing at all")


def test_a_mapping_of_a_model_of_digits_goes_by_its_labels_and_not_by_class_ids(random_card: Card, weights: Path) -> None:
    digits = replace(random_card, name="digits", labels=("2", "1", "0"))
    (weights / "digits.yaml").write_text(card_text(digits), "utf-8")
    assert relabelled(weights, "{'0': 'zero', '1': 'one', '2': 'two'}", "d.yaml", "digits").labels == ("two", "one", "zero")


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("short.txt", "eins\nzwei\n", "it has 2 names, and random tells 3 classes apart; .* `old name: new name`"),
        ("short.json", '{"0": "eins", "1": "zwei"}', "2 names, and random tells 3"),
        ("old.json", '{"Cat": "Katze", "dgo": "Hund", "owl": "Eule"}', r"no label 'Cat' \(did you mean cat\?\), 'dgo' \(.* dog\?\), 'owl'"),
        ("many.yaml", "".join(f"x{number}: y\n" for number in range(12)), "'x9' and 2 more"),
        ("number.yaml", "cat: 7", "the new name of 'cat' is 7, which is no text; put it in quotes"),
        ("nothing.yaml", "cat:\n", "the new name of 'cat' is missing"),
        ("blank.yaml", "cat: ' '\n", "class 0 is empty"),
        ("order.yaml", 'cat: "\\u202egato"\n', "control character"),
        ("twice.yaml", "cat: a\ndog: b\ncat: c\n", "line 3: cat is written twice"),
        ("twice.json", '{"cat": "a", "cat": "b"}', "'cat' stands in it twice"),
        ("torn.json", '{"cat": "a",', "begins like JSON but is not"),
        ("torn.yaml", "cat: [a\n", "line 1: is not YAML"),
        ("mixed.txt", "cat: a\nHund\n", "line 2: is not YAML"),
        ("word.yaml", "cat\n", "neither a list of labels nor lines"),
        ("empty.yaml", "# later\n", "neither a list of labels nor lines"),
        ("empty.txt", "", "empty"),
        ("long.txt", f"{'x' * 201}\n" * 3, "201 characters"),
    ],
)
def test_a_file_that_cannot_be_meant_is_told_with_what_is_wrong_in_it(weights: Path, file: str, text: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        raise AssertionError(refusal(weights, text, file))


def test_a_file_that_cannot_be_read_is_told(weights: Path) -> None:
    for path, complaint in (("nowhere.txt", "No such file"), ("weights", "not a file"), ("/dev/zero", "not a file")):
        with pytest.raises(ConfigError, match=rf"model\.labels: .*{complaint}"):
            chosen_card("random", ModelSettings(weights=weights, labels=weights.parent / path))
    (weights.parent / "latin.txt").write_bytes("Bär\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        chosen_card("random", ModelSettings(weights=weights, labels=weights.parent / "latin.txt"))


def test_one_file_may_translate_the_labels_of_the_model_and_of_its_fallback(weights: Path) -> None:
    text = yaml.safe_dump({"nothing at all": "nichts", "tabby": "Tigerkatze"})
    assert relabelled(weights, text, fallback="resnet18").labels == ("cat", "dog", "nichts")
    assert "no label 'tabby'" in refusal(weights, text)


def test_a_list_that_does_not_fit_the_fallback_is_a_problem_with_its_line(weights: Path) -> None:
    (weights.parent / "labels.txt").write_text("\n".join(GERMAN))
    text = f"cameras: {{a: {{source: demo}}}}\nmodel:\n  name: random\n  fallback: resnet18\n  labels: labels.txt\n  weights: {weights}\n"
    with pytest.raises(ConfigError, match=r"config\.yaml:5: model\.labels: .*3 names, and resnet18 tells 1000 classes apart"):
        configured_cards(load_text(weights.parent, text))
    (card,) = configured_cards(load_text(weights.parent, text.replace("  fallback: resnet18\n", "")))
    assert card.labels == GERMAN


@pytest.mark.parametrize("names", ["name: random, fallback: gone", "name: gone, fallback: random"])
def test_a_card_that_cannot_be_read_is_left_out_where_the_other_one_can_stand_in(weights: Path, names: str) -> None:
    text = f"{{cameras: {{a: {{source: demo}}}}, model: {{{names}, weights: {weights}}}}}"
    assert [card.name for card in configured_cards(load_text(weights.parent, text))] == ["random"]


@pytest.mark.parametrize("names", ["name: gone", "name: gone, fallback: vanished"])
def test_without_a_card_that_can_be_read_it_is_the_first_that_is_told(weights: Path, names: str) -> None:
    text = f"{{cameras: {{a: {{source: demo}}}}, model: {{{names}, weights: {weights}}}}}"
    with pytest.raises(WeightsError, match="no model card 'gone'"):
        configured_cards(load_text(weights.parent, text))


def test_the_cards_that_may_run_come_in_the_order_in_which_they_are_tried(weights: Path) -> None:
    text = f"{{cameras: {{a: {{source: demo}}}}, model: {{name: random, fallback: resnet18, weights: {weights}}}}}"
    assert [card.name for card in configured_cards(load_text(weights.parent, text))] == ["random", "resnet18"]


def test_a_thousand_names_of_imagenet_are_taken(weights: Path) -> None:
    card = relabelled(weights, "\n".join(f"die {label}" for label in IMAGENET), name="efficientnet_lite0")
    assert (card.labels[281], card.original) == ("die tabby", IMAGENET)
