"""Making sure that the disk has what the file system says it has."""

from __future__ import annotations

import os
from pathlib import Path


def write_again(path: Path) -> None:
    """Write a file over itself and force it to the disk, if there is one: what the kernel holds and has given up writing, it writes anew.

    OSError: the disk refuses.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        place = 0
        while part := os.pread(file, 1 << 20, place):
            place += os.pwrite(file, part, place)
        os.fdatasync(file)
    finally:
        os.close(file)
