from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.card import Card, card_text, export_path
from monitor.classify.checksum import sha256_of
from monitor.classify.export import export
from monitor.classify.golden import golden_input
from monitor.classify.load import load_classifier, override, self_test
from monitor.classify.preprocess import Square
from monitor.config.schema import ModelSettings
from monitor.errors import ConfigError, WeightsError

PICTURE = Square(np.full((300, 400, 3), 90, np.uint8))


@pytest.fixture(scope="module")
def made(random_card: Card, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the random model as a user's own card, and its export."""
    weights = tmp_path_factory.mktemp("weights")
    shutil.copy(checkpoint, weights)
    (weights / "random.yaml").write_text(card_text(random_card))
    export(random_card, weights)
    return weights


@pytest.fixture
def weights(made: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be spoiled."""
    return Path(shutil.copytree(made, tmp_path / "weights"))


def settings(weights: Path, **changes: object) -> ModelSettings:
    return ModelSettings.model_validate({"name": "random", "threads": 1, "weights": weights} | changes)


@pytest.mark.parametrize(("engine", "used"), [("auto", "onnxruntime"), ("onnxruntime", "onnxruntime"), ("torch", "torch")])
def test_the_card_runs_in_the_engine_that_is_set(made: Path, engine: str, used: str) -> None:
    classifier = load_classifier(settings(made, engine=engine))
    assert (classifier.card.name, classifier.engine.name, classifier.fallback_reason) == ("random", used, None)
    assert classifier.classify([PICTURE]).shape == (1, 3)


def test_the_daemon_needs_no_torch_where_there_is_an_export(made: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from monitor.classify.load import load_classifier; from monitor.config.schema import ModelSettings\n"
        "load_classifier(ModelSettings(name='random', weights=Path(sys.argv[1])))\n"
        "print(sorted({'torch', 'torchvision', 'onnx'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code, made], capture_output=True, text=True, check=True, cwd=root).stdout == "[]\n"


def test_an_export_is_made_once_and_told(random_card: Card, weights: Path, caplog: pytest.LogCaptureFixture) -> None:
    export_path(random_card, weights).unlink()
    with caplog.at_level(logging.INFO):
        load_classifier(settings(weights))
        load_classifier(settings(weights))
    assert sum("exported random" in message for message in caplog.messages) == 1


def test_weights_that_are_missing_name_the_command_that_gets_them(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="monitor weights fetch resnet18"):
        load_classifier(ModelSettings(weights=tmp_path))


@pytest.mark.parametrize("name", ["resnet18", "no_such_card"])
def test_the_fallback_takes_over_where_it_is_named_and_it_is_said_in_one_line(
    made: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    classifier = load_classifier(settings(made, name=name, fallback="random"))
    assert classifier.card.name == "random"
    assert classifier.fallback_reason is not None
    assert name in classifier.fallback_reason
    [warning] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "Using random instead" in warning
    assert "monitor weights import" in warning
    assert "\n" not in warning


def test_without_a_fallback_nothing_else_is_used(made: Path) -> None:
    with pytest.raises(WeightsError, match="resnet18"):
        load_classifier(settings(made, name="resnet18"))


def test_a_fallback_that_is_no_good_either_is_an_error(made: Path) -> None:
    with pytest.raises(WeightsError, match="efficientnet_lite0"):
        load_classifier(settings(made, name="resnet18", fallback="efficientnet_lite0"))


def test_a_checkpoint_with_one_byte_changed_is_refused_although_the_export_is_sound(random_card: Card, weights: Path) -> None:
    file = weights / random_card.file
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged"):
        load_classifier(settings(weights))


def test_a_damaged_export_is_made_again_and_never_used(random_card: Card, weights: Path) -> None:
    sound = load_classifier(settings(weights)).classify([PICTURE])
    file = export_path(random_card, weights)
    file.write_bytes(file.read_bytes()[:1000])
    assert (load_classifier(settings(weights)).classify([PICTURE]) == sound).all()


def test_weights_with_nan_are_refused_at_start(state: dict[str, object], random_card: Card, tmp_path: Path) -> None:
    import torch

    spoilt = {name: value.clone() for name, value in state.items() if isinstance(value, torch.Tensor)}
    spoilt["fc.bias"][0] = float("nan")
    file = tmp_path / "nan.pth"
    torch.save(spoilt, file)
    card = replace(random_card, name="nan", file=file.name, sha256=sha256_of(file), size=file.stat().st_size)
    (tmp_path / "nan.yaml").write_text(card_text(card))
    for engine in ("onnxruntime", "torch", "auto"):
        with pytest.raises(WeightsError, match=r"finite|NaN"):
            load_classifier(settings(tmp_path, name="nan", engine=engine))


class WrongEngine:
    """Answers the golden input with `answer`."""

    name = "wrong"
    version = "0"
    golden = np.array([1, 2, 3], np.float32)

    def __init__(self, *answer: float) -> None:
        self._answer = np.array([answer], np.float32)

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._answer


@pytest.mark.parametrize("answer", [(1, 2), (1, 2, 4), (1, 2, float("inf")), (3, 2, 1), (1, 2, 3, 4)])
def test_an_engine_that_answers_otherwise_than_the_reference_model_is_refused(random_card: Card, answer: tuple[float, ...]) -> None:
    with pytest.raises(WeightsError, match="self-test"):
        self_test(WrongEngine(*answer), random_card)


def test_rounding_passes_the_self_test(random_card: Card) -> None:
    self_test(WrongEngine(1.00001, 2, 2.99999), random_card)
    assert golden_input(random_card).shape == (1, 3, 224, 224)


def test_what_is_not_built_in_is_refused_and_nothing_is_taken_instead(made: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_classifier(settings(made, engine="openvino", precision="int8"))
    assert [problem.where for problem in caught.value.problems] == ["model.engine", "model.precision"]


def test_what_a_command_line_asks_for_goes_before_the_settings() -> None:
    given = ModelSettings(fallback="efficientnet_lite0")
    assert override(given) == given
    assert override(given, engine="torch", precision="int8") == given.model_copy(update={"engine": "torch", "precision": "int8"})


def test_a_card_that_is_asked_for_by_name_has_no_fallback() -> None:
    asked = override(ModelSettings(fallback="efficientnet_lite0"), name="resnet18")
    assert (asked.name, asked.fallback) == ("resnet18", None)
