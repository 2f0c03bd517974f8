"""A line that is said over and over is said a few times, and then once in a while with how often it was meant.

A few times, because a camera that comes and goes says the same of itself each time, and a log that holds back the second "connected"
tells a lie.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass

from monitor.clock import Clock

_REMEMBERED = 500


@dataclass(slots=True)
class _Turn:
    """One line since a moment (monotonic seconds): how often it passed, and how often it was held back."""

    since: float
    passed: int = 0
    held: int = 0


class RepeatFilter(logging.Filter):
    """Lets the same line of the same logger pass `times` times in `seconds`; the next that passes says how many were held back.

    One per handler. The number is put on the record as `repeated`, for the formatter.
    """

    def __init__(self, clock: Clock, seconds: float = 60.0, times: int = 5) -> None:
        super().__init__()
        self._clock = clock
        self._seconds = seconds
        self._times = times
        self._lock = threading.Lock()
        self._turns: OrderedDict[tuple[str, int, str], _Turn] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide whether `record` is written."""
        line = (record.name, record.levelno, record.getMessage())
        now = self._clock.now().mono
        with self._lock:
            turn = self._turns.get(line)
            before = turn.held if turn is not None else 0
            if turn is None or now - turn.since >= self._seconds:
                turn = self._turns[line] = _Turn(now)
                self._turns.move_to_end(line)
                if len(self._turns) > _REMEMBERED:
                    self._turns.popitem(last=False)
            elif turn.passed >= self._times:
                turn.held += 1
                return False
            turn.passed += 1
        record.repeated = before
        return True
