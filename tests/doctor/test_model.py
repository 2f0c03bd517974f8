from __future__ import annotations

from pathlib import Path

import pytest

from monitor.classify.card import weights_path
from monitor.config.schema import ModelSettings
from monitor.doctor import model
from monitor.doctor.account import Account
from monitor.doctor.finding import Finding, problem
from monitor.doctor.model import check_model
from monitor.errors import WeightsError
from tests.doctor.conftest import levels
from tests.spine import CARD, write_colour_model


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    write_colour_model(tmp_path / "weights")
    return tmp_path / "weights"


def checked(weights: Path, account: Account, name: str = "colours", fallback: str | None = None) -> list[Finding]:
    return list(check_model(ModelSettings(name=name, fallback=fallback, weights=weights), account))


def test_a_model_that_is_whole_is_tried(weights: Path, me: Account) -> None:
    files, engine = checked(weights, me)
    assert (files.level, engine.level) == ("ok", "ok")
    assert engine.told.startswith("colours runs in onnxruntime")


def test_a_damaged_file_is_a_problem_with_the_command_that_mends_it(weights: Path, me: Account) -> None:
    weights_path(CARD, weights).write_bytes(b"nothing that anybody may lose")
    (finding,) = checked(weights, me)
    assert finding.level == "problem"
    assert "is damaged" in finding.told
    assert "monitor weights import" in finding.told


def test_where_the_fallback_stands_in_it_is_a_warning(weights: Path, me: Account) -> None:
    missing, spare, engine = checked(weights, me, "resnet18", "colours")
    assert (missing.level, spare.level, engine.level) == ("warning", "ok", "ok")
    assert missing.told.endswith("colours runs instead")
    assert "monitor weights fetch resnet18" in missing.told
    assert engine.told.startswith("colours runs in onnxruntime")


def test_a_fallback_that_is_missing_is_a_warning_before_the_night_in_which_it_is_needed(weights: Path, me: Account) -> None:
    assert levels(checked(weights, me, "colours", "resnet18")) == ["ok", "warning", "ok"]


def test_for_another_user_nothing_is_tried_as_that_leaves_files(weights: Path, stranger: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "load_classifier", lambda _: pytest.fail("it was tried"))
    before = sorted(weights.iterdir())
    _, finding = checked(weights, stranger)
    assert (finding.level, finding.remedy) == ("ok", "`sudo -u monitor monitor doctor` tries it")
    assert sorted(weights.iterdir()) == before


def test_an_export_that_is_not_there_yet_is_not_made(weights: Path, me: Account) -> None:
    for export in weights.glob("*.onnx"):
        export.unlink()
    files, engine = checked(weights, me)
    assert (files.level, engine.level) == ("ok", "warning")
    assert engine.remedy == "`monitor weights export colours`"


def test_an_engine_that_fails_is_a_problem(weights: Path, me: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise WeightsError("onnxruntime: it was built for another CPU than this one")

    monkeypatch.setattr(model, "load_classifier", fail)
    assert checked(weights, me)[-1] == problem("engine", "onnxruntime: it was built for another CPU than this one")
