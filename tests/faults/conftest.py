"""What the fault suite breaks: the end-to-end daemon and broker, and the link between them; and the table of what came of it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.clock import stopwatch
from tests.end_to_end.conftest import daemon, mosquitto, subscribe
from tests.faults.rows import ROWS
from tests.faults.table import WORST, table, worst
from tests.publish.conftest import free_port
from tests.spine import GREY, RED, write_colour_model, write_video

__all__ = ["daemon", "mosquitto", "subscribe"]

FULL = bool(os.environ.get("MONITOR_FAULTS"))
"""Whether to inject all there is (`make faults`) or what fits into `make test`."""


class Link:
    """A TCP proxy in a process of its own: `port` leads to `target` while it runs, as well as `be` lets it."""

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
        self.port = free_port()
        self._host = host
        self._target = target
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        program = str(Path(__file__).with_name("proxy.py"))
        command = [sys.executable, "-S", "-E", program, self._host, str(self.port), str(self._target)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        deadline = stopwatch() + 10
        while stopwatch() < deadline:
            with contextlib.suppress(OSError), socket.create_connection((self._host, self.port), timeout=1):
                return
            assert self._process.poll() is None, "the proxy did not start"
        raise AssertionError("the proxy does not listen")

    def be(self, mode: str) -> None:
        """Go over to a mode of proxy.py, such as "latency 0.5"; it holds afterwards."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{mode}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == f"{mode}\n"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def link() -> Iterator[Callable[..., Link]]:
    """Start a link to a port of this machine: link(port), or link(port, "10.0.0.1") at another address than the loopback's."""
    started: list[Link] = []

    def start(target: int, host: str = "127.0.0.1") -> Link:
        started.append(Link(target, host))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """The weights folder of a model that knows three colours and takes next to no time."""
    write_colour_model(tmp_path / "weights")
    return tmp_path / "weights"


@pytest.fixture
def blinking(tmp_path: Path) -> Path:
    """Six seconds in which the picture turns red and grey again every 0.3 s, at 20 frames a second."""
    return write_video(tmp_path / "blinking.avi", ([RED] * 6 + [GREY] * 6) * 10, fps=20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of faults at the end of `make faults`."""
    if not FULL:
        return
    ends: dict[str, list[str]] = {}
    for end in WORST:
        for report in terminalreporter.stats.get(end, ()):
            ends.setdefault(report.nodeid.partition("[")[0], []).append(end)
    terminalreporter.section("faults")
    for line in table(ROWS, {test: worst(came) for test, came in ends.items()}):
        terminalreporter.line(line)
