"""What the system allows the daemon: open files, and the port of its page."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

from monitor.config.address import split_listen
from monitor.config.schema import WebSettings
from monitor.doctor.daemon import Running
from monitor.doctor.finding import Finding, ok, problem, warning

BASE, PER_CAMERA = 64, 16
"""Descriptors that the daemon and each camera hold at most: files, sockets, and a camera's earlier connections that hang."""

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a configuration may say, not what we listen at


def check_open_files(cameras: int, running: Running, root: Path = Path("/")) -> Iterator[Finding]:
    """Judge the limit of the daemon that runs, else our own. root: where `proc` is."""
    whose = str(running.pid) if running.pid is not None else "self"
    try:
        text = (root / "proc" / whose / "limits").read_text("ascii")
    except OSError:
        return
    found = re.search(r"^Max open files\s+(\d+)", text, re.MULTILINE)
    if found is None:
        return
    limit, needed = int(found[1]), BASE + PER_CAMERA * cameras
    remedy = f"LimitNOFILE={max(1024, 2 * needed)} in the service, or `ulimit -n` before `monitor run`"
    if limit < needed:
        yield problem("open files", f"{limit} are allowed, and up to {needed} may be needed (cameras: {cameras})", remedy)
    else:
        yield ok("open files", f"{limit} are allowed, and {needed} at most are needed")


def check_port(web: WebSettings, running: Running) -> Iterator[Finding]:
    """Ask whether another program listens where the page is to be; while the daemon runs, it is the daemon."""
    if not web.enabled or running.runs:
        return
    host, port = split_listen(web.listen)
    try:
        socket.create_connection((_ANYWHERE.get(host, host), port), timeout=1.0).close()
    except OSError:
        yield ok("port", f"{web.listen} (web.listen) is free")
    else:
        yield warning("port", f"another program listens at {web.listen} (web.listen)", "set another port; `sudo ss -ltnp` says who it is")
