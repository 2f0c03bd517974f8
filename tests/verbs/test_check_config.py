from __future__ import annotations

from pathlib import Path

import pytest

from tests.verbs.conftest import Run


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_good_configuration_is_said_to_be_good_with_the_rules_of_each_camera(run: Run, config: Path) -> None:
    ran = run("check-config")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{config}: good\n  camera porch: rules red\n"


def test_the_file_may_be_named_in_two_ways(run: Run, config: Path, tmp_path: Path) -> None:
    moved = config.rename(tmp_path / "other.yaml")
    assert run("check-config", moved).out == run("check-config", "--config", moved).out == f"{moved}: good\n  camera porch: rules red\n"


def test_all_errors_come_at_once_each_with_its_line_and_what_was_meant(run: Run, config: Path) -> None:
    change(config, "fps: 120", "fps: 0, frameskip: 2")
    change(config, "label: red", "label: red, looks: many")
    change(config, "enabled: false", "enabled: off")
    ran = run("check-config", config)
    assert (ran.code, ran.out) == (78, "")
    lines = ran.err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith(f"{config}:") for line in lines)
    assert [line.split(":")[1] for line in lines] == ["3", "3", "6", "7"]
    assert "did you mean frame_skip" in ran.err


def test_a_label_that_the_model_does_not_know_is_an_error_of_the_file(run: Run, config: Path) -> None:
    change(config, "label: red", "label: rad")
    ran = run("check-config", config)
    assert ran.code == 78
    assert f"{config}:6: rules[0].label: 'rad' is neither a label of the model nor a group; did you mean red?" in ran.err


@pytest.mark.parametrize("key", ["name", "fallback"])
def test_a_model_that_nobody_knows_is_found_out_before_the_daemon_needs_it(run: Run, config: Path, key: str) -> None:
    change(config, "name: colours", "name: colours, fallback: resnet18" if key == "fallback" else "name: resnet81")
    change(config, "resnet18" if key == "fallback" else "resnet81", "resnet81")
    ran = run("check-config", config)
    assert ran.code == 69
    assert "there is no model card 'resnet81'; did you mean resnet18?" in ran.err


def test_labels_of_a_file_take_the_place_of_the_models(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "deutsch.yaml").write_text("red: rot\n")
    change(config, "name: colours", "name: colours, labels: deutsch.yaml")
    ran = run("check-config", config)
    assert ran.code == 78
    assert f"{config}:6: rules[0].label: 'red' goes by another name here, which `model.labels` gave it: rot" in ran.err
    change(config, "label: red", "label: rot")
    ran = run("check-config", config)
    assert (ran.code, ran.err, ran.out) == (0, "", f"{config}: good\n  camera porch: rules rot\n")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "cannot be read: No such file or directory"),
        ("rot\ngrün\n", "it has 2 names, and colours tells 3 classes apart"),
        ("rad: rot\n", "colours has no label 'rad' (did you mean red?)"),
    ],
)
def test_a_file_of_labels_that_will_not_do_is_an_error_of_the_configuration(
    run: Run, config: Path, tmp_path: Path, text: str | None, complaint: str
) -> None:
    if text is not None:
        (tmp_path / "deutsch.txt").write_text(text)
    change(config, "model: {name: colours,", "model:\n  {labels: deutsch.txt,\n   name: colours,")
    ran = run("check-config", config)
    assert (ran.code, ran.out) == (78, "")
    assert f"{config}:5: model.labels: {tmp_path}/deutsch.txt" in ran.err
    assert complaint in ran.err


def test_a_list_of_labels_must_fit_the_fallback_too(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "deutsch.txt").write_text("rot\ngrün\nblau\n")
    change(config, "name: colours", "name: colours, labels: deutsch.txt, fallback: efficientnet_lite0")
    ran = run("check-config", config)
    assert ran.code == 78
    assert "it has 3 names, and efficientnet_lite0 tells 1000 classes apart" in ran.err


@pytest.mark.parametrize("text", ["", "# nothing\n", "just words", "cameras: [", "\0"])
def test_what_is_no_configuration_is_78(run: Run, config: Path, text: str) -> None:
    config.write_text(text)
    ran = run("check-config", config)
    assert (ran.code, ran.out) == (78, "")
    assert str(config) in ran.err


def test_a_folder_is_no_configuration(run: Run, tmp_path: Path) -> None:
    assert run("check-config", tmp_path).code == 78


def test_warnings_are_messages_and_no_error(run: Run, config: Path) -> None:
    config.chmod(0o602)
    ran = run("check-config")
    assert ran.code == 0
    assert ran.err.startswith(f"warning: {config}: ")
    assert ran.err.count("\n") == 1


def test_as_json_it_is_the_whole_configuration_without_its_secrets(run: Run, config: Path) -> None:
    change(config, "source: demo, ", "source: rtsp://cam.lan/sub, username: viewer, password: hush, ")
    ran = run("check-config", "--json")
    (row,) = ran.rows()
    assert ran.code == 0
    assert row["cameras"]["porch"]["username"] == "viewer"
    assert row["rules"][0]["release"] == 0.35
    assert "hush" not in ran.out + ran.err


def test_a_rule_that_the_fallback_does_not_know_is_an_error_before_the_night_in_which_it_takes_over(run: Run, config: Path) -> None:
    change(config, "name: colours", "name: colours, fallback: efficientnet_lite0")
    ran = run("check-config", config)
    assert (ran.code, ran.out) == (78, "")
    assert f"{config}:6: rules[0].label: 'red' is neither a label of the model nor a group" in ran.err
    assert "(model efficientnet_lite0, which is `model.fallback` and could not stand in)" in ran.err


def test_a_card_that_cannot_be_read_is_a_warning_where_a_fallback_is_named(run: Run, config: Path) -> None:
    change(config, "name: colours", "name: resnet81, fallback: colours")
    ran = run("check-config", config)
    assert (ran.code, ran.out) == (0, f"{config}: good\n  camera porch: rules red\n")
    assert ran.err.startswith(f"warning: {config}: model.name: there is no model card 'resnet81'; did you mean resnet18?")
    assert ran.err.endswith("; colours would run instead\n")


def test_int8_without_an_int8_file_is_an_error_of_the_file_that_names_the_command(run: Run, config: Path) -> None:
    change(config, "name: colours", "name: colours, precision: int8")
    ran = run("check-config", config)
    assert (ran.code, ran.out) == (78, "")
    assert ran.err.startswith(
        f"monitor: {config}:4: model.precision: int8: colours has no int8 file: run `monitor weights quantize colours`"
    )


def test_an_engine_that_is_not_installed_is_told_with_its_line(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.classify.load.find_spec", lambda name: None)
    change(config, "name: colours", "name: colours, engine: openvino")
    ran = run("check-config", config)
    assert ran.code == 78
    assert f"{config}:4: model.engine: openvino is not installed: `.venv/bin/pip install openvino`, or choose auto" in ran.err
