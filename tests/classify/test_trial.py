from __future__ import annotations

import json
import logging
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from monitor.classify.card import Card, card_text, export_path
from monitor.classify.choose import installed
from monitor.classify.cpu import cpu_id, cpu_name
from monitor.classify.export import export
from monitor.classify.load import load_classifier
from monitor.classify.prepared import prepared
from monitor.classify.sidecar import write_sidecar
from monitor.classify.start import EngineName
from monitor.classify.trial import try_out
from monitor.clock import stopwatch
from monitor.config.schema import ModelSettings
from monitor.errors import WeightsError
from monitor.ladder import UNAVAILABLE, exit_code
from tests.small_net import record_of, write_small_net

PASSED = {"onnxruntime fp32": f"{metadata.version('onnxruntime')} on CPU {cpu_id()}"}

Instead = Callable[[str], None]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Card]:
    """A weights folder with the small net, in which nothing was tried. Not to be changed."""
    folder = tmp_path_factory.mktemp("fresh")
    return folder, write_small_net(folder)


@pytest.fixture(scope="module")
def tried(fresh: tuple[Path, Card], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after ONNX Runtime has passed. Not to be changed."""
    folder = Path(shutil.copytree(fresh[0], tmp_path_factory.mktemp("tried") / "weights"))
    attempt(folder, fresh[1])
    return folder


@pytest.fixture
def card(fresh: tuple[Path, Card]) -> Card:
    return fresh[1]


@pytest.fixture
def weights(fresh: tuple[Path, Card], tmp_path: Path) -> Path:
    """A copy of the fresh folder."""
    return Path(shutil.copytree(fresh[0], tmp_path / "weights"))


@pytest.fixture
def passed(tried: Path, tmp_path: Path) -> Path:
    """A copy of the folder in which ONNX Runtime has passed."""
    return Path(shutil.copytree(tried, tmp_path / "passed"))


@pytest.fixture
def instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instead:
    """Have this shell script run where the trial would run Python."""

    def put(script: str) -> None:
        file = tmp_path / "python"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(file))

    return put


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The processes that are started."""
    commands: list[list[str]] = []
    real = subprocess.run

    def spy(command: list[str], **rest: Any) -> Any:
        commands.append(command)
        return real(command, **rest)

    monkeypatch.setattr(subprocess, "run", spy)
    return commands


def attempt(weights: Path, card: Card, engine: EngineName = "onnxruntime") -> Path:
    return try_out(engine, "fp32", card, weights, export_path(card, weights), threads=1)


def told(weights: Path) -> dict[str, str]:
    """What tried.json says."""
    content: dict[str, str] = json.loads((weights / "tried.json").read_text())
    return content


def refusal(weights: Path, card: Card, engine: EngineName = "onnxruntime") -> str:
    """What is said where an engine does not pass: one line, exit code 69, and nothing is remembered or left behind."""
    before = {path.name for path in weights.iterdir() if not path.name.startswith(".")}
    with pytest.raises(WeightsError) as caught:
        attempt(weights, card, engine)
    assert "\n" not in str(caught.value)
    assert exit_code(caught.value) == UNAVAILABLE
    assert {path.name for path in weights.iterdir()} == before
    return str(caught.value)


def test_the_first_start_leaves_the_prepared_form_and_remembers_that_the_engine_has_passed(weights: Path, card: Card) -> None:
    before = {path.name for path in weights.iterdir()}
    form = attempt(weights, card)
    assert form == prepared(export_path(card, weights))
    assert told(weights) == PASSED
    new = {path.name for path in weights.iterdir()} - before
    assert new == {"tried.json", form.name, f"{form.name}.json", f"{form.stem}.bin"}


def test_the_next_start_runs_no_process(passed: Path, card: Card, started: list[list[str]]) -> None:
    assert attempt(passed, card) == prepared(export_path(card, passed))
    assert started == []


def test_the_process_is_told_what_to_try(weights: Path, card: Card, started: list[list[str]]) -> None:
    attempt(weights, card)
    (command,) = started
    assert command[0] == sys.executable
    assert command[3:] == ["onnxruntime", "fp32", "small", str(weights), "1"]


def test_a_new_version_of_the_library_is_tried_again(
    passed: Path, card: Card, started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.classify.trial.metadata.version", lambda name: "99.1")
    attempt(passed, card)
    assert len(started) == 1
    assert told(passed) == {"onnxruntime fp32": f"99.1 on CPU {cpu_id()}"}
    attempt(passed, card)
    assert len(started) == 1


def test_another_cpu_is_tried_again(passed: Path, card: Card, started: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.classify.trial.cpu_id", lambda: "01234567")
    attempt(passed, card)
    assert len(started) == 1
    assert told(passed)["onnxruntime fp32"].endswith("on CPU 01234567")


@pytest.mark.parametrize("content", ["", "[", "[1]", "null", "\0"])
def test_what_is_remembered_and_damaged_counts_as_nothing(passed: Path, card: Card, started: list[list[str]], content: str) -> None:
    (passed / "tried.json").write_text(content)
    attempt(passed, card)
    assert len(started) == 1
    assert told(passed) == PASSED


def test_what_other_engines_have_passed_stays_remembered(weights: Path, card: Card) -> None:
    (weights / "tried.json").write_text('{"torch fp32": "2.6 on CPU 00000000"}')
    attempt(weights, card)
    assert told(weights) == {"torch fp32": "2.6 on CPU 00000000"} | PASSED


def test_a_prepared_form_that_was_damaged_is_made_anew_by_another_trial(passed: Path, card: Card, started: list[list[str]]) -> None:
    form = prepared(export_path(card, passed))
    assert form is not None
    form.with_suffix(".bin").unlink()
    assert attempt(passed, card) == form
    assert len(started) == 1


def test_another_engine_loads_the_plain_file(weights: Path, card: Card) -> None:
    if "openvino" not in installed():
        pytest.skip("openvino is not installed")
    assert attempt(weights, card, "openvino") == export_path(card, weights)
    assert set(told(weights)) == {"openvino fp32"}


def test_a_library_for_another_cpu_is_told_with_its_version_and_what_to_do(weights: Path, card: Card, instead: Instead) -> None:
    instead("kill -ILL $$")
    sentence = refusal(weights, card)
    version = metadata.version("onnxruntime")
    assert sentence.startswith(f"onnxruntime {version} was built for another CPU than this one ({cpu_name()})")
    assert "illegal instruction" in sentence
    assert sentence.endswith("install another version of it, or set `model.engine` to another engine")


@pytest.mark.parametrize("name", ["SEGV", "ABRT", "BUS", "KILL"])
def test_another_crash_is_told_by_its_name(weights: Path, card: Card, instead: Instead, name: str) -> None:
    instead(f"ulimit -c 0; kill -{name} $$")
    assert refusal(weights, card) == f"onnxruntime {metadata.version('onnxruntime')} crashes (SIG{name})"


def test_what_a_crash_leaves_behind_goes(weights: Path, card: Card, instead: Instead) -> None:
    instead(f"mkdir {shlex.quote(str(weights))}/.prepare-x && touch {shlex.quote(str(weights))}/.prepare-x/model.bin; kill -ILL $$")
    refusal(weights, card)


def test_an_engine_that_hangs_is_ended_after_the_time_limit(
    weights: Path, card: Card, instead: Instead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.classify.trial.TIMEOUT", 0.2)
    instead(f"mkdir {shlex.quote(str(weights))}/.prepare-x; exec sleep 100")
    began = stopwatch()
    assert refusal(weights, card) == "onnxruntime did not come to an end within 0 s"
    assert stopwatch() - began < 3


def test_a_failed_self_test_is_told_in_its_own_words(weights: Path, card: Card) -> None:
    model = export_path(card, weights)
    facts = record_of(model)
    del facts["sha256"]
    write_sidecar(model, model, facts | {"golden_logits": [9.0, -9.0, 9.0]})
    with pytest.raises(WeightsError) as caught:
        attempt(weights, card)
    assert str(caught.value) == "the self-test of small did not give what the reference model gives"
    assert not (weights / "tried.json").exists()


def test_a_checkpoint_that_cannot_be_loaded_is_told_in_its_own_words(weights: Path, card: Card) -> None:
    assert "small.pth" in refusal(weights, card, "torch")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [("echo first >&2; echo 'ImportError: libfoo.so.1' >&2; exit 1", "ImportError: libfoo.so.1"), ("exit 3", "exit code 3")],
)
def test_of_anything_else_the_last_line_is_told(weights: Path, card: Card, instead: Instead, script: str, sentence: str) -> None:
    instead(script)
    assert refusal(weights, card) == sentence


def test_in_a_folder_that_cannot_be_written_it_is_tried_at_every_start_and_the_log_says_so(
    weights: Path, card: Card, started: list[list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    model = export_path(card, weights)
    (weights / "tried.json").mkdir()
    (weights / f"{model.stem}.ort-{cpu_id()}.onnx").mkdir()
    with caplog.at_level(logging.INFO):
        assert [attempt(weights, card) for _ in range(2)] == [model, model]
    assert len(started) == 2
    assert caplog.text.count(f"{weights} cannot be written (Is a directory): onnxruntime is tried at every start") == 2
    assert not list(weights.glob(".*"))


def test_the_log_says_that_an_engine_is_tried(weights: Path, card: Card, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        attempt(weights, card)
    assert f"trying onnxruntime {metadata.version('onnxruntime')}, once on this CPU" in caplog.messages


@pytest.fixture(scope="module")
def real(random_card: Card, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with the random ResNet-18, which torch runs too. Not to be changed."""
    folder = tmp_path_factory.mktemp("real")
    shutil.copy(checkpoint, folder)
    (folder / "random.yaml").write_text(card_text(random_card))
    export(random_card, folder)
    return folder


def test_with_auto_the_next_engine_takes_over_and_one_that_was_named_is_an_error(
    real: Path, tmp_path: Path, instead: Instead, caplog: pytest.LogCaptureFixture
) -> None:
    weights = Path(shutil.copytree(real, tmp_path / "weights"))
    instead(f'[ "$3" = onnxruntime ] && kill -ILL $$\nexec {shlex.quote(sys.executable)} "$@"')
    classifier = load_classifier(ModelSettings(name="random", weights=weights, threads=1))
    assert classifier.engine.name == installed()[1]
    assert classifier.engine_reason.startswith("the next at hand; not in onnxruntime: onnxruntime ")
    assert "illegal instruction" in classifier.engine_reason
    assert "random does not run in onnxruntime" in caplog.text
    with pytest.raises(WeightsError, match=r"^onnxruntime: onnxruntime .* illegal instruction"):
        load_classifier(ModelSettings(name="random", weights=weights, threads=1, engine="onnxruntime"))
