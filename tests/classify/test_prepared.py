from __future__ import annotations

import logging
import resource
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from monitor.classify.card import export_path
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.prepared import prepare, prepared, remove_leftovers
from monitor.classify.sidecar import write_sidecar
from tests.small_net import SIDE, write_small_net
from tests.spine import write_colour_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The export of the small net in a weights folder."""
    return export_path(write_small_net(tmp_path), tmp_path)


@pytest.fixture
def form(model: Path) -> Path:
    """Its prepared form."""
    prepare(model)
    made = prepared(model)
    assert made is not None
    return made


def forms(model: Path) -> set[str]:
    """The files of all prepared forms of a model."""
    return {path.name for path in model.parent.glob(f"{model.stem}.ort-*")}


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def test_there_is_none_until_it_is_made(model: Path) -> None:
    assert prepared(model) is None
    prepare(model)
    assert prepared(model) is not None


def test_it_is_two_files_and_a_record_and_nothing_else_is_left(model: Path) -> None:
    before = {path.name for path in model.parent.iterdir()}
    prepare(model)
    made = prepared(model)
    assert made is not None
    new = {path.name for path in model.parent.iterdir()} - before
    assert new == {made.name, f"{made.stem}.bin", f"{made.name}.json"} == forms(model)
    assert made.with_suffix(".bin").stat().st_size > 1000


def test_it_gives_what_the_plain_file_gives(model: Path, form: Path) -> None:
    images = np.random.default_rng(2).normal(size=(3, 3, SIDE, SIDE)).astype(np.float32)
    wanted = OnnxRuntimeEngine(model, threads=1).run(images)
    np.testing.assert_allclose(OnnxRuntimeEngine(form, threads=1).run(images), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "spoil", ["model flipped", "weights flipped", "weights truncated", "weights missing", "no record", "half a record", "half of all"]
)
def test_a_damaged_one_is_not_used_and_made_anew(model: Path, form: Path, spoil: str) -> None:
    weights, record = form.with_suffix(".bin"), form.with_name(f"{form.name}.json")
    if spoil == "model flipped":
        flip(form, form.stat().st_size // 2)
    elif spoil == "weights flipped":
        flip(weights, 100)
    elif spoil == "weights truncated":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif spoil == "weights missing":
        weights.unlink()
    elif spoil in {"half a record", "half of all"}:
        record.write_text(record.read_text().replace('"weights_sha256"', '"something_else"'))
        if spoil == "half of all":
            weights.unlink()
    else:
        record.unlink()
    assert prepared(model) is None
    prepare(model)
    assert prepared(model) == form


def test_one_of_another_runtime_is_replaced(model: Path, form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("monitor.classify.prepared.onnxruntime", lambda: SimpleNamespace(__version__="0.1"))
        assert prepared(model) is None
    old = form.read_bytes()
    assert prepared(model) == form
    assert form.read_bytes() == old


def test_one_of_another_cpu_is_not_used_and_goes_when_ours_is_made(model: Path, form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = forms(model)
    monkeypatch.setattr("monitor.classify.prepared.cpu_id", lambda: "01234567")
    assert prepared(model) is None
    prepare(model)
    ours = prepared(model)
    assert ours is not None
    assert "01234567" in ours.name
    assert not theirs & forms(model)


def test_one_of_an_earlier_export_is_not_used(model: Path, form: Path) -> None:
    write_sidecar(model, form, {})  # the record of an export with another hash
    assert prepared(model) is None


def test_those_of_other_models_stay(model: Path, form: Path) -> None:
    other = write_small_net(model.parent, "small-two", seed=2)
    int8 = model.with_suffix(".int8.onnx")
    int8.write_bytes(model.read_bytes())
    write_sidecar(int8, int8, {})
    for each in (export_path(other, model.parent), int8):
        prepare(each)
    prepare(model)
    assert None not in {prepared(each) for each in (model, export_path(other, model.parent), int8)}


def test_a_model_that_is_too_small_for_a_file_of_weights_is_prepared_all_the_same(tmp_path: Path) -> None:
    model = export_path(write_colour_model(tmp_path), tmp_path)
    prepare(model)
    form = prepared(model)
    assert form is not None
    assert forms(model) == {form.name, f"{form.name}.json"}
    assert OnnxRuntimeEngine(form, threads=1).run(np.ones((1, 3, 32, 32), np.float32)).tolist() == [[3.0, 3.0, 3.0]]


def test_where_it_cannot_be_put_the_plain_file_does_and_the_log_says_why(model: Path, form: Path, caplog: pytest.LogCaptureFixture) -> None:
    form.unlink()
    form.mkdir()
    with caplog.at_level(logging.INFO):
        prepare(model)
    assert prepared(model) is None
    assert f"the prepared form of {model.name} cannot be written (Is a directory): the model takes more memory" in caplog.text
    assert not list(model.parent.glob(".*"))


def test_a_folder_that_takes_no_new_files_is_no_error(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: str, mode: int) -> None:
        raise OSError(30, "Read-only file system", path)

    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr("tempfile._os.mkdir", refuse)
        prepare(model)
    assert "(Read-only file system)" in caplog.text
    assert prepared(model) is None


def test_a_disk_that_is_full_is_no_error(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
    try:
        with caplog.at_level(logging.INFO):
            prepare(model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert prepared(model) is None
    assert "cannot be written" in caplog.text
    assert not list(model.parent.glob(".*"))
    assert forms(model) == set()


def test_what_an_ended_process_has_left_can_be_removed(model: Path, form: Path) -> None:
    left = model.parent / ".prepare-abc"
    left.mkdir()
    (left / "weights.bin").write_bytes(b"x")
    before = forms(model)
    remove_leftovers(model.parent)
    assert not left.exists()
    assert forms(model) == before
