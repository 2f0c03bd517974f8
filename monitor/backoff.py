"""How long to wait before trying again: a pause that doubles, with a little chance in it.

The chance keeps several cameras that were lost together (a switch rebooted) from coming back to it in step. Pure: the caller
brings the random numbers and does the waiting.
"""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """Pauses of `first`, twice that, twice again, up to `longest` seconds, each off by at most `jitter` (a fraction, 0..1).

    random: gives numbers from 0 to 1, such as `random.Random().random`.
    """

    def __init__(self, random: Callable[[], float], *, first: float = 1.0, longest: float = 60.0, jitter: float = 0.2) -> None:
        if not (0 < first <= longest and 0 <= jitter < 1):
            raise ValueError(f"need 0 < first <= longest and 0 <= jitter < 1, not first={first}, longest={longest}, jitter={jitter}")
        self._random = random
        self._first = first
        self._longest = longest
        self._jitter = jitter
        self._step = first

    def next(self, *, at_least: float = 0.0) -> float:
        """Give the next pause in seconds: between 1 - jitter and 1 + jitter times the step, never below `at_least`.

        `at_least` is for failures that hurry makes worse, such as a camera that locks an account after a few wrong passwords.
        """
        step = max(self._step, at_least)
        self._step = min(self._step * 2, self._longest)
        return max(at_least, step * (1 + self._jitter * (2 * self._random() - 1)))

    def reset(self) -> None:
        """Start again at `first`, after something has worked for a while."""
        self._step = self._first
