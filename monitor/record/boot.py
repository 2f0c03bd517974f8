"""Which start of the machine this is: a monotonic second means nothing in another."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from uuid import uuid4


@cache
def boot_id() -> str:
    """Give the kernel's id of this boot; where it tells none, one that holds for this process."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return uuid4().hex
