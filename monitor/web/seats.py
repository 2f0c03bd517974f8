"""Who may hold a thread of the server for long: so many at once, the next is asked to come again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from monitor.web.answers import refuse


class Seats:
    """So many seats; a request that lasts for as long as somebody looks takes one."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many are taken, 0 to all."""
        return self._taken

    @contextmanager
    def take(self) -> Iterator[None]:
        """Have a seat for as long as the context lasts. 503 where none is free."""
        with self._lock:
            if self._taken == self._number:
                refuse(503, f"{self._number} others are watching, which is as many as can be; close a page, or try again later", 10)
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1
