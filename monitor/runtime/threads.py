"""The one place that creates threads, and the one place that catches what nobody expected.

A piece of work knows nothing of threads: it has a `step(now)` that returns how many seconds it may rest, and if it likes a
`start()` and a `close()`. A `Worker` turns it into "start; while not stopped: step, rest; finally close". A rest ends early when the
worker is woken (a queue was filled) or stopped. Work that raises is closed, logged with its traceback and, after a pause, started
again; work that keeps failing is given up, and whoever supervises is told.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from monitor.clock import Clock, stopwatch
from monitor.runtime.budget import RestartBudget
from monitor.values import Moment

log = logging.getLogger(__name__)

STUCK = 50.0
"""Seconds after which a worker that does not come back counts as hung. OpenCV may spend 40 in a name that no server resolves."""

LONGEST_REST = 3600.0
"""Seconds after which a resting worker steps whatever it asked for: an endless wait would overflow the operating system's timer."""


class Work(Protocol):
    """What a worker does, one step at a time. A step that blocks does so for a bounded time."""

    def step(self, now: Moment) -> float:
        """Do what is due and return the seconds until there is more to do (0: at once)."""
        ...


@runtime_checkable
class Startable(Protocol):
    """Work that opens something before its first step, and anew after a failure."""

    def start(self) -> None:
        """Open what the steps need."""
        ...


@runtime_checkable
class Closable(Protocol):
    """Work that holds something open. Once closed it can be started and stepped again."""

    def close(self) -> None:
        """Let go of everything, also when `start` failed half-way."""
        ...


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a worker's last step began and when its next one should, in seconds of the monotonic clock; due is None during a step."""

    begun: float
    due: float | None

    def late(self, now: Moment) -> float:
        """Tell for how many seconds the present step has been running, or the next one is overdue; 0 while the worker rests."""
        return max(0.0, now.mono - (self.begun if self.due is None else self.due))


class Worker:
    """One piece of work on a thread of its own.

    wake: set by whoever has something for the work to do. on_give_up: called on the worker's thread, at most once, when the budget
    of restarts is spent; `failure` then holds the last exception. pause: seconds between a failure and the next start.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        clock: Clock,
        *,
        wake: threading.Event | None = None,
        on_give_up: Callable[[Worker], None] | None = None,
        budget: RestartBudget | None = None,
        pause: float = 1.0,
    ) -> None:
        self.name = name
        self.wake = wake or threading.Event()
        self.failures = 0
        self.failure: Exception | None = None
        self.heartbeat = Heartbeat(begun=clock.now().mono, due=None)
        self._work = work
        self._clock = clock
        self._on_give_up = on_give_up
        self._budget = budget or RestartBudget()
        self._pause = pause
        self._stopped = threading.Event()
        self._thread = _thread(name, self._run)

    def start(self) -> None:
        """Start the thread; once only."""
        self.heartbeat = Heartbeat(begun=self._clock.now().mono, due=None)
        self._thread.start()

    def stop(self) -> None:
        """Ask the work to end after its present step; returns at once."""
        self._stopped.set()
        self.wake.set()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def join(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the thread to end; True once it has, or if it never began."""
        if self.alive:
            self._thread.join(timeout)
        return not self.alive

    def _run(self) -> None:
        while not self._stopped.is_set():
            error = _caught(self._live)
            if error is not None:
                self._recover(error)

    def _live(self) -> None:
        """From start to close, once."""
        try:
            self.heartbeat = Heartbeat(begun=self._clock.now().mono, due=None)
            if isinstance(self._work, Startable):
                self._work.start()
            while not self._stopped.is_set():
                self._step_and_rest()
        finally:
            if isinstance(self._work, Closable):
                self._work.close()

    def _step_and_rest(self) -> None:
        now = self._clock.now()
        self.heartbeat = Heartbeat(begun=now.mono, due=None)
        rest = min(max(0.0, self._work.step(now)), LONGEST_REST)
        self.heartbeat = Heartbeat(begun=now.mono, due=self._clock.now().mono + rest)
        self.wake.wait(rest)
        # Cleared before the step that serves it: what is put while the step runs sets it again.
        self.wake.clear()

    def _recover(self, error: Exception) -> None:
        """Count a failure, then pause or give up."""
        self.failures += 1
        now = self._clock.now()
        if self._stopped.is_set():
            log.error("%s failed while it was stopping", self.name, exc_info=error)
        elif self._budget.spend(now.mono):
            log.error("%s failed and starts again in %g s", self.name, self._pause, exc_info=error)
            self.heartbeat = Heartbeat(begun=now.mono, due=now.mono + self._pause)
            self._stopped.wait(self._pause)
        else:
            log.critical(
                "%s failed more than %d times in %g s and is given up", self.name, self._budget.limit, self._budget.window, exc_info=error
            )
            self.failure = error
            self._stopped.set()
            if self._on_give_up:
                self._on_give_up(self)


def stop_all(workers: Iterable[Worker], timeout: float) -> list[str]:
    """Stop all `workers` at once and wait for them, at most `timeout` seconds together; name those that are still running."""
    workers = list(workers)
    deadline = stopwatch() + timeout
    for worker in workers:
        worker.stop()
    stragglers = [worker.name for worker in workers if not worker.join(max(0.0, deadline - stopwatch()))]
    if stragglers:
        log.warning("still running %g s after being told to stop: %s", timeout, ", ".join(stragglers))
    return stragglers


def run_in_thread(name: str, target: Callable[[], None]) -> threading.Thread:
    """Run `target` on a started daemon thread, for a library with a main loop of its own; a failure is logged and ends it."""

    def run() -> None:
        error = _caught(target)
        if error is not None:
            log.error("%s failed", name, exc_info=error)

    thread = _thread(name, run)
    thread.start()
    return thread


def _caught(action: Callable[[], None]) -> Exception | None:
    """Run `action` and return what it raised."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - a thread's last line of defence: unhandled, a camera would silently stay dead
        return error
    return None


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    # Daemon: a thread stuck in a library's C code must not keep the process from leaving.
    return threading.Thread(name=name, target=target, daemon=True)
