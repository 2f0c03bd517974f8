from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor import __version__
from tests.verbs.conftest import Run

ROOT = Path(__file__).parents[2]
VERBS = ["run", "check-config", "weights", "classify", "replay", "probe", "history"]


def test_without_a_verb_there_is_help_and_an_error(run: Run) -> None:
    ran = run()
    assert (ran.code, ran.out) == (2, "")
    assert all(verb in ran.err for verb in VERBS)


@pytest.mark.parametrize("arguments", [["frobnicate"], ["run", "--confg", "x"], ["weights"], ["classify"], ["replay"], ["probe"]])
def test_a_command_that_makes_no_sense_is_wrong_usage(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "usage: monitor" in ran.err


def test_options_are_not_guessed_from_their_beginnings(run: Run, config: Path) -> None:
    assert run("--vers").code == 2


def test_the_version_is_a_result(run: Run) -> None:
    assert run("--version").out == f"monitor {__version__}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(run: Run, verb: str) -> None:
    ran = run(verb, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert f"usage: monitor {verb}" in ran.out


def test_help_loads_no_heavy_library() -> None:
    code = """
import sys
from monitor.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
print(*{name.split(".")[0] for name in sys.modules}, file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "check-config" in ran.stdout
    assert not {"torch", "torchvision", "cv2", "onnx", "onnxruntime", "amqtt", "paho", "sqlite3"} & set(ran.stderr.split())


@pytest.mark.parametrize("verb", [["check-config"], ["history"], ["replay", "x.avi"]])
def test_a_configuration_that_is_missing_is_78_and_says_where_it_was_looked_for(run: Run, verb: list[str], tmp_path: Path) -> None:
    ran = run(*verb, "--config", tmp_path / "nowhere.yaml")
    assert (ran.code, ran.out) == (78, "")
    assert "nowhere.yaml: there is no such file" in ran.err


def test_an_operating_system_that_refuses_is_a_failure_in_one_line(run: Run, tmp_path: Path) -> None:
    ran = run("probe", "demo", "--seconds", "0.5", "--picture", tmp_path / "no" / "such" / "folder.jpg")
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "folder.jpg" in ran.err
