from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.classify.card import Card
from monitor.classify.export import EXPORTER
from monitor.classify.int8.file import QUANTIZER, check_int8, int8_engines, int8_path, int8_report
from monitor.classify.int8.quantize import quantize
from monitor.errors import WeightsError
from tests.small_net import record_of, small_inputs, write_small_net


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Card]:
    """A weights folder with the small net and its int8 file. Not to be changed."""
    folder = tmp_path_factory.mktemp("weights")
    card = write_small_net(folder)
    quantize(card, folder, small_inputs(100), {}, 1, accept=False, progress=lambda what, done, total: None)
    return folder, card


@pytest.fixture
def card(made: tuple[Path, Card]) -> Card:
    return made[1]


@pytest.fixture
def weights(made: tuple[Path, Card], tmp_path: Path) -> Path:
    """A copy of the folder, to be spoiled."""
    return Path(shutil.copytree(made[0], tmp_path / "weights"))


def rewrite(weights: Path, card: Card, **changes: Any) -> None:
    """Change the record of the int8 file."""
    path = int8_path(card, weights)
    path.with_name(f"{path.name}.json").write_text(json.dumps(record_of(path) | changes))


def refusal(weights: Path, card: Card) -> str:
    """What is said of an int8 file that may not be used; it always ends with what to do."""
    with pytest.raises(WeightsError) as caught:
        check_int8(card, weights)
    sentence, _, advice = str(caught.value).rpartition(": run ")
    assert advice == "`monitor weights quantize small` with pictures of your own, or set `model.precision: fp32`"
    return sentence


def test_a_whole_one_may_be_used(weights: Path, card: Card) -> None:
    assert check_int8(card, weights) == int8_path(card, weights)


def test_a_flipped_byte_is_refused(weights: Path, card: Card) -> None:
    path = int8_path(card, weights)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert refusal(weights, card) == f"{path} is damaged: its SHA-256 is not the one it was written with"


@pytest.mark.parametrize("stale", [{"exporter": EXPORTER - 1}, {"quantizer": QUANTIZER - 1}, {"checkpoint": "0" * 64}])
def test_one_that_was_made_by_an_earlier_version_or_from_another_checkpoint_is_refused(
    weights: Path, card: Card, stale: dict[str, Any]
) -> None:
    rewrite(weights, card, **stale)
    assert "made by another version of this program or from another file" in refusal(weights, card)


def test_one_without_its_record_is_refused(weights: Path, card: Card) -> None:
    path = int8_path(card, weights)
    path.with_name(f"{path.name}.json").write_text("[")
    assert refusal(weights, card) == f"{path}.json is missing or damaged"
    assert (int8_report(card, weights), int8_engines(card, weights)) == ({}, [])


def test_other_weights_have_no_int8_file_yet(weights: Path, card: Card) -> None:
    other = replace(card, sha256="1" * 64)
    assert "is missing" in refusal(weights, other)
    assert int8_engines(other, weights) == []


def test_a_record_without_its_file_counts_as_nothing(weights: Path, card: Card) -> None:
    int8_path(card, weights).unlink()
    assert "is missing" in refusal(weights, card)
    assert int8_report(card, weights) == {}


def test_it_is_there_for_the_engines_for_which_it_was_kept(weights: Path, card: Card) -> None:
    rewrite(weights, card, engines={"onnxruntime": {"kept": False}, "openvino": {"kept": True}, "other": {}})
    assert int8_engines(card, weights) == ["openvino"]
    rewrite(weights, card, engines=[])
    assert int8_engines(card, weights) == []
