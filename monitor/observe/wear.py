"""How much is written: what an SD card lives on. Some wear out after a few terabytes, a gigabyte a day lasts for years."""

from __future__ import annotations

from pathlib import Path

DAY = 86_400.0

SOON = 600.0
"""Seconds after which an estimate means something: the start itself writes more than an hour of watching."""


def written_bytes(io: Path = Path("/proc/self/io")) -> int | None:
    """Give the bytes that this process has caused to be written to disks so far (proc(5): write_bytes); None where nobody tells.

    A file in memory (tmpfs) counts for nothing; what a file system writes for itself is not in it.
    """
    try:
        fields = dict(line.split(":", 1) for line in io.read_text(encoding="ascii").splitlines())
        return int(fields["write_bytes"])
    except (OSError, ValueError, KeyError):
        return None


def bytes_per_day(written: int | None, uptime: float) -> int | None:
    """Estimate bytes a day from what was `written` in `uptime` seconds; None before that means something, or where nobody tells."""
    if written is None or uptime < SOON:
        return None
    return round(written / uptime * DAY)
