"""Which CPU this is: what was made or measured on one need not hold on another."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path

CPUINFO, BOARD = Path("/proc/cpuinfo"), Path("/proc/device-tree/model")


@cache
def _facts() -> dict[str, str]:
    """Return the first processor's entry of /proc/cpuinfo; {} where it cannot be read."""
    try:
        first = CPUINFO.read_text("utf-8", errors="replace").strip().split("\n\n")[0]
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def _flags() -> frozenset[str]:
    """Return the instruction sets, as x86 and ARM kernels name them."""
    return frozenset((_facts().get("flags") or _facts().get("Features") or "").split())


def cpu_name() -> str:
    """Return the CPU's name for people, or its architecture where it has none (most ARM boards name the board, if anything)."""
    if BOARD.is_file():
        return BOARD.read_text("utf-8", errors="replace").strip("\0\n ")
    return _facts().get("model name") or platform.machine()


def cpu_id() -> str:
    """Return 8 hex digits that change with the architecture and the instruction sets."""
    return hashlib.sha256(" ".join([platform.machine(), *sorted(_flags())]).encode()).hexdigest()[:8]


def multiplies_bytes_exactly() -> bool:
    """Tell whether int8 products are added up without overflowing.

    x86 before VNNI adds two products of an unsigned and a signed byte in 16 bits, which saturate: weights must then stay within 7 bits.
    """
    return platform.machine() not in {"x86_64", "AMD64"} or bool(_flags() & {"avx512_vnni", "avx_vnni"})
