from __future__ import annotations

import json
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from monitor.classify.measured import Measured, fastest, save
from tests.spine import CARD

FOUND = Measured("onnxruntime", metadata.version("onnxruntime"), 12.5, together=2, on="2026-11-24")
OTHER = replace(CARD, name="other")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A weights folder in which the model of three colours was measured."""
    save({(CARD.name, "fp32"): FOUND}, {CARD.name: CARD}, tmp_path)
    return tmp_path


def test_what_was_measured_is_read_again(weights: Path) -> None:
    assert fastest(CARD, "fp32", weights) == FOUND
    assert [path.name for path in weights.iterdir()] == ["bench.json"]


def test_nothing_was_measured_before_the_first_time(tmp_path: Path) -> None:
    assert fastest(CARD, "fp32", tmp_path) is None


def test_it_speaks_only_of_the_card_and_the_precision_that_were_measured(weights: Path) -> None:
    assert fastest(CARD, "int8", weights) is None
    assert fastest(OTHER, "fp32", weights) is None


def test_other_weights_were_not_measured(weights: Path) -> None:
    assert fastest(replace(CARD, sha256="1" * 64), "fp32", weights) is None


def test_another_cpu_was_not_measured(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.classify.measured.cpu_id", lambda: "01234567")
    assert fastest(CARD, "fp32", weights) is None


@pytest.mark.parametrize("change", [{"version": "0.1"}, {"engine": "no_such_engine"}, {"engine": ""}])
def test_another_version_of_the_engine_was_not_measured(tmp_path: Path, change: dict[str, str]) -> None:
    save({(CARD.name, "fp32"): replace(FOUND, engine=change.get("engine", "onnxruntime"), version=change.get("version", FOUND.version))},
         {CARD.name: CARD}, tmp_path)  # fmt: skip
    assert fastest(CARD, "fp32", tmp_path) is None


def test_findings_are_kept_beside_those_of_other_cards_and_newer_ones_take_the_place_of_older(weights: Path) -> None:
    faster = replace(FOUND, look_ms=9.0)
    save({("other", "int8"): FOUND, (CARD.name, "fp32"): faster}, {"other": OTHER, CARD.name: CARD}, weights)
    save({("other", "fp32"): FOUND}, {"other": OTHER}, weights)
    assert fastest(CARD, "fp32", weights) == faster
    assert fastest(OTHER, "int8", weights) == FOUND
    assert fastest(OTHER, "fp32", weights) == FOUND


@pytest.mark.parametrize("content", ["", "[", "[]", "null", '{"a": ', "\0"])
def test_a_file_that_is_damaged_counts_as_nothing_and_is_written_anew(weights: Path, content: str) -> None:
    (weights / "bench.json").write_text(content)
    assert fastest(CARD, "fp32", weights) is None
    save({(CARD.name, "fp32"): FOUND}, {CARD.name: CARD}, weights)
    assert fastest(CARD, "fp32", weights) == FOUND


@pytest.mark.parametrize(
    "change",
    [
        {"together": 0},
        {"together": "many"},
        {"together": None},
        {"look_ms": "12"},
        {"engine": 7},
        {"version": None},
        {"on": 5},
        {"more": 1},
    ],
)
def test_an_entry_that_cannot_be_meant_counts_as_nothing(weights: Path, change: dict[str, object]) -> None:
    file = weights / "bench.json"
    (key, entry), *_ = json.loads(file.read_text()).items()
    file.write_text(json.dumps({key: entry | change}))
    assert fastest(CARD, "fp32", weights) is None


@pytest.mark.parametrize("entry", [None, 7, "fast", [1, 2], {}])
def test_an_entry_of_another_kind_counts_as_nothing(weights: Path, entry: object) -> None:
    file = weights / "bench.json"
    (key,) = json.loads(file.read_text())
    file.write_text(json.dumps({key: entry}))
    assert fastest(CARD, "fp32", weights) is None
