"""A line that is said over and over is said once in a while, with how often it was meant."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict

from monitor.clock import Clock

_REMEMBERED = 500


class RepeatFilter(logging.Filter):
    """Lets the same line of the same logger pass once in `seconds`; the next that passes says how many were held back.

    One per handler. The number is put on the record as `repeated`, for the formatter.
    """

    def __init__(self, clock: Clock, seconds: float = 60.0) -> None:
        super().__init__()
        self._clock = clock
        self._seconds = seconds
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, int, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide whether `record` is written."""
        line = (record.name, record.levelno, record.getMessage())
        now = self._clock.now().mono
        with self._lock:
            passed, held = self._seen.get(line, (None, 0))
            if passed is not None and now - passed < self._seconds:
                self._seen[line] = (passed, held + 1)
                return False
            self._seen[line] = (now, 0)
            self._seen.move_to_end(line)
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        record.repeated = held
        return True
