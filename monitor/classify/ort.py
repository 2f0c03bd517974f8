"""ONNX Runtime, imported in this one way."""

from __future__ import annotations

import os
from types import ModuleType

_NO_REPORTS = "ORT_DISABLE_TELEMETRY"


def onnxruntime() -> ModuleType:
    """Import ONNX Runtime with its reports to its maker switched off: since 1.31 the Linux wheels send them unless told not to.

    The library looks at the variable once, when it is first imported.
    """
    os.environ[_NO_REPORTS] = "1"
    import onnxruntime

    return onnxruntime  # type: ignore[no-any-return] # it has no types of its own
