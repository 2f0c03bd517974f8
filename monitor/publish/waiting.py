"""Alerts that wait for the broker, in memory: bounded, and gone when the process ends."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Sequence

from monitor.publish.contract import Pending
from monitor.values import Alert

log = logging.getLogger(__name__)


class MemoryAlertQueue:
    """An `AlertQueue` of at most `size` alerts. When it is full the oldest is dropped and counted in `dropped`."""

    def __init__(self, size: int = 1000) -> None:
        self.size = size
        self._items: dict[int, Pending] = {}
        self._keys = itertools.count(1)
        self._lock = threading.Lock()
        self._overflowing = False
        self.dropped = 0

    def put(self, alert: Alert, since: float) -> None:
        """Keep an alert behind those already there."""
        with self._lock:
            if len(self._items) >= self.size:
                self._drop_oldest()
            key = next(self._keys)
            self._items[key] = Pending(key, alert, since)

    def peek(self, after: int, limit: int) -> Sequence[Pending]:
        """Give at most `limit` alerts with a key above `after`, oldest first."""
        with self._lock:
            return list(itertools.islice((item for key, item in self._items.items() if key > after), limit))

    def settle(self, key: int, refused: str | None) -> None:
        """Forget an alert that a broker has or never will have."""
        with self._lock:
            item = self._items.pop(key, None)
            self._overflowing = self._overflowing and bool(self._items)
        if item is not None and refused is not None:
            log.error("alert %s/%d is lost: %s", item.alert.id, item.alert.seq, refused)

    def __len__(self) -> int:
        return len(self._items)

    def _drop_oldest(self) -> None:
        del self._items[next(iter(self._items))]
        self.dropped += 1
        if not self._overflowing:
            self._overflowing = True
            log.warning("%d alerts wait for the broker: from now on each new one drops the oldest", self.size)
