"""One value for all who ask for it, made anew only now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from monitor.clock import Clock

T = TypeVar("T")


class Shared(Generic[T]):
    """What `make` gives, at most `every` seconds old. Whoever asks while it is being made waits for it."""

    def __init__(self, make: Callable[[], T], every: float, clock: Clock) -> None:
        self._make = make
        self._every = every
        self._clock = clock
        self._lock = threading.Lock()
        self._made: tuple[float, T] | None = None

    def get(self) -> T:
        """Give the value, from any thread."""
        with self._lock:
            now = self._clock.now().mono
            if self._made is None or now - self._made[0] >= self._every:
                self._made = (now, self._make())
            return self._made[1]
