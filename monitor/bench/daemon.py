"""Measurement: the daemon itself with one camera, the built-in clip: how much memory it takes when it has settled.

It runs as `monitor run`, with the parts that a house has switched on: MQTT (towards a port where nobody listens), history, snapshots.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from monitor.bench.child import Result, peak_mb

_SETTLED = re.compile(r"demo: [1-9]\d* looks, ")
"""The log's first sign of life, ten seconds after the start: by then every part has worked."""

PATIENCE = 6
"""Signs of life without a look, ten seconds apart, after which it is given up."""

_NOBODY = 9
"""The port of the discard service, which no broker listens at."""


def measure(name: str, weights: Path, engine: str, precision: str) -> Result:
    """Return peak_mb of a daemon in which a card runs; `{"error": why}` if it does not come to looks."""
    with tempfile.TemporaryDirectory(prefix="monitor-bench-") as folder:
        home = Path(folder)
        file = home / "config.yaml"
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(_configuration(name, weights, engine, precision)), "utf-8")
        command = [sys.executable, "-m", "monitor", "run", "--config", str(file)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace") as daemon:  # noqa: S603 - our own program
            assert daemon.stderr is not None
            last, idle = "", 0
            try:
                for line in daemon.stderr:
                    if _SETTLED.search(line):
                        return {"peak_mb": peak_mb(daemon.pid)}
                    last, idle = line.strip(), idle + ("no looks" in line)
                    if idle == PATIENCE:
                        break
            finally:
                daemon.terminate()
                daemon.communicate()
        return {"error": last or "it ended without a word"}


def _configuration(name: str, weights: Path, engine: str, precision: str) -> dict[str, object]:
    return {
        "cameras": {"demo": {"source": "demo"}},
        "model": {"name": name, "weights": str(weights.absolute()), "engine": engine, "precision": precision},
        "mqtt": {"host": "127.0.0.1", "port": _NOBODY},
        "logging": {"file": None},
    }
