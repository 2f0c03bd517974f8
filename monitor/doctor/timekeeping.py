"""The wall clock. The daemon's timing does not need it, but its alerts and rows carry it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

import monitor
from monitor.clock import iso
from monitor.doctor.finding import Finding, ok, problem, warning

_UNSYNCHRONISED = 0x40
"""STA_UNSYNC of adjtimex(2): no time service has set the clock lately."""


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`, with room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def is_synchronised() -> bool | None:
    """Ask the kernel whether a time service keeps its clock; None if it does not say."""
    timex = _Timex()  # modes 0: only asks
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None or adjtimex(ctypes.byref(timex)) < 0:
        return None
    return not timex.status & _UNSYNCHRONISED


def installed_at() -> float:
    """Unix seconds of our own files: no right clock is behind them."""
    return Path(monitor.__file__).stat().st_mtime


def check_clock(wall: float, synchronised: bool | None, not_before: float) -> Iterator[Finding]:
    """Judge a wall clock of `wall` Unix seconds. not_before: Unix seconds that are past for certain."""
    now = iso(wall)
    if wall < not_before:
        yield problem(
            "clock",
            f"it says {now}, which is before this program was installed",
            "sudo timedatectl set-ntp true; a machine without a clock of its own (Raspberry Pi) needs the network for that",
        )
    elif synchronised is False:
        yield warning(
            "clock", f"it says {now}, and no time service has set it", "sudo timedatectl set-ntp true; `timedatectl` tells how it goes"
        )
    else:
        yield ok("clock", f"it says {now}" + (", set by a time service" if synchronised else ""))
    if now.endswith("+00:00"):
        yield ok("clock", "its time zone is UTC, or Greenwich", "if that is not yours: sudo timedatectl set-timezone Europe/Berlin")
