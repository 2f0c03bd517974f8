from __future__ import annotations

import pytest

from monitor.classify.choose import Choice, choices, engines_for, installed
from monitor.classify.measured import Measured
from monitor.classify.start import EngineName

ALL = ("onnxruntime", "openvino", "torch")
FASTEST = "the fastest when `monitor bench --save` ran on 2026-11-24"


def measured(engine: str) -> Measured:
    return Measured(engine, "1.0", 12.0, together=2, on="2026-11-24")


@pytest.mark.parametrize(
    ("able", "found", "wanted"),
    [
        (ALL, None, [("onnxruntime", "the default"), ("openvino", "the next at hand"), ("torch", "the next at hand")]),
        (ALL, "torch", [("torch", FASTEST), ("onnxruntime", "the default"), ("openvino", "the next at hand")]),
        (ALL, "onnxruntime", [("onnxruntime", FASTEST), ("openvino", "the next at hand"), ("torch", "the next at hand")]),
        (("onnxruntime", "torch"), "openvino", [("onnxruntime", "the default"), ("torch", "the next at hand")]),
        (("torch",), None, [("torch", "the next at hand")]),
        (ALL, "tflite", [("onnxruntime", "the default"), ("openvino", "the next at hand"), ("torch", "the next at hand")]),
        ((), None, []),
    ],
)
def test_auto_tries_what_was_measured_then_the_default_then_the_rest(
    able: tuple[str, ...], found: str | None, wanted: list[tuple[str, str]]
) -> None:
    assert [tuple(choice) for choice in choices("auto", able, measured(found) if found else None)] == wanted


@pytest.mark.parametrize("engine", ALL)
def test_an_engine_that_is_set_is_the_only_one_whatever_was_measured(engine: EngineName) -> None:
    assert choices(engine, ALL, measured("openvino")) == [Choice(engine, "as set")]


def test_the_engines_of_a_precision_are_those_installed_and_for_int8_those_that_were_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.classify.choose.find_spec", lambda name: None if name == "openvino" else name)
    assert installed() == ["onnxruntime", "torch"]
    assert engines_for("fp32", []) == ["onnxruntime", "torch"]
    assert engines_for("int8", ["openvino", "onnxruntime"]) == ["onnxruntime"]
    assert engines_for("int8", ["openvino"]) == []
