"""A line that is said over and over is said a few times, and then once in a while with how often it was meant.

A few times, because a camera that comes and goes says the same of itself each time, and a log that holds back the second "connected"
tells a lie. Lines of one kind that differ each time (in a number, say) are counted together, too, with far more patience.
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
    """One line since a moment (monotonic seconds): how often it passed, was held back, and had been held back in the turn before."""

    since: float
    passed: int = 0
    held: int = 0
    before: int = 0


_Turns = OrderedDict[tuple[str, int, str], _Turn]


class RepeatFilter(logging.Filter):
    """Lets the same line of the same logger pass `times` times in `seconds`; the next that passes says how many were held back.

    of_a_kind: how often lines that were made from one pattern pass, whatever they are about: more than many cameras that fail together
    need, and still no more than 30 MB a day. One filter per handler. The number is put on the record as `repeated`, for the formatter.
    """

    def __init__(self, clock: Clock, seconds: float = 60.0, times: int = 5, of_a_kind: int = 100) -> None:
        super().__init__()
        self._clock = clock
        self._seconds = seconds
        self._times = times
        self._of_a_kind = of_a_kind
        self._lock = threading.Lock()
        self._lines: _Turns = OrderedDict()
        self._kinds: _Turns = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide whether `record` is written."""
        now = self._clock.now().mono
        with self._lock:
            line = self._turn(self._lines, (record.name, record.levelno, record.getMessage()), now)
            kind = self._turn(self._kinds, (record.name, record.levelno, str(record.msg)), now)
            if line.passed >= self._times or kind.passed >= self._of_a_kind:
                (line if line.passed >= self._times else kind).held += 1
                return False
            line.passed += 1
            kind.passed += 1
            record.repeated = line.before + kind.before
            line.before = kind.before = 0
        return True

    def _turn(self, turns: _Turns, key: tuple[str, int, str], now: float) -> _Turn:
        """Give the turn that is running for a key, or a new one."""
        turn = turns.get(key)
        if turn is None or now - turn.since >= self._seconds:
            turn = turns[key] = _Turn(now, before=turn.held if turn else 0)
            turns.move_to_end(key)
            if len(turns) > _REMEMBERED:
                turns.popitem(last=False)
        return turn
