"""A library that writes hundreds of lines a second fills neither the journal nor the disk: row 44."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.clock import stopwatch
from monitor.runtime.output import LIMIT
from tests.camera.rtsp_server import RtspServer
from tests.end_to_end.conftest import Daemon, note, settings
from tests.faults import loud
from tests.faults.cameras import encode
from tests.faults.stand_in import stand_in

pytestmark = [pytest.mark.real, pytest.mark.slow]

LONG = 200
"""Bytes that a line has at most, on average, with its time and where it comes from."""

OTHERWISE = 25
"""Lines that a daemon itself says of one camera, from its start to its end."""


def test_a_library_that_writes_hundreds_of_lines_a_second_is_a_few_lines_of_the_journal(
    daemon: Callable[..., Daemon], colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, rules = {"name": "colours", "weights": str(colours)}, [{"label": "red"}]
    with RtspServer(encode(tmp_path, "red"), fps=200) as server:
        server.corrupt = True
        monkeypatch.setattr(sys, "executable", str(stand_in(tmp_path, f'{sys.executable} {loud.__file__} "$@" >stdout')))
        box = daemon(settings({"broken": {"source": server.url}}, model=model, rules=rules))
        began = stopwatch()
        box.line("lines more")
        box.line("lines more", after=len(box.said))
        took = stopwatch() - began
        box.stop(signal.SIGTERM)
    held = [int(count) for count in re.findall(r"libraries wrote (\d+) lines more", box.text)]
    journal, log = len(box.text), (box.folder / "logs" / "monitor.log").stat().st_size
    note(f"in {took:.1f} s: held back {held}, journal: {journal} bytes in {len(box.said)} lines, log: {log} bytes")
    assert held[-1] > 100 * loud.WINDOW, "else it was no flood"
    windows = took / loud.WINDOW + 2
    assert len(box.said) < OTHERWISE + windows * (LIMIT + 1)
    assert max(journal, log) < LONG * (OTHERWISE + windows * (LIMIT + 1))
    assert (box.folder / "stdout").read_bytes() == b""
