"""How hot the board is, and whether it slows itself down. Linux tells both in files; what is not there is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ZONES = "sys/class/thermal"
"""Folder of the thermal zones (kernel documentation, driver-api/thermal/sysfs-api: `type` and `temp`, in thousandths of a degree)."""

CPU = ("cpu-thermal", "cpu_thermal", "x86_pkg_temp", "soc-thermal", "soc_thermal")
"""Types of the zones that measure the processor; a zone of another type may be a battery or a modem."""

FLAGS = "sys/devices/platform/soc/soc:firmware/get_throttled"
"""What the firmware of a Raspberry Pi tells, in hexadecimal, as `vcgencmd get_throttled` does."""

SLOWED = 0b1110
"""Its bits for now: 1 the frequency is capped, 2 throttled, 3 the soft temperature limit is in force. Bit 0 is the voltage."""


@dataclass(frozen=True, slots=True)
class Heat:
    """temperature: of the processor in °C. throttled: whether the board slows itself down. None: it does not tell."""

    temperature: float | None = None
    throttled: bool | None = None


def read_heat(root: Path = Path("/")) -> Heat:
    """Look at the board. root: where its `sys` is."""
    temperatures = [found for zone in sorted((root / ZONES).glob("thermal_zone*")) if (found := _temperature(zone)) is not None]
    return Heat(max(temperatures, default=None), _throttled(root / FLAGS))


def _temperature(zone: Path) -> float | None:
    if _text(zone / "type") not in CPU:
        return None
    try:
        return int(_text(zone / "temp")) / 1000
    except ValueError:
        return None


def _throttled(file: Path) -> bool | None:
    try:
        return bool(int(_text(file), 16) & SLOWED)
    except ValueError:
        return None


def _text(file: Path) -> str:
    """Give what a file says; nothing if it cannot be read: a zone may refuse while its sensor sleeps."""
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
