"""Numbers, switches, durations, sizes and secrets as people write them, as pydantic types.

Each type also says in the JSON schema what it allows; `explain.py` reads its messages from there, so a type and its message
cannot drift apart.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

HIDDEN = "***"

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
# 12 digits are 30,000 years and a terabyte in bytes; more would only be a way to reach infinity.
_AMOUNT = r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?"
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_DURATIONS = "such as 500ms, 5s, 10m, 2h or 30d"
_SIZES = "such as 500MB or 2GB"


def _refused() -> PydanticCustomError:
    """The value is not what its type allows; what that is stands in the JSON schema."""
    return PydanticCustomError("refused", "not what is allowed here")


def _amount(value: object, units: dict[str, float] | dict[str, int]) -> tuple[float, float]:
    """Split `5s` into the number and what its unit stands for."""
    match = re.fullmatch(f"{_AMOUNT}({'|'.join(units)})", value) if isinstance(value, str) else None
    if not match:
        raise _refused()
    return float(match[1]), units[match[2]]


def parse_duration(value: object) -> float:
    """Turn `500ms`, `5s`, `10m`, `2h` or `30d` into seconds. A bare number has no unit and is refused."""
    number, unit = _amount(value, _SECONDS)
    return number * unit


def parse_size(value: object) -> int:
    """Turn `500MB` into bytes (decimal units, as disks are sold). A bare number has no unit and is refused."""
    number, unit = _amount(value, _BYTES)
    return round(number * unit)


def format_duration(seconds: float) -> str:
    """Write seconds as the shortest text that `parse_duration` reads back, to the microsecond."""
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:.0f}{unit}"
    return f"{seconds * 1000:.3f}".rstrip("0").rstrip(".") + "ms" if seconds else "0s"


def format_size(size: int) -> str:
    """Write bytes as the shortest text that `parse_size` reads back."""
    unit = next((unit for unit in reversed(_BYTES) if size and size % _BYTES[unit] == 0), "B")
    return f"{size // _BYTES[unit]}{unit}"


def _above_zero(value: float) -> float:
    """Refuse 0."""
    if value <= 0:
        raise _refused()
    return value


def _some_duration(value: object) -> float:
    return _above_zero(parse_duration(value))


def _some_size(value: object) -> int:
    return int(_above_zero(parse_size(value)))


def _number(value: object) -> object:
    """Let numbers through, also as text (from the environment); not true and false, which Python takes for 1 and 0."""
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        raise _refused()
    return value


def _flag(value: object) -> bool:
    """Let true and false through, also as text (from the environment); not yes, on or 1."""
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise _refused()
    return value == "true"


def _text(description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": description})


def _hide(_: Any) -> str:
    """What a dump says instead of a secret."""
    return HIDDEN


NUMERIC = BeforeValidator(_number)
"""Stands last in the annotation of an int or float, so that bounds still reach the JSON schema."""

Flag = Annotated[bool, BeforeValidator(_flag)]

_as_duration = PlainSerializer(format_duration, return_type=str, when_used="json")
_as_size = PlainSerializer(format_size, return_type=str, when_used="json")

Duration = Annotated[float, BeforeValidator(parse_duration), _as_duration, _text(f"a duration with its unit, {_DURATIONS}")]
"""Seconds, 0 or more."""

SomeDuration = Annotated[float, BeforeValidator(_some_duration), _as_duration, _text(f"a duration above 0 with its unit, {_DURATIONS}")]
"""Seconds, above 0."""

Size = Annotated[int, BeforeValidator(parse_size), _as_size, _text(f"a size with its unit, {_SIZES}")]
"""Bytes, 0 or more."""

SomeSize = Annotated[int, BeforeValidator(_some_size), _as_size, _text(f"a size above 0 with its unit, {_SIZES}")]
"""Bytes, above 0."""

Secret = Annotated[SecretStr, PlainSerializer(_hide, return_type=str, when_used="json")]
"""Text that shows itself nowhere."""
