from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.classify.card import shipped_cards
from monitor.errors import ConfigError, Problem
from monitor.rulebook import Rulebook, check_models, episodes_by_class
from monitor.values import Place, Severity
from tests.spine import CARD, load_text, write_colour_model

IMAGENET = shipped_cards()["resnet18"]

TWO_CAMERAS = """
cameras:
  porch: {source: demo, zones: {drive: [[0, 0], [1, 0], [1, 1]]}}
  yard: {source: demo}
rules:
  - {name: car, label: red, zones: [drive]}
  - {label: green, zones: [frame, drive], threshold: 0.6, looks: 3, hold: 2s, cooldown: 9s, severity: notice}
"""


def problems(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        Rulebook(load_text(folder, text), IMAGENET)
    return list(caught.value.problems)


def test_an_unknown_label_is_an_error_of_the_configuration_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    text = "cameras: {porch: {source: demo}}\nrules:\n  - label: tabbby\n"
    (problem,) = problems(tmp_path, text)
    assert (problem.where, problem.line) == ("rules[0].label", 3)
    assert "did you mean tabby" in problem.message
    assert "resnet18" in problem.message


def test_person_gets_a_plain_sentence(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "cameras: {porch: {source: demo}}\nrules: [{label: person}]")
    assert "the model has no class 'person'" in problem.message
    assert "a model of your own" in problem.message


def test_all_unknown_names_are_told_at_once_wherever_they_stand(tmp_path: Path) -> None:
    text = """
cameras:
  porch:
    source: demo
    rules:
      - label: unicorn
  yard: {source: demo}
groups:
  farm: [ox, griffin]
rules:
  - label: phoenix
"""
    found = {problem.where: problem.line for problem in problems(tmp_path, text)}
    assert found == {"groups.farm": 9, "rules[0].label": 11, "cameras.porch.rules[0].label": 6}


def test_the_error_names_the_file_as_it_was_loaded(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"{tmp_path}/config.yaml:1: rules\[0\].label: 'x' is neither"):
        Rulebook(load_text(tmp_path, "{cameras: {porch: {source: demo}}, rules: [{label: x}]}"), CARD)


def test_a_rule_is_left_out_on_a_camera_that_lacks_its_zone(tmp_path: Path) -> None:
    book = Rulebook(load_text(tmp_path, TWO_CAMERAS), CARD)
    assert [(each.rule.name, each.rule.zones) for each in book.questions("porch")] == [("car", ("drive",)), ("green", ("frame", "drive"))]
    assert [(each.rule.name, each.rule.zones) for each in book.questions("yard")] == [("green", ("frame",))]


def test_what_a_rule_says_reaches_the_judgement(tmp_path: Path) -> None:
    rule = Rulebook(load_text(tmp_path, TWO_CAMERAS), CARD).questions("yard")[0].rule
    assert (rule.label, rule.threshold, round(rule.release, 4), rule.looks) == ("green", 0.6, 0.42, 3)
    assert (rule.hold, rule.cooldown, rule.severity) == (2.0, 9.0, Severity.NOTICE)


def test_only_zones_that_a_rule_names_are_worth_a_look_and_the_whole_picture_without_a_rule(tmp_path: Path) -> None:
    book = Rulebook(load_text(tmp_path, TWO_CAMERAS), CARD)
    assert book.zones("porch") == ["drive", "frame"]
    assert book.zones("yard") == ["frame"]
    silent = Rulebook(load_text(tmp_path, "cameras: {porch: {source: demo, rules: []}}"), CARD)
    assert silent.zones("porch") == ["frame"]


def test_the_places_are_all_those_where_an_episode_can_live(tmp_path: Path) -> None:
    book = Rulebook(load_text(tmp_path, TWO_CAMERAS), CARD)
    assert book.places() == {
        Place("porch", "drive", "car"),
        Place("porch", "frame", "green"),
        Place("porch", "drive", "green"),
        Place("yard", "frame", "green"),
    }


def test_rules_of_a_camera_replace_the_global_ones_and_an_empty_list_means_none(tmp_path: Path) -> None:
    text = """
cameras:
  porch: {source: demo, rules: [{label: blue}]}
  yard: {source: demo, rules: []}
  hall: {source: demo}
rules: [{label: red}]
"""
    book = Rulebook(load_text(tmp_path, text), CARD)
    assert {camera: [each.rule.name for each in book.questions(camera)] for camera in ("porch", "yard", "hall")} == {
        "porch": ["blue"],
        "yard": [],
        "hall": ["red"],
    }


def test_a_group_adds_up_its_labels_and_speaks_with_the_best_of_them(tmp_path: Path) -> None:
    text = "{cameras: {porch: {source: demo}}, groups: {warm: [red, green]}, rules: [{label: warm}, {label: blue}]}"
    book = Rulebook(load_text(tmp_path, text), CARD)
    warm, blue = book.readings("porch", "frame", np.array([0.2, 0.5, 0.3], np.float32))
    assert [(each.rule, each.label, round(each.score, 4)) for each in (warm, blue)] == [("warm", "green", 0.7), ("blue", "blue", 0.3)]


def test_readings_are_only_of_the_rules_of_that_zone(tmp_path: Path) -> None:
    book = Rulebook(load_text(tmp_path, TWO_CAMERAS), CARD)
    row = np.array([0.1, 0.2, 0.7], np.float32)
    assert [reading.rule for reading in book.readings("porch", "frame", row)] == ["green"]
    assert [reading.rule for reading in book.readings("porch", "drive", row)] == ["car", "green"]


def test_under_new_names_rules_and_groups_use_those_and_old_ones_are_problems_with_a_hint(tmp_path: Path) -> None:
    german = replace(CARD, labels=("rot", "grün", "blau"), original=CARD.labels)
    text = "cameras: {porch: {source: demo}}\ngroups: {bunt: [rot, Grün]}\nrules: [{label: bunt}, {label: blau}]\n"
    bunt, blau = Rulebook(load_text(tmp_path, text), german).readings("porch", "frame", np.array([0.2, 0.5, 0.3], np.float32))
    assert ((bunt.rule, bunt.label), (blau.rule, blau.label)) == (("bunt", "grün"), ("blau", "blau"))
    with pytest.raises(ConfigError) as caught:
        Rulebook(load_text(tmp_path, text.replace("rot", "red").replace("blau", "blue")), german)
    told = {problem.where: problem.message for problem in caught.value.problems}
    assert told.keys() == {"groups.bunt", "rules[1].label"}
    assert "'red' (in the group 'bunt') goes by another name here" in told["groups.bunt"]
    assert "`model.labels` gave it: blau" in told["rules[1].label"]


def test_a_class_belongs_to_the_running_episode_of_a_rule_that_counts_it(tmp_path: Path) -> None:
    text = "{cameras: {porch: {source: demo}}, groups: {warm: [red, green]}, rules: [{label: warm}, {label: blue}]}"
    questions = Rulebook(load_text(tmp_path, text), CARD).questions("porch")
    assert episodes_by_class(questions, {"warm": "e1"}) == {0: "e1", 1: "e1"}
    assert episodes_by_class(questions, {}) == {}


def test_the_rules_are_held_against_the_model_and_the_fallback(tmp_path: Path) -> None:
    write_colour_model(tmp_path / "weights")
    text = f"cameras: {{porch: {{source: demo}}}}\nmodel: {{name: colours, weights: {tmp_path}/weights}}\nrules:\n  - label: LABEL\n"
    both = text.replace("name: colours", "name: colours, fallback: resnet18")
    check_models(load_text(tmp_path, text.replace("LABEL", "red")))
    check_models(load_text(tmp_path, text.replace("LABEL", "tabby").replace("name: colours", "name: resnet18, fallback: gone")))
    for label, whose in (("red", "(model resnet18, which is `model.fallback` and could not stand in)"), ("tabby", "(model colours)")):
        with pytest.raises(ConfigError) as caught:
            check_models(load_text(tmp_path, both.replace("LABEL", label)))
        (problem,) = caught.value.problems
        assert (problem.where, problem.line) == ("rules[0].label", 4)
        assert problem.message.endswith(whose)


def test_what_cannot_run_is_a_problem_with_its_line_unless_the_fallback_must_run_anyway(tmp_path: Path) -> None:
    write_colour_model(tmp_path / "weights")
    text = f"cameras: {{porch: {{source: demo}}}}\nmodel:\n  name: colours\n  precision: int8\n  weights: {tmp_path}/weights\n"
    with pytest.raises(ConfigError, match=r"config\.yaml:4: model\.precision: int8: colours has no int8 file: run `monitor weights quant"):
        check_models(load_text(tmp_path, text))
    check_models(load_text(tmp_path, text.replace("name: colours", "name: gone\n  fallback: colours")))
