"""The board: how hot it is, whether it slows itself down, whether it has power and memory enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from monitor.doctor.daemon import Running
from monitor.doctor.finding import Finding, ok, warning
from monitor.runtime.thermal import FLAGS, Heat, read_heat

HOT = 80.0
"""°C from which a Raspberry Pi begins to slow itself down (its documentation, "Frequency management and thermal control")."""

NEEDED = 350 * 1024
"""KiB that must be available for a daemon that is yet to start: ResNet-18 takes 120 MB and twice that while it is loaded, a camera 20."""

_LOW_VOLTAGE = {"now": 1 << 0, "since it was started": 1 << 16}
_SLOWED_BEFORE = 1 << 18 | 1 << 19
"""Bits of `get_throttled` (`vcgencmd`): under-voltage now and since boot, throttled and soft temperature limit since boot."""


def check_board(running: Running, root: Path = Path("/")) -> Iterator[Finding]:
    """Look at the board. root: where its `sys` and `proc` are."""
    yield from judge_heat(read_heat(root), _flags(root / FLAGS))
    yield from judge_memory(_memory(root / "proc/meminfo"), running)


def judge_heat(heat: Heat, flags: int) -> Iterator[Finding]:
    """Judge temperature and power. flags: of the firmware of a Raspberry Pi, 0 elsewhere."""
    cooling = "give it a heat sink or a fan, and air; lower `fps` until then"
    told = "the board tells no temperature" if heat.temperature is None else f"the processor has {heat.temperature:.0f} °C"
    if heat.throttled:
        yield warning("temperature", f"{told}, and the board slows itself down", cooling)
    elif heat.temperature is not None and heat.temperature >= HOT:
        yield warning("temperature", told, cooling)
    elif flags & _SLOWED_BEFORE:
        yield warning("temperature", f"{told} now, but the board has slowed itself down since it was started", cooling)
    else:
        yield ok("temperature", told)
    if when := next((when for when, bit in _LOW_VOLTAGE.items() if flags & bit), None):
        yield warning("power", f"the voltage is too low ({when})", "use the power supply that belongs to the board, and a short cable")


def judge_memory(memory: Mapping[str, int], running: Running) -> Iterator[Finding]:
    """Judge the memory. memory: of /proc/meminfo, in KiB; what it does not tell is left out."""
    available, total = memory.get("MemAvailable"), memory.get("MemTotal")
    if available is None or total is None:
        return
    told = f"{available / 1024:.0f} of {total / 1024:.0f} MB available"
    if available < (NEEDED if not running.runs else NEEDED / 4):
        yield warning("memory", told, "end what else runs here, or take `model: {precision: int8}` and smaller pictures from the cameras")
    else:
        yield ok("memory", told)
    swap, free = memory.get("SwapTotal", 0), memory.get("SwapFree", 0)
    if swap and free < swap / 2:
        yield warning(
            "memory", f"{(swap - free) / 1024:.0f} of {swap / 1024:.0f} MB swap in use: everything waits for the disk", "as above"
        )


def _flags(file: Path) -> int:
    try:
        return int(file.read_text("ascii").strip(), 16)
    except (OSError, ValueError):
        return 0


def _memory(file: Path) -> dict[str, int]:
    try:
        lines = file.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return {}
    rows = (line.replace(":", "").split() for line in lines)
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
