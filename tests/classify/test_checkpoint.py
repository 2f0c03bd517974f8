from __future__ import annotations

import pickle
import random
import sys
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.classify.architectures import build
from monitor.classify.checkpoint import read_state
from monitor.errors import WeightsError, WeightsRefusedError

if TYPE_CHECKING:
    import torch


class Attack:
    """Unpickling this creates the file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.marker,)  # type: ignore[return-value]  # the victim calls Path.touch(marker)


def save(content: object, file: Path, *, legacy: bool = False) -> Path:
    import torch

    torch.save(content, file, _use_new_zipfile_serialization=not legacy)
    return file


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model", "model_state_dict"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_every_usual_wrapping_is_taken_off(
    state: dict[str, torch.Tensor], tmp_path: Path, wrapper: str | None, prefix: str, legacy: bool
) -> None:
    head = {name: state[name] for name in ("fc.weight", "fc.bias", "bn1.num_batches_tracked")}
    content: object = OrderedDict((prefix + name, value) for name, value in head.items())
    if wrapper:
        content = {wrapper: content, "epoch": 3, "optimizer": {"lr": 0.1}}
    read = read_state(save(content, tmp_path / "a.pth", legacy=legacy))
    assert set(read) == set(head)
    assert all((read[name] == value).all() for name, value in head.items())


def test_nothing_in_a_malicious_file_is_ever_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    attack = Attack(marker)
    file = tmp_path / "evil.pth"
    for legacy in (False, True):
        save({"state_dict": attack}, file, legacy=legacy)
        with pytest.raises(WeightsRefusedError, match=r"Python objects.*not opened"):
            read_state(file)
    file.write_bytes(pickle.dumps(attack))
    with pytest.raises(WeightsRefusedError):
        read_state(file)
    assert not marker.exists()
    pickle.loads(pickle.dumps(attack))
    assert marker.exists(), "the attack was none, so the test showed nothing"


def test_a_whole_module_is_refused_with_how_to_save_it(tmp_path: Path) -> None:
    file = save(build("resnet18", 3), tmp_path / "module.pth")
    with pytest.raises(WeightsRefusedError, match=r"ResNet.*torch.save\(model.state_dict\(\), FILE\)"):
        read_state(file)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty"),
        (b"\n<!DOCTYPE html><html>sign in</html>", "web page"),
        (b"<html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not a PyTorch checkpoint"),
        (b"PK\x03\x04", "truncated"),
        (b"\x80", "truncated|not a PyTorch"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "truncated"),
        (bytes(100_000), "damaged"),
        (bytes(range(256)) * 100, "not a PyTorch checkpoint"),
        (b"{}", "not a PyTorch checkpoint"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_told_for_what_it_is(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "odd.pth"
    file.write_bytes(content)
    with pytest.raises(WeightsRefusedError, match=complaint):
        read_state(file)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.999])
def test_a_truncated_checkpoint_is_refused_wherever_it_ends(tmp_path: Path, share: float, legacy: bool) -> None:
    import torch

    file = save({f"layer{i}.weight": torch.rand(40, 40) for i in range(20)}, tmp_path / "a.pth", legacy=legacy)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(WeightsRefusedError, match=r"truncated|not a PyTorch"):
        read_state(file)


def test_a_machine_without_torch_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(WeightsError, match="pip install torch"):
        read_state(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [[], {}, {"a": 1}, {"state_dict": {}}, "weights", {"state_dict": {"fc.weight": None}}, {1: None}])
def test_a_file_without_a_state_dict_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(WeightsRefusedError, match="no state dict"):
        read_state(save(content, tmp_path / "a.pth"))


def test_quantised_or_complex_numbers_are_not_taken_for_weights(tmp_path: Path) -> None:
    import torch

    for kind in (torch.int8, torch.complex64):
        with pytest.raises(WeightsRefusedError, match="floating-point"):
            read_state(save({"fc.weight": torch.zeros(2, 2, dtype=kind)}, tmp_path / "a.pth"))


@pytest.mark.parametrize("legacy", [False, True])
def test_random_damage_is_either_refused_or_still_a_state_dict(tmp_path: Path, legacy: bool) -> None:
    import torch

    file = save({f"layer{i}.weight": torch.rand(3, 3) for i in range(10)}, tmp_path / "a.pth", legacy=legacy)
    whole = file.read_bytes()
    chance = random.Random(5)
    outcomes = set()
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 2, 5))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        file.write_bytes(damaged[: chance.randrange(len(damaged))] if chance.random() < 0.4 else damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged names make torch speak of storage classes that are going away
            try:
                outcomes.add(bool(read_state(file)))
            except WeightsRefusedError:
                outcomes.add(False)
    assert outcomes == {True, False}
