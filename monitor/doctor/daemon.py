"""Whether a daemon runs on this history: then its cameras are in use, and its name at the broker is not ours to take."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.doctor.finding import Finding, ok, warning
from monitor.record.lock import lock_of


@dataclass(frozen=True, slots=True)
class Running:
    """The daemon of this history. known: whether we were allowed to look; pid: its process, None if none runs or it is not told."""

    known: bool = True
    runs: bool = False
    pid: int | None = None

    @property
    def possible(self) -> bool:
        """Whether one may be running: then what serves one program at a time is left to it."""
        return self.runs or not self.known


def find_daemon(history: Path) -> Running:
    """Ask the lock beside the history, without making it or keeping it."""
    try:
        lock = os.open(lock_of(history), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Running()
    except OSError:
        return Running(known=False)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).strip()
        return Running(runs=True, pid=int(holder) if holder.isdigit() else None)
    finally:
        os.close(lock)
    return Running()


def check_daemon(running: Running) -> Iterator[Finding]:
    """Tell whether it runs; that it does not is no fault: it may not have been started yet."""
    if not running.known:
        yield warning("daemon", "it cannot be told whether one runs: no permission to look at the history", "run this with sudo")
    elif running.runs:
        yield ok("daemon", f"runs, process {running.pid or 'unknown'}")
    else:
        yield ok("daemon", "does not run on this history", "`monitor run`, or as a service: `sudo systemctl start monitor`")
