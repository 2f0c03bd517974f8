"""What processes cost, and on which machine: for benchmarks that compare whole programs."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.bench.child import peak_mb
from monitor.classify.cpu import cpu_name
from monitor.clock import stopwatch

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """cpu: the share of one core, children included. peak: MB of resident memory at most, since the start."""

    cpu: float
    peak: float


class Meter:
    """Measures a running process from now to `read`. pid: of the process; its children count as well."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = cpu_seconds(pid)
        self._began = stopwatch()

    def read(self) -> Usage:
        """Give what was used since the beginning."""
        cpu = (cpu_seconds(self._pid) - self._before) / (stopwatch() - self._began)
        return Usage(cpu, peak_mb(self._pid))


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and of its children, ended ones included (proc(5): fields 14 to 17 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS + sum(map(cpu_seconds, _children(pid)))


def pause(seconds: float) -> None:
    """Let time pass."""
    threading.Event().wait(seconds)


def machine() -> str:
    """The machine in words, and how busy it is besides."""
    return f"{cpu_name()}, {len(os.sched_getaffinity(0))} cores; load of the last minute {os.getloadavg()[0]:.1f}"


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())
