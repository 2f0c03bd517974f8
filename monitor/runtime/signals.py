"""Signals become requests that the main loop takes when it is ready.

A handler only queues: it runs between any two instructions of the main thread, where logging or taking a lock can deadlock.
SIGTERM and SIGINT ask to stop, and a second one leaves at once; SIGHUP asks to reload. SIGUSR1, and the SIGABRT of systemd's
watchdog, write every thread's stack to the stderr that the process began with, from C, so that it works when Python hangs.
"""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self

from monitor.clock import Clock

ONE_PRESS = 0.5
"""Seconds within which two stop signals are one wish: timeout(1) and some supervisors send each signal to a process and its group."""


class Request(Enum):
    """What the main loop is asked to do."""

    STOP = auto()
    RELOAD = auto()
    RESTART = auto()
    GIVE_UP = auto()  # a worker cannot go on


class Signals:
    """Turns signals into requests while it is entered; must be entered on the main thread. The old handlers come back at the end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # SimpleQueue.put is safe inside a signal handler; an Event's lock is not.
        self._requests: SimpleQueue[Request] = SimpleQueue()
        self._waiting: set[Request] = set()
        self._first_stop: float | None = None
        self._leaving = False
        self._stacks_before = faulthandler.is_enabled()
        self._previous: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __enter__(self) -> Self:
        self._stderr = os.dup(2)  # stays what it is when 2 is led elsewhere
        for number, handler in ((signal.SIGTERM, self._stop), (signal.SIGINT, self._stop), (signal.SIGHUP, self._reload)):
            self._previous[number] = signal.signal(number, handler)
        faulthandler.register(signal.SIGUSR1, self._stderr, all_threads=True)
        if not self._stacks_before:
            faulthandler.enable(self._stderr)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        faulthandler.unregister(signal.SIGUSR1)
        if not self._stacks_before:
            faulthandler.disable()
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()
        os.close(self._stderr)

    def ask(self, request: Request) -> None:
        """Put a request, also from inside the program and from any thread; one that is waiting already is not put twice."""
        if request not in self._waiting:
            self._waiting.add(request)
            self._requests.put(request)

    def wait(self, timeout: float) -> Request | None:
        """Wait at most `timeout` seconds for the next request; None if there was none."""
        try:
            request = self._requests.get(timeout=timeout)
        except Empty:
            return None
        self._waiting.discard(request)
        return request

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """For long work while nothing runs that must be stopped in order: a request to stop ends it, by SystemExit with code 0."""
        self._leaving = True
        try:
            yield
        finally:
            self._leaving = False

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        now = self._clock.now().mono
        if self._first_stop is None:
            self._first_stop = now
            self.ask(Request.STOP)  # also when leaving: a library may swallow the exception
            if self._leaving:
                raise SystemExit(0)
        elif now - self._first_stop >= ONE_PRESS:
            os.write(self._stderr, b"second signal: leaving at once\n")
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(signal.Signals(number))

    def _reload(self, _number: int, _frame: FrameType | None) -> None:
        self.ask(Request.RELOAD)
