from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.card import Card, export_path
from monitor.classify.choose import installed
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.engines.openvino import OpenVinoEngine
from monitor.classify.export import EXPORTER
from monitor.classify.golden import golden_input
from monitor.classify.int8.calibrate import RECIPES, Recipe
from monitor.classify.int8.file import QUANTIZER, check_int8, int8_engines, int8_path, int8_report
from monitor.classify.int8.quantize import REQUIRED, Report, Rules, quantize
from monitor.classify.prepared import prepare, prepared
from monitor.errors import UsageError, WeightsError
from tests.small_net import SIDE, record_of, small_inputs, write_small_net

INT8_ENGINES = [name for name in installed() if name != "torch"]
INPUTS = small_inputs(100)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tmp_path / "weights"


@pytest.fixture
def card(weights: Path) -> Card:
    """The small net in the weights folder."""
    return write_small_net(weights)


@pytest.fixture
def undecided(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    """A net whose answers int8 cannot tell apart, and no recipe that keeps its last layer exact."""
    monkeypatch.setattr("monitor.classify.int8.quantize.RECIPES", [Recipe("MinMax", 0, 0), Recipe("MinMax", 1, 0)])
    return write_small_net(weights, undecided=True)


def make(
    card: Card, weights: Path, inputs: list[NDArray[np.float32]] = INPUTS, rules: Rules | None = None, *, accept: bool = False
) -> Report:
    return quantize(card, weights, inputs, rules or {}, 1, accept=accept, progress=lambda what, done, total: None)


def names(weights: Path) -> set[str]:
    return {path.name for path in weights.iterdir()}


def test_an_int8_file_as_good_as_the_exact_one_is_kept_with_its_record_and_nothing_else(card: Card, weights: Path) -> None:
    before = names(weights)
    report = make(card, weights)
    path = int8_path(card, weights)
    assert names(weights) - before == {path.name, f"{path.name}.json"}
    assert check_int8(card, weights) == path
    assert int8_engines(card, weights) == list(report.engines) == INT8_ENGINES
    assert all(each.kept and not each.accepted and each.agreement >= REQUIRED for each in report.engines.values())
    assert all(0 <= each.score_difference < 0.05 and each.ms > 0 and each.fp32_ms > 0 for each in report.engines.values())
    assert report.recipe == RECIPES[0]


def test_the_record_says_what_it_was_made_from_and_what_was_measured(card: Card, weights: Path) -> None:
    report = make(card, weights, rules={"red": ([0], 0.5)})
    record = record_of(int8_path(card, weights))
    assert (record["checkpoint"], record["exporter"], record["quantizer"]) == (card.sha256, EXPORTER, QUANTIZER)
    assert record["recipe"] == str(report.recipe)
    assert record["pictures"] == {"calibrated": 50, "measured": 50}
    assert record["weights_in_7_bits"] in {True, False}
    assert set(record["engines"]) == set(record["golden_logits"]) == set(INT8_ENGINES)
    for name, each in record["engines"].items():
        assert each["agreement"] == report.engines[name].agreement
        assert set(each["rules"]["red"]) == {"same", "difference"}
        assert (each["kept"], each["accepted"]) == (True, False)
        assert len(record["golden_logits"][name]) == len(card.labels)
    assert int8_report(card, weights) == record["engines"]


def test_the_rules_are_compared_on_the_pictures_that_were_not_calibrated_on(card: Card, weights: Path) -> None:
    report = make(card, weights, small_inputs(105), {"red": ([0], 0.5), "any": ([0, 1, 2], 0.5)})
    assert (report.calibrated, report.measured) == (55, 50)
    for each in report.engines.values():
        assert each.rules["any"].same == 1.0
        assert each.rules["red"].same >= 0.9


def test_fewer_than_a_hundred_pictures_are_too_few_to_measure(card: Card, weights: Path) -> None:
    before = names(weights)
    with pytest.raises(UsageError, match=r"99 pictures are too few .* at least 100"):
        make(card, weights, INPUTS[:99])
    assert names(weights) == before


def test_one_that_is_not_as_good_is_not_kept_and_leaves_nothing(undecided: Card, weights: Path) -> None:
    before = names(weights)
    report = make(undecided, weights)
    assert all(each.agreement < REQUIRED and not each.kept and not each.accepted for each in report.engines.values())
    assert names(weights) == before
    with pytest.raises(WeightsError, match="is missing: run `monitor weights quantize small`"):
        check_int8(undecided, weights)


def test_one_that_is_not_as_good_does_not_take_the_place_of_a_better_one(
    card: Card, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(card, weights)
    better = int8_path(card, weights).read_bytes()
    monkeypatch.setattr("monitor.classify.int8.quantize.REQUIRED", 1.01)
    make(card, weights, small_inputs(120, seed=9))
    assert int8_path(card, weights).read_bytes() == better
    assert int8_engines(card, weights) == INT8_ENGINES


def test_one_that_somebody_wants_all_the_same_is_kept_and_the_record_remembers_that(undecided: Card, weights: Path) -> None:
    report = make(undecided, weights, accept=True)
    assert all(each.kept and each.accepted for each in report.engines.values())
    assert int8_engines(undecided, weights) == INT8_ENGINES
    assert all(each["accepted"] for each in record_of(int8_path(undecided, weights))["engines"].values())


def test_wanting_it_all_the_same_is_not_remembered_of_one_that_is_good(card: Card, weights: Path) -> None:
    assert not any(each.accepted for each in make(card, weights, accept=True).engines.values())


def test_it_is_kept_for_the_engines_that_pass_only(card: Card, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shifted(OnnxRuntimeEngine):
        """Another engine, whose int8 is no good."""

        name = "openvino"

        def __init__(self, model: Path, threads: int) -> None:
            super().__init__(model, threads)
            self._shift = 0 if model == export_path(card, weights) else 1

        def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.roll(super().run(batch), self._shift, axis=1)

    monkeypatch.setattr("monitor.classify.int8.quantize.installed", lambda: ["onnxruntime", "openvino"])
    monkeypatch.setattr("monitor.classify.int8.quantize.OpenVinoEngine", Shifted)
    report = make(card, weights)
    assert {name: each.kept for name, each in report.engines.items()} == {"onnxruntime": True, "openvino": False}
    assert int8_engines(card, weights) == ["onnxruntime"]


def test_more_careful_recipes_are_tried_until_one_is_good_enough(card: Card, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr("monitor.classify.int8.quantize.ENOUGH", 1.01)
    report = quantize(card, weights, INPUTS, {}, 1, accept=False, progress=lambda what, done, total: tried.append((what, done, total)))
    assert [what for what, _, _ in tried if what.startswith("trying")] == [f"trying {recipe}" for recipe in RECIPES]
    assert report.recipe in RECIPES
    done = [done for _, done, _ in tried]
    assert done == sorted(done)
    assert tried[-1][1] == tried[-1][2] == len(RECIPES)


def test_a_new_one_takes_the_place_of_the_old_and_of_all_that_was_made_from_it(card: Card, weights: Path) -> None:
    make(card, weights)
    path = int8_path(card, weights)
    prepare(path)
    assert prepared(path) is not None
    export = export_path(card, weights)
    prepare(export)
    bystander = weights / "other-00000000.int8.onnx"
    bystander.write_bytes(b"of another card")
    make(card, weights, small_inputs(100, seed=11))
    assert prepared(path) is None
    assert prepared(export) is not None
    assert bystander.exists()
    assert check_int8(card, weights) == path
    assert not [name for name in names(weights) if ".int8.ort-" in name]


def test_a_folder_that_takes_no_new_files_is_told(card: Card, weights: Path) -> None:
    int8_path(card, weights).mkdir()
    before = names(weights)
    with pytest.raises(WeightsError, match=f"the int8 file of small cannot be written to {weights}: Is a directory"):
        make(card, weights)
    assert names(weights) == before


@pytest.mark.parametrize("engine", INT8_ENGINES)
def test_it_runs_in_each_engine_as_any_model_does(card: Card, weights: Path, engine: str) -> None:
    make(card, weights)
    path = check_int8(card, weights)
    started = OpenVinoEngine(path, 1) if engine == "openvino" else OnnxRuntimeEngine(path, 1)
    for count in (1, 3):
        logits = started.run(np.zeros((count, 3, SIDE, SIDE), np.float32))
        assert logits.shape == (count, 3)
        assert logits.dtype == np.float32
    golden = golden_input(card)
    assert (started.run(golden) == started.run(golden)).all()
    np.testing.assert_allclose(started.run(golden)[0], record_of(path)["golden_logits"][engine], atol=0.1)
    batch = np.stack(INPUTS[:4])
    alone = np.concatenate([started.run(batch[number : number + 1]) for number in range(4)])
    np.testing.assert_allclose(started.run(batch), alone, atol=0.1)
    exact = OnnxRuntimeEngine(export_path(card, weights), 1).run(batch)
    assert (alone.argmax(axis=1) == exact.argmax(axis=1)).all()


def test_openvino_is_measured_where_it_is_installed() -> None:
    if "openvino" not in installed():
        pytest.skip("openvino is not installed")
    assert INT8_ENGINES == ["onnxruntime", "openvino"]


def test_a_record_is_one_line_of_json(card: Card, weights: Path) -> None:
    make(card, weights)
    record = int8_path(card, weights).with_name(f"{int8_path(card, weights).name}.json")
    assert record.read_text().count("\n") == 1
    assert json.loads(record.read_text())
