from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.classify.card import Card, shipped_cards
from monitor.classify.verify import verify_file
from monitor.errors import WeightsError


@pytest.fixture
def weights(checkpoint: Path, tmp_path: Path) -> Path:
    """A folder with the random model."""
    shutil.copy(checkpoint, tmp_path)
    return tmp_path


def test_a_whole_file_passes(random_card: Card, weights: Path) -> None:
    verify_file(random_card, weights)


@pytest.mark.parametrize("fault", ["missing", "truncated", "longer", "flipped bit", "web page", "empty", "folder"])
def test_whatever_is_wrong_with_a_file_is_told_with_the_command_that_mends_it(random_card: Card, weights: Path, fault: str) -> None:
    path = weights / random_card.file
    content = path.read_bytes()
    path.unlink()
    if fault == "folder":
        path.mkdir()
    elif fault != "missing":
        flipped = content[:-5000] + bytes([content[-5000] ^ 4]) + content[-4999:]
        spoiled = {"truncated": content[:-1], "longer": content + b"x", "flipped bit": flipped, "web page": b"<html>", "empty": b""}
        path.write_bytes(spoiled[fault])
    with pytest.raises(WeightsError, match="`monitor weights import FILE --name random --labels LABELS`"):
        verify_file(random_card, weights)


def test_a_shipped_file_is_mended_by_fetching_or_by_hand(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="missing: run `monitor weights fetch resnet18`, or `monitor weights import FILE`"):
        verify_file(shipped_cards()["resnet18"], tmp_path)
