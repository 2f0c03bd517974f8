"""One daemon per history: an advisory lock beside the file, which the kernel drops however its holder ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from monitor.errors import HistoryRefusedError
from monitor.record.faults import storage_error


def lock_of(history: Path) -> Path:
    """Name the file that whoever writes to a history has locked; it holds the writer's process id."""
    return history.with_name(history.name + ".lock")


class HistoryLock:
    """The lock of one history file."""

    def __init__(self, history: Path) -> None:
        self._history = history
        self._path = lock_of(history)
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock unless we have it. Raises HistoryRefusedError naming the holder, StorageError if the disk refuses."""
        if self._file is not None:
            return
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        except OSError as error:
            raise storage_error(self._path, "lock the history", error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError as error:
            holder = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(file)
            raise HistoryRefusedError(
                f"{self._history}: in use by another `monitor run`, process {holder}; stop that one, or set another history.path"
            ) from error
        except OSError as error:
            os.close(file)
            raise storage_error(self._path, "lock the history", error) from error
        self._file = file

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two others lock two different files."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
