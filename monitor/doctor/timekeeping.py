"""The wall clock. The daemon's timing does not need it, but its alerts and rows carry it."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.clock import iso
from monitor.doctor.finding import Finding, ok, problem, warning


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
