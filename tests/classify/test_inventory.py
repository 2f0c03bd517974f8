from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.classify.card import Card, card_text, export_path, shipped_cards
from monitor.classify.export import export
from monitor.classify.int8.file import int8_path, made_from
from monitor.classify.inventory import Readiness, inventory
from monitor.classify.sidecar import write_sidecar
from tests.small_net import write_small_net


@pytest.fixture
def weights(random_card: Card, checkpoint: Path, tmp_path: Path) -> Path:
    """A folder with the random model as the user's own card, not exported."""
    shutil.copy(checkpoint, tmp_path)
    (tmp_path / "random.yaml").write_text(card_text(random_card), "utf-8")
    return tmp_path


def test_the_inventory_tells_the_state_of_every_card(random_card: Card, weights: Path) -> None:
    (weights / "broken.yaml").write_text("[]")
    (weights / shipped_cards()["efficientnet_lite0"].file).write_bytes(b"short")

    def states() -> dict[str, Readiness]:
        return {stock.name: stock.readiness for stock in inventory(weights)}

    others = dict.fromkeys(("resnet18", "resnet34", "resnet50"), Readiness.MISSING)
    others |= {"efficientnet_lite0": Readiness.DAMAGED, "broken": Readiness.BROKEN}
    assert states() == others | {"random": Readiness.NO_EXPORT}
    export(random_card, weights)
    assert states() == others | {"random": Readiness.READY}
    export_path(random_card, weights).write_bytes(b"")
    assert states() == others | {"random": Readiness.NO_EXPORT}


def test_the_inventory_says_what_an_int8_file_is_worth_and_whether_somebody_accepted_less(tmp_path: Path) -> None:
    card = write_small_net(tmp_path)
    before = next(stock for stock in inventory(tmp_path) if stock.name == card.name)
    path = int8_path(card, tmp_path)
    path.write_bytes(b"the model")
    figures = {"agreement": 0.985, "kept": True, "accepted": False}
    engines = {"onnxruntime": figures, "openvino": figures | {"agreement": 0.96, "accepted": True}}
    write_sidecar(path, path, {**made_from(card), "engines": engines})
    sound = next(stock for stock in inventory(tmp_path) if stock.name == card.name)
    path.write_bytes(b"the Model")
    damaged = next(stock for stock in inventory(tmp_path) if stock.name == card.name)
    assert [before.int8, sound.int8] == ["", "onnxruntime 98.5% like fp32, openvino 96.0% like fp32 (accepted by hand)"]
    assert "is damaged" in damaged.int8
    assert [stock.int8_sound for stock in (before, sound, damaged)] == [True, True, False]


def test_the_inventory_says_why_and_what_to_do(random_card: Card, weights: Path) -> None:
    (weights / "other.yaml").write_text(card_text(replace(random_card, name="other", file="gone.pth")), "utf-8")
    why = {stock.name: stock.why for stock in inventory(weights)}
    assert "monitor weights export random" in why["random"]
    assert "gone.pth is missing" in why["other"]
    assert why["resnet50"] == "`monitor weights fetch resnet50` (103 MB)"
