"""How much room the disk of the history has left, and the ballast that is thrown off when there is none.

A full disk takes no deletions either: SQLite needs room to write them down. So a file is kept that stands for nothing and is deleted
when the disk is full; then alerts, their deliveries and retention go on for a while.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

log = logging.getLogger(__name__)

BALLAST = 16 * 1000**2
"""Bytes of the ballast: some 20,000 alerts with their messages."""

SHORT = 50 * 1000**2
"""Bytes free below which nothing is written that can wait: what is left is for alerts."""

FULL = 2 * 1000**2
"""Bytes free below which the disk counts as full."""


class Room:
    """The room beside one history. Used by one thread at a time; no call raises."""

    def __init__(self, history: Path, ballast: int = BALLAST, short: int = SHORT, full: int = FULL) -> None:
        self._folder = history.parent
        self._ballast = history.with_name(history.name + ".ballast")
        self._size = ballast
        self._mark = short
        self._full = full

    def free(self) -> int | None:
        """Give the bytes that are free for us, None where the disk cannot be asked."""
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None

    @property
    def short(self) -> bool:
        """Whether there is little room left."""
        return _below(self.free(), self._mark)

    @property
    def full(self) -> bool:
        """Whether there is none."""
        return _below(self.free(), self._full)

    def take_ballast(self) -> None:
        """Put the ballast there, unless twice the mark would not be free with it: it must not be what fills the disk."""
        if self._ballast.exists() or _below(self.free(), 2 * self._mark + self._size):
            return
        try:
            file = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o660)
            try:
                os.posix_fallocate(file, 0, self._size)
            finally:
                os.close(file)
        except OSError as error:
            self._ballast.unlink(missing_ok=True)
            log.debug("no ballast at %s: %s", self._ballast, error.strerror)

    def drop_ballast(self) -> bool:
        """Delete the ballast if the disk is full; tell whether that made room."""
        try:
            if not self.full or not self._ballast.exists():
                return False
            self._ballast.unlink()
        except OSError:
            return False
        log.warning("the disk of %s is full: %.0f MB kept for this are given up, so that alerts go on", self._folder, self._size / 1e6)
        return True


def _below(free: int | None, mark: int) -> bool:
    return free is not None and free < mark
