"""Running a measurement in a process of its own, and what such a process says of itself.

A measurement is a module of this room with `measure(task) -> result`; both are what JSON can hold.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from monitor.clock import stopwatch

TIMEOUT = 900.0
"""Seconds for one measurement; a Raspberry Pi needs most of a minute for the reference pipeline."""

WARM_UP = 5
"""Runs that do not count."""

Result = dict[str, Any]


def run(module: str, task: Mapping[str, object]) -> Result:
    """Measure in a new process; `{"error": why}` if that fails."""
    code = f"from monitor.bench.child import main; main({module!r})"
    command = [sys.executable, "-c", code, json.dumps({**task, "started": stopwatch()})]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False)  # noqa: S603 - our own code
    except subprocess.TimeoutExpired:
        return {"error": f"it took more than {TIMEOUT:.0f} s"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


def main(module: str) -> None:
    """Be that process: the task is the argument, the result goes to stdout."""
    measure = importlib.import_module(f"monitor.bench.{module}").measure
    sys.stdout.write(json.dumps(measure(json.loads(sys.argv[1]))) + "\n")


def median_ms(work: Callable[[], object], runs: int) -> float:
    """Return the median time of `work` in milliseconds."""
    times = []
    for number in range(WARM_UP + runs):
        begun = stopwatch()
        work()
        if number >= WARM_UP:
            times.append(1000 * (stopwatch() - begun))
    return median(times)


def peak_mb(process: int | str = "self") -> float:
    """Return the largest resident memory that a process has had, in MB of 1,048,576 bytes, as ps and systemctl count them."""
    status = Path(f"/proc/{process}/status").read_text("ascii", errors="replace")
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kilobytes) / 1024
