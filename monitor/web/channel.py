"""A connection of waitress that refuses in our words, and that bounds what all of them together have sent.

Waitress takes in the whole of a request before anybody can ask who sent it: in memory, and beyond 512 kB on the disk, which may be memory.
"""

from __future__ import annotations

import json
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.task import ErrorTask  # type: ignore[import-untyped]
from waitress.utilities import Error  # type: ignore[import-untyped]

from monitor.web.headers import HEADERS

LARGE = 65_536
TOGETHER = 40_000_000
"""Bytes: from where a body counts as large, and what all bodies may have at once: four or five pictures."""

PER_ADDRESS = 60
"""Connections of one address, of the hundred there may be: whoever takes all theirs leaves room for others. A browser takes six."""

_SENTENCES = {
    400: "that is not HTTP as a browser speaks it",
    413: "that is too large: a picture may have 8 MB, anything else 64 kB",
    431: "the headers are too large, perhaps for all the cookies in them",
    501: "only chunked is known as a transfer encoding",
    503: "others are sending pictures already; try again in a moment",
}


class BusyError(Error):  # type: ignore[misc]
    """Too much is being sent at once."""

    code = 503
    reason = "Service Unavailable"


class Refusal(ErrorTask):  # type: ignore[misc]
    """Answers a request that reaches no application."""

    def execute(self) -> None:
        """Send the status and a sentence."""
        error = self.request.error
        body = json.dumps({"error": _SENTENCES.get(error.code, error.reason)}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(HEADERS.items())
        self.response_headers += [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    error_task_class = Refusal
    request: Any
    """What has come in of a request that is not complete, or None."""

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002 - waitress's names
        super().__init__(server, sock, addr, adj, map)
        if sum(channel.addr[0] == addr[0] for channel in server.active_channels.values()) > PER_ADDRESS:
            self.will_close = True

    def received(self, data: bytes) -> bool:
        """Take in what has come; False: the connection ends, it was not looked at."""
        taken: bool = super().received(data)
        request = self.request
        if request is not None and request.body_bytes_received > LARGE and self._sent_by_all() > TOGETHER:
            with self.requests_lock:
                request.error = BusyError("")
                request.completed = True
                self.request = None
                self.requests.append(request)
                if len(self.requests) == 1:
                    self.server.add_task(self)
        return taken

    def _sent_by_all(self) -> int:
        """Count the bytes of all bodies that are here, complete or not; those refused are about to go."""
        channels = list(self.server.active_channels.values())
        requests = [request for channel in channels for request in (channel.request, *channel.requests)]
        return sum(request.body_bytes_received for request in requests if request is not None and not request.error)
