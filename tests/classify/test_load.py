from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.card import Card, card_text, export_path
from monitor.classify.checksum import sha256_of
from monitor.classify.choose import installed
from monitor.classify.export import export
from monitor.classify.golden import golden_input
from monitor.classify.int8.quantize import quantize
from monitor.classify.load import load_classifier, override
from monitor.classify.measured import Measured, save
from monitor.classify.preprocess import Square
from monitor.classify.start import self_test, start
from monitor.config.schema import ModelSettings
from monitor.errors import ConfigError, UsageError, WeightsError
from tests.small_net import small_inputs, write_small_net

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


@pytest.mark.parametrize("exported", [True, False])
def test_the_daemon_never_holds_torch_even_where_it_has_to_make_the_export(random_card: Card, weights: Path, exported: bool) -> None:
    if not exported:
        export_path(random_card, weights).unlink()
    code = (
        "import sys; from pathlib import Path\n"
        "from monitor.classify.load import load_classifier; from monitor.config.schema import ModelSettings\n"
        "load_classifier(ModelSettings(name='random', weights=Path(sys.argv[1])))\n"
        "print(sorted({'torch', 'torchvision', 'onnx'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code, weights], capture_output=True, text=True, check=True, cwd=root).stdout == "[]\n"


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


GOLDEN = (1.0, 2.0, 3.0)


class WrongEngine:
    """Answers the golden input with `answer`."""

    name = "wrong"
    version = "0"

    def __init__(self, *answer: float) -> None:
        self._answer = np.array([answer], np.float32)

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._answer


@pytest.mark.parametrize("answer", [(1, 2), (1, 2, 4), (1, 2, float("inf")), (3, 2, 1), (1, 2, 3, 4)])
def test_an_engine_that_answers_otherwise_than_the_reference_model_is_refused(random_card: Card, answer: tuple[float, ...]) -> None:
    with pytest.raises(WeightsError, match="self-test"):
        self_test(WrongEngine(*answer), random_card, GOLDEN)


def test_rounding_passes_the_self_test(random_card: Card) -> None:
    self_test(WrongEngine(1.00001, 2, 2.99999), random_card, GOLDEN)
    assert golden_input(random_card).shape == (1, 3, 224, 224)


def test_int8_rounds_more_coarsely_but_not_by_whole_units(random_card: Card) -> None:
    self_test(WrongEngine(1.2, 2.2, 2.8), random_card, GOLDEN, exact=False)
    with pytest.raises(WeightsError, match="self-test"):
        self_test(WrongEngine(1.2, 2.2, 2.8), random_card, GOLDEN)
    with pytest.raises(WeightsError, match="self-test"):
        self_test(WrongEngine(1.0, 3.0, 3.0), random_card, GOLDEN, exact=False)


def test_an_engine_that_is_not_installed_is_a_mistake_in_the_configuration(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.classify.load.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="pip install openvino") as caught:
        load_classifier(settings(made, engine="openvino"))
    assert [problem.where for problem in caught.value.problems] == ["model.engine"]


def test_int8_without_an_int8_file_is_a_mistake_in_the_configuration(made: Path) -> None:
    with pytest.raises(ConfigError, match="monitor weights quantize random") as caught:
        load_classifier(settings(made, precision="int8"))
    assert [problem.where for problem in caught.value.problems] == ["model.precision"]


@pytest.fixture(scope="module")
def quantized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small net `small`, its int8 file, and `plain`, which has none. Not to be changed."""
    weights = tmp_path_factory.mktemp("quantized")
    card = write_small_net(weights)
    write_small_net(weights, "plain", seed=2)
    quantize(card, weights, small_inputs(100), {}, 1, accept=False, progress=lambda what, done, total: None)
    return weights


@pytest.fixture
def int8(quantized: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be spoiled."""
    return Path(shutil.copytree(quantized, tmp_path / "int8"))


def keep_for(weights: Path, *engines: str) -> None:
    """Have the int8 file of `small` kept for these engines."""
    (record,) = weights.glob("small-*.int8.onnx.json")
    content = json.loads(record.read_text())
    content["engines"] = {engine: {"kept": engine in engines} for engine in ("onnxruntime", "openvino")}
    record.write_text(json.dumps(content))


@pytest.mark.parametrize(("engine", "used"), [("auto", "onnxruntime"), ("onnxruntime", "onnxruntime"), ("openvino", "openvino")])
def test_int8_runs_in_the_engine_that_is_set(int8: Path, engine: str, used: str, caplog: pytest.LogCaptureFixture) -> None:
    if used not in installed():
        pytest.skip(f"{used} is not installed")
    exact = load_classifier(settings(int8, name="small"))
    with caplog.at_level(logging.INFO):
        classifier = load_classifier(settings(int8, name="small", engine=engine, precision="int8"))
    assert (classifier.engine.name, classifier.precision, classifier.fallback_reason) == (used, "int8", None)
    scores, wanted = classifier.classify([PICTURE]), exact.classify([PICTURE])
    assert np.abs(scores - wanted).max() < 0.1
    assert (scores != wanted).any()
    assert any(message.startswith(f"model small in {used} ") and ", int8, " in message for message in caplog.messages)


def test_int8_that_was_kept_for_one_engine_only_runs_in_no_other(int8: Path) -> None:
    if "openvino" not in installed():
        pytest.skip("openvino is not installed")
    keep_for(int8, "openvino")
    assert load_classifier(settings(int8, name="small", precision="int8")).engine.name == "openvino"
    with pytest.raises(ConfigError, match="small has no int8 file that was kept for onnxruntime: run `monitor weights quantize small`"):
        load_classifier(settings(int8, name="small", precision="int8", engine="onnxruntime"))


def test_int8_that_was_kept_for_an_engine_that_is_gone_is_told(int8: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_for(int8, "openvino")
    monkeypatch.setattr("monitor.classify.choose.find_spec", lambda name: None if name == "openvino" else name)
    with pytest.raises(ConfigError, match="the int8 file of small was kept for openvino, not installed here: run `monitor weights quant"):
        load_classifier(settings(int8, name="small", precision="int8"))


def test_int8_that_does_not_answer_as_when_it_was_measured_is_refused(int8: Path) -> None:
    (record,) = int8.glob("small-*.int8.onnx.json")
    content = json.loads(record.read_text())
    content["golden_logits"]["onnxruntime"][1] += 3.0
    record.write_text(json.dumps(content))
    with pytest.raises(WeightsError, match="the self-test of small did not give what the reference model gives"):
        load_classifier(settings(int8, name="small", precision="int8", engine="onnxruntime"))


def spoil_int8(weights: Path, what: str) -> None:
    (file,) = weights.glob("small-*.int8.onnx")
    if what == "flipped byte":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif what == "damaged record":
        file.with_name(f"{file.name}.json").write_text('{"sha256"')
    else:
        file.unlink()


@pytest.mark.parametrize("spoil", ["flipped byte", "damaged record"])
def test_a_damaged_int8_file_gives_way_to_the_fallback_if_one_is_named(int8: Path, spoil: str) -> None:
    spoil_int8(int8, spoil)
    with pytest.raises(WeightsError, match=r"damaged.*: run `monitor weights quantize small`"):
        load_classifier(settings(int8, name="small", precision="int8"))
    classifier = load_classifier(settings(int8, name="small", precision="int8", fallback="plain"))
    assert (classifier.card.name, classifier.precision) == ("plain", "fp32")
    assert "damaged" in (classifier.fallback_reason or "")


def test_a_fallback_with_an_int8_file_runs_in_int8(int8: Path) -> None:
    classifier = load_classifier(settings(int8, name="gone", precision="int8", fallback="small"))
    assert (classifier.card.name, classifier.precision) == ("small", "int8")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [("missing", "small has no int8 file"), ("flipped byte", "its SHA-256 is not the one"), ("damaged record", "is missing or damaged")],
)
def test_a_fallback_whose_int8_file_cannot_be_used_runs_in_fp32_and_the_log_says_so(
    int8: Path, spoil: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    spoil_int8(int8, spoil)
    classifier = load_classifier(settings(int8, name="gone", precision="int8", fallback="small"))
    assert (classifier.card.name, classifier.precision) == ("small", "fp32")
    (line,) = [message for message in caplog.messages if message.startswith("small runs in fp32: ")]
    assert why in line


def test_a_fallback_whose_int8_file_is_for_another_engine_runs_in_fp32(int8: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep_for(int8, "openvino")
    classifier = load_classifier(settings(int8, name="gone", precision="int8", engine="onnxruntime", fallback="small"))
    assert (classifier.engine.name, classifier.precision) == ("onnxruntime", "fp32")
    assert "small runs in fp32: small has no int8 file that was kept for onnxruntime" in caplog.messages


def test_int8_in_torch_is_a_mistake_in_the_configuration(made: Path) -> None:
    with pytest.raises(ValueError, match="onnxruntime and openvino"):
        settings(made, engine="torch", precision="int8")


def test_the_log_and_the_classifier_say_which_engine_runs_and_why(made: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        classifier = load_classifier(settings(made))
    assert (classifier.precision, classifier.engine_reason, classifier.together) == ("fp32", "the default", 1)
    [line] = [message for message in caplog.messages if message.startswith("model ")]
    assert line == f"model random in onnxruntime {classifier.engine.version}, fp32, threads: 1 (the default)"


def test_auto_takes_what_was_measured_here_and_says_so(random_card: Card, weights: Path) -> None:
    found = Measured("torch", metadata.version("torch"), 12.0, together=2, on="2026-11-24")
    save({("random", "fp32"): found}, {"random": random_card}, weights)
    classifier = load_classifier(settings(weights))
    assert (classifier.engine.name, classifier.together) == ("torch", 2)
    assert classifier.engine_reason == "the fastest when `monitor bench --save` ran on 2026-11-24"


def test_auto_passes_over_an_engine_that_fails_its_self_test_and_says_so(
    random_card: Card, weights: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(engine: str, *rest: object) -> Path:
        if engine == "onnxruntime":
            raise WeightsError("it ends with an illegal instruction")
        return export_path(random_card, weights)

    monkeypatch.setattr("monitor.classify.load.try_out", refuse)
    monkeypatch.setattr("monitor.classify.load.engines_for", lambda *rest: ["onnxruntime", "torch"])
    classifier = load_classifier(settings(weights))
    assert classifier.engine.name == "torch"
    assert classifier.engine_reason == "the next at hand; not in onnxruntime: it ends with an illegal instruction"
    assert "random does not run in onnxruntime" in caplog.text
    with pytest.raises(WeightsError, match="illegal instruction"):
        load_classifier(settings(weights, engine="onnxruntime"))


def test_what_a_command_line_asks_for_goes_before_the_settings() -> None:
    given = ModelSettings(fallback="efficientnet_lite0")
    assert override(given) == given
    assert override(given, engine="openvino", precision="int8") == given.model_copy(update={"engine": "openvino", "precision": "int8"})


def test_a_command_line_cannot_ask_for_what_a_configuration_may_not() -> None:
    with pytest.raises(UsageError, match="onnxruntime and openvino"):
        override(ModelSettings(), engine="torch", precision="int8")


def test_a_card_that_is_asked_for_by_name_has_no_fallback() -> None:
    asked = override(ModelSettings(fallback="efficientnet_lite0"), name="resnet18")
    assert (asked.name, asked.fallback) == ("resnet18", None)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (
            "could not create a primitive",
            "torch fails with random: could not create a primitive: it writes machine code, .*torch-engine.conf",
        ),
        ("src/a.cpp:1\nout of luck", "torch fails with random: out of luck$"),
        ("", "torch fails with random: RuntimeError$"),
    ],
)
def test_an_engine_that_gives_up_is_refused_in_words(
    random_card: Card, weights: Path, monkeypatch: pytest.MonkeyPatch, told: str, why: str
) -> None:
    def give_up(*rest: object, **more: object) -> None:
        raise RuntimeError(told)

    monkeypatch.setattr("monitor.classify.start.TorchEngine", give_up)
    with pytest.raises(WeightsError, match=why):
        start("torch", random_card, weights, export_path(random_card, weights), threads=1)
