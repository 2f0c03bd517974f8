from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monitor.classify.architectures import build, load_checkpoint
from monitor.classify.card import Card, export_path, find_card, own_cards, shipped_cards
from monitor.classify.checksum import sha256_of
from monitor.classify.export import export_problem
from monitor.classify.golden import golden_input
from monitor.classify.importing import import_weights
from monitor.classify.labels import fingerprint
from monitor.classify.load import load_classifier
from monitor.classify.preprocess import Square
from monitor.classify.verify import verify_file
from monitor.config.schema import ModelSettings
from monitor.errors import MonitorError, UsageError, WeightsRefusedError

if TYPE_CHECKING:
    import torch

State = dict[str, "torch.Tensor"]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A list of three labels."""
    file = tmp_path / "labels.txt"
    file.write_text("cat\ndog\nnothing at all\n")
    return file


@pytest.fixture(scope="module")
def taken(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with the card `cats`, which no refusal may change."""
    folder = tmp_path_factory.mktemp("taken")
    (folder / "labels.json").write_text('["cat", "dog", "mouse"]')
    import_weights(checkpoint, folder / "weights", "cats", folder / "labels.json")
    return folder / "weights"


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_a_model_of_ones_own_becomes_a_card_that_is_ready(checkpoint: Path, labels: Path, tmp_path: Path) -> None:
    weights = tmp_path / "new" / "weights"
    card = import_weights(checkpoint, weights, "my-cats", labels)
    assert card == find_card("my-cats", weights)
    assert (card.architecture, card.labels, card.url) == ("resnet18", ("cat", "dog", "nothing at all"), None)
    assert (card.sha256, card.labels_sha256) == (sha256_of(checkpoint), fingerprint(card.labels))
    assert card.preprocessing == shipped_cards()["resnet18"].preprocessing
    verify_file(card, weights)
    assert export_problem(card, weights) is None
    export = export_path(card, weights).name
    assert files(weights) == {"my-cats.pth", "my-cats.yaml", export, f"{export}.json"}
    assert (weights / "my-cats.pth").read_bytes() == checkpoint.read_bytes()


def test_a_half_precision_file_from_a_parallel_training_run_gives_the_same_model(
    state: State, random_card: Card, checkpoint: Path, labels: Path, tmp_path: Path
) -> None:
    import torch

    half = {f"module.{name}": value.half() if value.is_floating_point() else value for name, value in state.items()}
    torch.save({"state_dict": half, "epoch": 9}, tmp_path / "wrapped.pth")
    card = import_weights(tmp_path / "wrapped.pth", tmp_path / "weights", "cats", labels)
    image = torch.from_numpy(golden_input(card))
    with torch.inference_mode():
        logits = load_checkpoint(card, tmp_path / "weights")(image)[0]
        wanted = load_checkpoint(random_card, checkpoint.parent)(image)[0]
    assert logits.dtype == torch.float32
    np.testing.assert_allclose(logits.numpy(), wanted.numpy(), rtol=1e-2, atol=1e-2)


def test_importing_again_replaces_the_card_and_its_export(state: State, taken: Path, labels: Path, tmp_path: Path) -> None:
    import torch

    weights = Path(shutil.copytree(taken, tmp_path / "weights"))
    first = find_card("cats", weights)
    torch.save({**state, "fc.bias": state["fc.bias"] + 1}, tmp_path / "better.pth")
    second = import_weights(tmp_path / "better.pth", weights, "cats", labels)
    assert second.sha256 != first.sha256
    verify_file(second, weights)
    assert export_problem(second, weights) is None
    assert not export_path(first, weights).exists()
    assert import_weights(weights / "cats.pth", weights, "cats", labels) == second


def write_attack(_: State, file: Path) -> None:
    import torch

    torch.save({"state_dict": build("resnet18", 3)}, file)


def write_wrong_head(_: State, file: Path) -> None:
    import torch

    torch.save(build("resnet18", 4).state_dict(), file)


def write_other_architecture(_: State, file: Path) -> None:
    import torch

    torch.save(build("resnet50", 3).state_dict(), file)


def write_nan(state: State, file: Path) -> None:
    import torch

    torch.save({**state, "fc.bias": torch.full((3,), float("nan"))}, file)


def write_part(state: State, file: Path) -> None:
    import torch

    torch.save(dict(list(state.items())[:-1]), file)


@pytest.mark.parametrize(
    ("write", "complaint"),
    [
        (write_attack, "Python objects"),
        (write_wrong_head, "4 classes apart, but there are 3 labels"),
        (write_other_architecture, r"no resnet18 but has the layers of resnet50 \(--arch resnet50\): "),
        (write_part, "no resnet18: 1 missing.*fc.bias"),
        (write_nan, "NaN"),
        (lambda _, file: file.write_bytes(b"<html>sign in</html>"), "web page"),
        (lambda _, file: file.write_bytes(b""), "empty"),
        (lambda _, file: file.write_bytes(b"PK\x03\x04 and no more"), "truncated"),
        (lambda _, file: None, "No such file"),
        (lambda _, file: file.mkdir(), "not a file"),
    ],
)
def test_a_file_that_will_not_do_is_refused_by_name_and_leaves_nothing_behind(
    write: Callable[[State, Path], None], complaint: str, state: State, taken: Path, labels: Path, tmp_path: Path
) -> None:
    there = files(taken)
    bad = tmp_path / "bad.pth"
    write(state, bad)
    for name in ("cats", "dogs"):
        with pytest.raises(WeightsRefusedError, match=rf"bad\.pth: .*{complaint}"):
            import_weights(bad, taken, name, labels)
    assert files(taken) == there
    verify_file(find_card("cats", taken), taken)


