"""How often something may fail before it is given up: a number of times within a sliding window."""

from __future__ import annotations

from collections import deque


class RestartBudget:
    """Allow `limit` restarts within any `window` seconds."""

    def __init__(self, limit: int = 5, window: float = 60.0) -> None:
        self.limit = limit
        self.window = window
        self._spent: deque[float] = deque()

    def spend(self, mono: float) -> bool:
        """Take one restart at `mono` (monotonic seconds, never going back); False when none is left, and nothing is taken."""
        while self._spent and mono - self._spent[0] >= self.window:
            self._spent.popleft()
        if len(self._spent) >= self.limit:
            return False
        self._spent.append(mono)
        return True
