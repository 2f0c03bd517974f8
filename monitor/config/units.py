"""Durations and sizes as people write them (`10s`, `500MB`), as pydantic types."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}


def parse_duration(value: object) -> float:
    """Turn `500ms`, `5s`, `10m`, `2h` or `30d` into seconds. A bare number has no unit and is refused."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value) if isinstance(value, str) else None
    if not match:
        raise ValueError("a duration with its unit, such as 500ms, 5s, 10m, 2h or 30d")
    return float(match[1]) * _SECONDS[match[2]]


def parse_size(value: object) -> int:
    """Turn `500MB` into bytes (decimal units, as disks are sold). A bare number has no unit and is refused."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s?(B|KB|MB|GB|TB)", value) if isinstance(value, str) else None
    if not match:
        raise ValueError("a size with its unit, such as 500MB or 2GB")
    return int(float(match[1]) * _BYTES[match[2]])


Duration = Annotated[float, BeforeValidator(parse_duration)]
"""Seconds."""

Size = Annotated[int, BeforeValidator(parse_size)]
"""Bytes."""
