"""The web server: waitress, in slices of half a second, so that whoever runs it can stop it.

It is work for one thread (`start`, `step`, `close`), which accepts and moves bytes; waitress has threads of its own that answer, one a
request. Waitress waits for slow clients for as long as they send something now and then; the limits on that are here.
"""

from __future__ import annotations

import errno
import logging
import socket
import threading
from typing import Any

from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.server import BaseWSGIServer, create_server  # type: ignore[import-untyped]
from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]

from monitor.clock import Clock
from monitor.config.address import is_everywhere, split_listen
from monitor.config.schema import WebSettings
from monitor.values import Moment
from monitor.web.channel import Channel
from monitor.web.patience import Patience
from monitor.web.site import LARGEST_BODY, make_site
from monitor.web.window import Window

log = logging.getLogger(__name__)

THREADS = 16
"""How many requests are answered at once: at most 8 of them for as long as somebody watches, the others quickly."""
CONNECTIONS = 100
SLICE = 0.5
RETRY = 30.0
GRACE = 0.5
"""Seconds: how long a step lasts at most, between attempts to listen, and that threads have for ending."""

_SELDOM = 600.0

_OPTIONS: dict[str, Any] = {
    "connection_limit": CONNECTIONS,
    "channel_timeout": 30,  # a connection kept open for a further request
    "cleanup_interval": 10,
    "channel_request_lookahead": 1,  # a stream notices at once that its viewer has gone
    "recv_bytes": 65_536,
    "max_request_header_size": 32_768,
    "max_request_body_size": LARGEST_BODY + 100_000,  # beyond it waitress itself answers, and ends the connection
    "outbuf_high_watermark": 262_144,  # a viewer who is slow has some pictures waiting, not minutes of them
    "ident": None,
    "expose_tracebacks": False,
    "log_socket_errors": False,
    "clear_untrusted_proxy_headers": False,  # `caller` judges them, by who sends them
    "asyncore_use_poll": True,
}


class Server:
    """Serves the page and the API at `web.listen`, and goes on trying where it cannot. Once closed it can be started again."""

    def __init__(self, window: Window, settings: WebSettings, clock: Clock) -> None:
        self._listen = settings.listen
        self._closing = threading.Event()
        self._site = make_site(window, settings, clock, self._closing)
        self._map: dict[int, Any] = {}
        self._dispatcher: ThreadedTaskDispatcher | None = None
        self._patience = Patience()
        self._refused = ""
        self._queue = _Seldom(clock)

    def start(self) -> None:
        """Listen, or say why that cannot be; the steps try again."""
        self._closing.clear()
        self._patience = Patience()
        logging.getLogger("waitress").setLevel(logging.WARNING)  # no line for each viewer who leaves
        logging.getLogger("waitress.queue").addFilter(self._queue)
        self._open()

    def step(self, now: Moment) -> float:
        """Serve what comes, for half a second at most."""
        if self._dispatcher is None and not self._open():
            return RETRY
        wasyncore.loop(timeout=SLICE, use_poll=True, map=self._map, count=1)
        for channel in self._patience.spent(self._channels(), now.mono):
            channel.handle_close()
        return 0.0

    def close(self) -> None:
        """End all requests and let go of the address; takes half a second at most."""
        self._closing.set()
        logging.getLogger("waitress.queue").removeFilter(self._queue)
        dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is None:
            return
        for channel in self._channels():
            channel.handle_close()  # wakes whoever waits for a slow client
        dispatcher.shutdown(timeout=GRACE)
        wasyncore.close_all(self._map, ignore_all=True)

    def _open(self) -> bool:
        host, port = split_listen(self._listen)
        try:
            sockets = _listen(host, port)
        except OSError as error:
            self._complain(f"the page cannot be served at {self._listen} (web.listen): {_why(error)}; tried again every {RETRY:g} s")
            return False
        self._dispatcher = ThreadedTaskDispatcher()
        self._dispatcher.set_thread_count(THREADS)
        create_server(self._site, map=self._map, _dispatcher=self._dispatcher, sockets=sockets, **_OPTIONS)
        for entry in self._map.values():
            if isinstance(entry, BaseWSGIServer):
                entry.channel_class = Channel
        self._refused = ""
        log.info("the page is at http://%s/", f"{socket.gethostname()}:{port}" if is_everywhere(host) else self._listen)
        return True

    def _complain(self, words: str) -> None:
        """Say it once, until it is something else."""
        if words != self._refused:
            log.error(words)
        self._refused = words

    def _channels(self) -> list[HTTPChannel]:
        return [entry for entry in self._map.values() if isinstance(entry, HTTPChannel)]


def _listen(host: str, port: int) -> list[socket.socket]:
    """Listen at all addresses of a host (localhost has two) of which this machine has any. OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                sockets.append(socket.create_server(address, family=family, backlog=128, dualstack_ipv6=address[0] == "::"))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                missing = error
        if missing and not sockets:
            raise missing
    except OSError:
        for ours in sockets:
            ours.close()
        raise
    return sockets


def _why(error: OSError) -> str:
    words = {
        errno.EADDRINUSE: "another program listens there; `sudo ss -ltnp` says who it is",
        errno.EACCES: "ports below 1024 are not for everybody; take one above",
        errno.EADDRNOTAVAIL: "this machine has no such address",
    }
    return words.get(error.errno or 0) or error.strerror or str(error)


class _Seldom(logging.Filter):
    """Lets waitress say once in ten minutes that requests wait, instead of each time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._said: float | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide whether the line is written, and write it in our words."""
        now = self._clock.now().mono
        if self._said is not None and now - self._said < _SELDOM:
            return False
        self._said = now
        record.msg = "more is asked of the page than its threads can answer at once; %d requests wait"
        return True
