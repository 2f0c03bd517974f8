"""Which engines may run a card, in which order, and why: what is set, else what was measured, else the default."""

from __future__ import annotations

from collections.abc import Collection
from importlib.util import find_spec
from typing import Literal, NamedTuple

from monitor.classify.measured import Measured
from monitor.classify.start import EngineName, Precision

ORDER: tuple[EngineName, ...] = ("onnxruntime", "openvino", "torch")
"""What `engine: auto` tries where nothing was measured."""


class Choice(NamedTuple):
    """An engine and the reason for it, in words."""

    engine: EngineName
    why: str


def choices(setting: Literal["auto"] | EngineName, able: Collection[str], measured: Measured | None) -> list[Choice]:
    """Return the engines to try, best first. able: those that are installed and can run the card in the precision that is asked for."""
    if setting != "auto":
        return [Choice(setting, "as set")]
    found = []
    if measured is not None:
        found = [Choice(name, f"the fastest when `monitor bench --save` ran on {measured.on}") for name in ORDER if name == measured.engine]
    taken = {choice.engine for choice in found}
    rest = [Choice(name, "the default" if name == ORDER[0] else "the next at hand") for name in ORDER if name not in taken]
    return [choice for choice in found + rest if choice.engine in able]


def installed() -> list[EngineName]:
    """Return the engines whose library is installed."""
    return [name for name in ORDER if find_spec(name) is not None]


def engines_for(precision: Precision, passed_int8: Collection[str]) -> list[EngineName]:
    """Return the installed engines that offer a precision. passed_int8: those in which the card's int8 file was measured and kept."""
    return [name for name in installed() if precision == "fp32" or name in passed_int8]
