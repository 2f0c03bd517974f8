"""Tell systemd how the daemon is, as sd_notify(3) has it: one datagram a message to the socket in $NOTIFY_SOCKET.

Nothing happens where systemd does not listen, and nothing is raised: news about the daemon must not stop it.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

from monitor.values import Moment

log = logging.getLogger(__name__)

TIMEOUT = 1.0
"""Seconds that a message may wait for a full socket; systemd drains it in milliseconds."""


class Notifier:
    """The line to systemd. environ: the process's environment. pid: the process's own number."""

    def __init__(self, environ: Mapping[str, str] | None = None, pid: int | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._complained = False
        self.watchdog_interval = _watchdog_interval(environ, os.getpid() if pid is None else pid) if self._address else None
        """Seconds between two `watchdog` messages: half of what systemd allows; None where it does not watch this process."""

    def ready(self, status: str = "") -> None:
        """Say that start-up, or a reload, is done."""
        self._send("READY=1", *([_status(status)] if status else []))

    def status(self, text: str) -> None:
        """Give the line that `systemctl status` shows."""
        self._send(_status(text))

    def watchdog(self) -> None:
        """Say that all is well; only for whoever has checked that it is."""
        if self.watchdog_interval is not None:
            self._send("WATCHDOG=1")

    def reloading(self, now: Moment) -> None:
        """Say that a reload has begun; `ready` ends it."""
        # systemd 253 and later want the time, to tell this reload from an earlier one.
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(now.mono * 1e6)}")

    def extend_timeout(self, seconds: float) -> None:
        """Ask for `seconds` more from now on, for a start or stop that is known to take long."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def stopping(self, status: str = "") -> None:
        """Say that shutdown has begun."""
        self._send("STOPPING=1", *([_status(status)] if status else []))

    def _send(self, *assignments: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.settimeout(TIMEOUT)
                line.sendto("\n".join(assignments).encode(errors="replace"), self._address)
        except OSError as error:
            if not self._complained:
                log.warning("systemd cannot be told %s: %s (said once)", assignments[0], error)
            self._complained = True


def _address(socket_name: str) -> str | None:
    """Turn $NOTIFY_SOCKET into what the kernel wants; None if there is none, or of a kind that we do not speak (vsock)."""
    if socket_name.startswith("@"):
        return "\0" + socket_name[1:]
    return socket_name if socket_name.startswith("/") else None


def _watchdog_interval(environ: Mapping[str, str], pid: int) -> float | None:
    """Half of $WATCHDOG_USEC in seconds, as sd_watchdog_enabled(3) advises; None if it is meant for another process."""
    allowed, meant_for = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(pid))
    if not allowed.isdecimal() or int(allowed) == 0 or meant_for != str(pid):
        return None
    return int(allowed) / 2e6


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())
