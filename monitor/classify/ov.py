"""OpenVINO, imported in this one way."""

from __future__ import annotations

import sys
from types import ModuleType

_REPORTS = "openvino_telemetry"


def openvino() -> ModuleType:
    """Import OpenVINO without the package that reports each import to its maker; OpenVINO does without it where it is not installed."""
    if _REPORTS not in sys.modules:
        sys.modules[_REPORTS] = None  # type: ignore[assignment] # Python's way of saying that there is no such module
    import openvino

    return openvino  # type: ignore[no-any-return] # it has no types of its own
