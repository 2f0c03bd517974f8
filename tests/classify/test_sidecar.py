from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.classify.sidecar import problem_of, read_sidecar, sidecar_path, write_sidecar

MADE_FROM = {"checkpoint": "abc", "exporter": 2}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with its record."""
    path = tmp_path / "model.onnx"
    path.write_bytes(bytes(range(200)))
    write_sidecar(path, path, {**MADE_FROM, "more": [1.5]})
    return path


def test_a_whole_file_whose_record_agrees_has_no_problem(file: Path) -> None:
    assert problem_of(file, MADE_FROM) is None
    assert problem_of(file, {}) is None
    assert read_sidecar(file)["more"] == [1.5]


def test_the_record_lies_beside_the_file_and_is_all_that_was_written(file: Path) -> None:
    assert sidecar_path(file).name == "model.onnx.json"
    assert {path.name for path in file.parent.iterdir()} == {"model.onnx", "model.onnx.json"}


def test_the_record_may_be_written_before_the_file_is_in_its_place(tmp_path: Path) -> None:
    scratch, file = tmp_path / "scratch", tmp_path / "model.onnx"
    scratch.write_bytes(b"model")
    write_sidecar(file, scratch, MADE_FROM)
    assert problem_of(file, MADE_FROM) == f"{file} is missing"
    scratch.rename(file)
    assert problem_of(file, MADE_FROM) is None


@pytest.mark.parametrize("spoil", ["flipped", "truncated", "longer", "empty"])
def test_a_file_that_is_no_longer_as_it_was_written_is_damaged(file: Path, spoil: str) -> None:
    content = file.read_bytes()
    spoilt = {"flipped": content[:99] + bytes([content[99] ^ 1]) + content[100:], "truncated": content[:-1], "longer": content + b"x"}
    file.write_bytes(spoilt.get(spoil, b""))
    assert problem_of(file, MADE_FROM) == f"{file} is damaged: its SHA-256 is not the one it was written with"


@pytest.mark.parametrize("content", [None, "", "[", "[1]", "7", "{}", "\0", '{"sha256": '])
def test_a_record_that_is_missing_or_damaged_is_told(file: Path, content: str | None) -> None:
    record = sidecar_path(file)
    record.unlink()
    if content is not None:
        record.write_text(content)
    assert read_sidecar(file) == {}
    assert problem_of(file, MADE_FROM) == f"{record} is missing or damaged"


def test_a_record_that_is_no_text_is_damaged(file: Path) -> None:
    sidecar_path(file).write_bytes(b"\xff\xfe\x00")
    assert problem_of(file, MADE_FROM) == f"{sidecar_path(file)} is missing or damaged"


@pytest.mark.parametrize("change", [{"checkpoint": "abd"}, {"exporter": 1}, {"exporter": "2"}, {"quantizer": 1}])
def test_a_file_that_was_made_from_something_else_is_told(file: Path, change: dict[str, object]) -> None:
    assert problem_of(file, MADE_FROM | change) == f"{file} was made by another version of this program or from another file"


def test_the_record_of_another_file_does_not_vouch_for_this_one(file: Path) -> None:
    other = file.with_name("other.onnx")
    other.write_bytes(b"other")
    write_sidecar(other, other, MADE_FROM)
    sidecar_path(other).replace(sidecar_path(file))
    assert "damaged" in (problem_of(file, MADE_FROM) or "")
    record = json.loads(sidecar_path(file).read_text())
    del record["sha256"]
    sidecar_path(file).write_text(json.dumps(record))
    assert "damaged" in (problem_of(file, MADE_FROM) or "")


def test_a_folder_in_place_of_the_file_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").mkdir()
    assert problem_of(tmp_path / "model.onnx", {}) == f"{tmp_path}/model.onnx is missing"
