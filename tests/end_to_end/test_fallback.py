"""The model that was asked for and the one that stands in for it: which of them runs, and when that is looked at again."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.classify.card import card_text, export_path
from tests.end_to_end.conftest import Daemon
from tests.spine import write_colour_model

pytestmark = pytest.mark.slow


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A weights folder with the models `colours` and `spare`, which know the same labels."""
    folder = tmp_path / "weights"
    card = write_colour_model(folder)
    spare = replace(card, name="spare")
    (folder / "spare.yaml").write_text(card_text(spare))
    for ending in ("", ".json"):
        source, target = (export_path(each, folder) for each in (card, spare))
        target.with_name(target.name + ending).write_bytes(source.with_name(source.name + ending).read_bytes())
    return folder


def settings(weights: Path, label: str = "red", **model: object) -> dict[str, object]:
    return {
        "node": "box",
        "cameras": {"hall": {"source": "demo"}},
        "model": {"name": "colours", "weights": str(weights), **model},
        "rules": [{"label": label}],
        "mqtt": {"enabled": False},
    }


def reload(box: Daemon) -> None:
    box.process.send_signal(signal.SIGHUP)


SPOILT_CARDS = {
    "broken": lambda text: text[: len(text) // 2] + "\n\t{",
    "labels swapped": lambda text: f"{text}labels_sha256: {'0' * 64}\n",
}


@pytest.mark.parametrize("spoil", SPOILT_CARDS.values(), ids=SPOILT_CARDS)
def test_a_card_that_is_no_good_gives_way_to_the_fallback_and_a_reload_tries_it_again(
    daemon: Callable[..., Daemon], weights: Path, spoil: Callable[[str], str]
) -> None:
    file = weights / "colours.yaml"
    sound = file.read_text()
    file.write_text(spoil(sound))
    box = daemon(settings(weights, fallback="spare"))
    assert "Using spare instead" in box.line("the model colours cannot be used: ")
    box.line("hall: connected")

    before = len(box.said)
    reload(box)
    box.line("Using spare instead", after=before)
    box.line("hall: connected", after=before)

    before = len(box.said)
    file.write_text(sound)
    reload(box)
    box.line("model colours in onnxruntime", after=before)
    box.line("hall: connected", after=before)
    box.stop(signal.SIGTERM)


def test_without_a_fallback_a_card_that_is_no_good_ends_it_with_69(daemon: Callable[..., Daemon], weights: Path) -> None:
    (weights / "colours.yaml").write_text("name: colours\n")
    box = daemon(settings(weights))
    assert box.wait(30) == 69, box.text
    assert "colours.yaml: " in box.said[-1]


def test_a_card_that_breaks_while_its_model_runs_costs_nothing(daemon: Callable[..., Daemon], weights: Path) -> None:
    box = daemon(settings(weights, fallback="spare"))
    box.line("hall: connected")
    (weights / "colours.yaml").write_text("name: colours\n")
    reload(box)
    box.line("the new configuration is refused and the old one stays in force")
    box.line("colours.yaml: ")
    assert not box.lines("Using spare instead")
    box.stop(signal.SIGTERM)


def test_a_fallback_without_an_int8_file_runs_in_fp32_and_says_so(daemon: Callable[..., Daemon], weights: Path) -> None:
    (weights / "colours.yaml").unlink()
    box = daemon(settings(weights, fallback="spare", precision="int8"))
    box.line("spare runs in fp32: spare has no int8 file")
    box.line("model spare in onnxruntime")
    box.stop(signal.SIGTERM)


def test_int8_without_an_int8_file_ends_it_with_78_and_names_the_command(daemon: Callable[..., Daemon], weights: Path) -> None:
    box = daemon(settings(weights, fallback="spare", precision="int8"))
    assert box.wait(30) == 78, box.text
    assert "model.precision: int8: colours has no int8 file: run `monitor weights quantize colours`" in box.said[-1]
    assert box.said[-1].count("config.yaml:") == 1
