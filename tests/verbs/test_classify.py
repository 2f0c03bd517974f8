from __future__ import annotations

import os
from pathlib import Path

import cv2
import pytest

from tests.spine import BLUE, RED, Colour, painted
from tests.verbs.conftest import Run


def picture(path: Path, colour: Colour = RED) -> Path:
    cv2.imwrite(str(path), painted(colour))
    return path


@pytest.mark.usefixtures("config")
def test_each_picture_gets_a_line_with_its_best_labels(run: Run, tmp_path: Path) -> None:
    ran = run("classify", picture(tmp_path / "a.png"), picture(tmp_path / "b.jpg", BLUE))
    assert (ran.code, ran.err) == (0, "")
    red, blue = ran.out.splitlines()
    assert red.startswith(f"{tmp_path}/a.png: red 1.00, ")
    assert blue.startswith(f"{tmp_path}/b.jpg: blue 1.00, ")


@pytest.mark.usefixtures("config")
def test_as_json_each_picture_is_an_object(run: Run, tmp_path: Path) -> None:
    (row,) = run("classify", picture(tmp_path / "a.png"), "--json", "--top", 2).rows()
    assert list(row) == ["file", "model", "engine", "predictions", "elapsed_ms"]
    assert (row["file"], row["model"], row["engine"]) == (f"{tmp_path}/a.png", "colours", "onnxruntime")
    assert len(row["predictions"]) == 2
    assert row["predictions"][0] | {"score": 1} == {"label": "red", "class_id": 0, "score": 1}
    assert row["predictions"][0]["score"] > 0.99
    assert row["elapsed_ms"] > 0


def test_the_labels_are_those_that_the_configuration_gives_them(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "deutsch.yaml").write_text("red: rot\n")
    config.write_text(config.read_text().replace("name: colours", "name: colours, labels: deutsch.yaml"))
    (row,) = run("classify", picture(tmp_path / "a.png"), "--json", "--top", 2).rows()
    assert row["predictions"][0] | {"score": 1} == {"label": "rot", "class_id": 0, "score": 1}
    (tmp_path / "deutsch.yaml").unlink()
    ran = run("classify", tmp_path / "a.png")
    assert (ran.code, ran.out) == (78, "")
    assert f"model.labels: {tmp_path}/deutsch.yaml cannot be read" in ran.err


@pytest.mark.usefixtures("config")
def test_more_labels_than_the_model_has_are_all_of_them(run: Run, tmp_path: Path) -> None:
    (row,) = run("classify", picture(tmp_path / "a.png"), "--json", "--top", 99).rows()
    assert row["predictions"][0]["label"] == "red"
    assert sum(prediction["score"] for prediction in row["predictions"]) == pytest.approx(1, abs=1e-5)
    assert len(row["predictions"]) == 3


@pytest.mark.usefixtures("config")
def test_a_bad_picture_is_said_to_be_bad_and_the_others_are_answered(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html>404</html>")
    torn = picture(tmp_path / "torn.jpg")
    torn.write_bytes(torn.read_bytes()[:300])
    good = picture(tmp_path / "good.png")
    names = [tmp_path / "page.jpg", good, torn, tmp_path / "missing.jpg", good]
    ran = run("classify", *names)
    assert ran.code == 69
    assert [line.split(":")[0] for line in ran.out.splitlines()] == [str(good)] * 2
    told = ran.err.splitlines()
    assert [name.name in line for name, line in zip((names[0], names[2], names[3]), told, strict=False)] == [True] * 3
    assert told[-1] == "monitor: 3 of 5 images could not be read; the reasons are above"


@pytest.mark.usefixtures("config")
def test_as_json_a_bad_picture_is_an_object_with_its_error_in_its_place(run: Run, tmp_path: Path) -> None:
    ran = run("classify", tmp_path / "missing.jpg", picture(tmp_path / "a.png"), "--json")
    bad, good = ran.rows()
    assert ran.code == 69
    assert list(bad) == ["file", "error"]
    assert bad["error"] == f"{tmp_path}/missing.jpg: there is no such file"
    assert good["predictions"]


@pytest.mark.usefixtures("config")
def test_a_name_that_is_no_text_can_be_shown(run: Run, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.png"
    picture(tmp_path / "a.png").rename(os.fsdecode(name))
    assert "caf\\udce9.png: red" in run("classify", os.fsdecode(name)).out
    (row,) = run("classify", os.fsdecode(name), "--json").rows()
    assert row["file"] == os.fsdecode(name)


@pytest.mark.usefixtures("config")
def test_a_folder_is_no_picture(run: Run, tmp_path: Path) -> None:
    ran = run("classify", tmp_path)
    assert (ran.code, ran.out) == (69, "")


@pytest.mark.usefixtures("config")
def test_no_label_at_all_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    ran = run("classify", picture(tmp_path / "a.png"), "--top", 0)
    assert (ran.code, ran.out, ran.err) == (2, "", "monitor: --top must be at least 1\n")


@pytest.mark.usefixtures("config")
def test_a_model_that_is_asked_for_by_name_gets_no_substitute(run: Run, tmp_path: Path) -> None:
    ran = run("classify", picture(tmp_path / "a.png"), "--model", "resnet18")
    assert (ran.code, ran.out) == (69, "")
    assert "resnet18" in ran.err
    assert "there is no model card 'colour'; did you mean colours?" in run("classify", "a.png", "--model", "colour").err


@pytest.mark.usefixtures("config")
def test_an_engine_that_is_not_installed_is_never_replaced_by_another(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.classify.load.find_spec", lambda name: None)
    ran = run("classify", picture(tmp_path / "a.png"), "--engine", "openvino")
    assert (ran.code, ran.out) == (78, "")
    assert "openvino is not installed" in ran.err


def test_a_picture_can_be_tried_without_a_configuration(run: Run, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_WEIGHTS", str(weights))
    ran = run("classify", picture(tmp_path / "a.png"), "--model", "colours")
    assert ran.code == 0
    assert ran.out.startswith(f"{tmp_path}/a.png: red")


def test_without_any_weights_it_says_how_to_get_them(run: Run, tmp_path: Path) -> None:
    ran = run("classify", picture(tmp_path / "a.png"))
    assert (ran.code, ran.out) == (69, "")
    assert "monitor weights fetch" in ran.err


def test_a_configuration_that_was_named_must_be_there(run: Run, tmp_path: Path) -> None:
    assert run("classify", picture(tmp_path / "a.png"), "--config", "none.yaml").code == 78
