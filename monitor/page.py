"""The page beside a running daemon. A page that fails, or cannot be served, is no reason to watch no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from monitor.app import Daemon
from monitor.clock import Clock
from monitor.runtime.threads import Worker, stop_all
from monitor.vitals import Vitals
from monitor.window import DaemonWindow

PATIENCE = 1.0
"""Seconds that it may take to stop."""


@contextmanager
def page_of(daemon: Daemon, vitals: Vitals, clock: Clock) -> Iterator[None]:
    """Serve the page of a daemon for as long as the context lasts, if its configuration wants one."""
    settings = daemon.config.web
    if not settings.enabled:
        yield
        return
    from monitor.web.server import Server  # only here, as Flask and its like take 10 MB

    worker = Worker("web", Server(DaemonWindow(daemon, vitals, clock), settings, clock), clock)
    worker.start()
    try:
        yield
    finally:
        stop_all([worker], PATIENCE)