@pytest.mark.parametrize("content", [b"", b"cat\n\ndog\n", b'["a", 1, "b"]', b"\xff\xfe\x00", b"a\nb\x07\nc", b"x" * 70_000, b'{"1": "a"}'])
def test_a_label_list_that_will_not_do_is_refused(checkpoint: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "labels").write_bytes(content)
    with pytest.raises(WeightsRefusedError, match="labels"):
        import_weights(checkpoint, tmp_path / "weights", "cats", tmp_path / "labels")
    assert not files(tmp_path / "weights")


def test_labels_of_one_name_are_taken_with_a_warning(checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "labels.json").write_text('{"0": ["n1", "crane"], "1": ["n2", "crane"], "2": ["n3", "cup"]}')
    with caplog.at_level(logging.WARNING):
        card = import_weights(checkpoint, tmp_path / "weights", "cranes", tmp_path / "labels.json")
    assert card.labels == ("crane", "crane", "cup")
    assert "'crane'" in caplog.text


@pytest.mark.parametrize("name", ["", "My Cats", "../cats", "a" * 65, "cats.", "resnet18", "efficientnet_lite0", "resnet18-f37072fd"])
def test_a_name_that_is_no_slug_or_a_shipped_one_is_a_wrong_call(checkpoint: Path, labels: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        import_weights(checkpoint, tmp_path / "weights", name, labels)
    assert not files(tmp_path / "weights")


def test_what_never_ends_is_not_read(checkpoint: Path, labels: Path, tmp_path: Path) -> None:
    zero = Path("/dev/zero")
    for file, names in ((zero, labels), (checkpoint, zero)):
        with pytest.raises(WeightsRefusedError, match="/dev/zero: it is not a file"):
            import_weights(file, tmp_path / "weights", "cats", names)
    with pytest.raises(WeightsRefusedError, match="/dev/zero: it is not a file"):
        import_weights(zero, tmp_path / "weights")


def test_wrong_calls_say_what_is_lacking(checkpoint: Path, labels: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs --name and --labels"):
        import_weights(checkpoint, tmp_path)
    with pytest.raises(UsageError, match="needs a --name"):
        import_weights(checkpoint, tmp_path, labels=labels)
    with pytest.raises(UsageError, match="needs --labels"):
        import_weights(checkpoint, tmp_path, "cats")
    with pytest.raises(UsageError, match="vgg16: known are resnet18"):
        import_weights(checkpoint, tmp_path, "cats", labels, "vgg16")


def test_another_architecture_is_taken_when_named(labels: Path, tmp_path: Path) -> None:
    import torch

    torch.manual_seed(1)
    torch.save(build("efficientnet_lite0", 3).state_dict(), tmp_path / "lite.pth")
    card = import_weights(tmp_path / "lite.pth", tmp_path / "weights", "lite", labels, "efficientnet_lite0")
    assert card.preprocessing.mean == pytest.approx((127 / 255,) * 3)
    assert own_cards(tmp_path / "weights") == ({"lite": card}, {})


def test_a_resnet34_in_half_precision_from_a_parallel_run_classifies_under_its_name_as_in_torchvision(labels: Path, tmp_path: Path) -> None:
    import torch
    from torch.nn.functional import softmax

    torch.manual_seed(2)
    trained = build("resnet34", 3).half()
    torch.save(torch.nn.DataParallel(trained).state_dict(), tmp_path / "my.pth")
    card = import_weights(tmp_path / "my.pth", tmp_path / "weights", "garage", labels, "resnet34")
    assert export_problem(card, tmp_path / "weights") is None
    classifier = load_classifier(ModelSettings(name="garage", threads=1, weights=tmp_path / "weights"))
    scores = classifier.classify([Square(np.full((300, 400, 3), 200, np.uint8))])
    grey = (200 / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        wanted = softmax(trained.float().eval()(grey.view(1, 3, 1, 1).expand(1, 3, 224, 224)), 1)
    np.testing.assert_allclose(scores, wanted.numpy(), atol=1e-4)
    assert scores.max() > 0.4, "nearly the same score for every class would show nothing"


@pytest.mark.parametrize("target", ["file", "link to nowhere"])
def test_a_weights_folder_that_cannot_be_made_is_named(checkpoint: Path, labels: Path, tmp_path: Path, target: str) -> None:
    weights = tmp_path / "weights"
    if target == "file":
        weights.write_text("in the way")
    else:
        weights.symlink_to(tmp_path / "nowhere" / "at all")
    with pytest.raises(MonitorError, match="weights: "):
        import_weights(checkpoint, weights, "cats", labels)


def test_the_file_of_a_shipped_card_is_known_by_its_hash(tmp_path: Path, lite0: Path) -> None:
    shutil.copy(lite0, tmp_path / "renamed.bin")
    card = import_weights(tmp_path / "renamed.bin", tmp_path / "weights")
    assert card.name == "efficientnet_lite0"
    verify_file(card, tmp_path / "weights")
    assert export_problem(card, tmp_path / "weights") is None
