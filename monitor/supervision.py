"""The captures' threads: started, stopped one by one, and replaced where OpenCV does not come back (opencv#22677, a name server that
never answers). A thread stuck in C cannot be ended: it is left behind, with some 10 to 30 MB, until the process ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from monitor.camera.capture import Capture
from monitor.clock import Clock
from monitor.runtime.budget import RestartBudget
from monitor.runtime.signals import Request
from monitor.runtime.threads import STUCK, Worker, stop_all
from monitor.values import Moment
from monitor.workers import Lane

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds that a capture may take to stop while the daemon goes on."""

ABSENT = 5.0
"""Seconds without a round of ours that mean that the whole process stood still, so that nobody else's delay says anything."""

LIMIT, WINDOW = 10, 3600.0
"""Threads that may be left behind within so many seconds, over all cameras. One camera that hangs for ever, or two, must not make the
process begin anew every few minutes, which the others would notice: see PAUSES."""

MOST = 12
"""Threads left behind that may hang at the same time."""

PAUSES = 0.0, 120.0, 600.0, 1800.0
"""Seconds until a camera is opened again when it has hung for the first time, the second, and so on; after a WINDOW without, from the
first again. That makes at most LIMIT / 2 in a WINDOW."""


@dataclass(frozen=True, slots=True)
class Hang:
    """The last time that a camera hung: when, how many times before it, and when it is opened again."""

    at: float
    before: int
    again: float


class Captures:
    """The workers of the captures. crew: the list where they stand while they run, beside others; ask: the main thread."""

    def __init__(self, crew: list[Worker], clock: Clock, ask: Callable[[Request], None]) -> None:
        self._crew = crew
        self._clock = clock
        self._ask = ask
        self._workers: dict[str, Worker] = {}
        self._captures: dict[str, Capture] = {}
        self._hung: dict[str, Hang] = {}
        self._left: list[Worker] = []
        self._budget = RestartBudget(LIMIT, WINDOW)
        self._spent = False
        self._round = self._awake_since = clock.now().mono

    def start(self, lane: Lane) -> None:
        """Put a camera's capture on a thread."""
        name = lane.capture.name
        worker = Worker(f"capture-{name}", lane.capture, self._clock, on_give_up=lambda _: self._ask(Request.GIVE_UP))
        self._workers[name], self._captures[name] = worker, lane.capture
        self._crew.append(worker)
        worker.start()

    def stop(self, cameras: Collection[str]) -> None:
        """Stop the captures of these cameras, and leave behind those that take too long."""
        workers = [worker for camera in cameras if (worker := self._workers.pop(camera, None))]
        for camera in cameras:
            self._hung.pop(camera, None)
        stop_all(workers, PATIENCE)
        for camera in cameras:
            if capture := self._captures.pop(camera, None):
                capture.abandon()
        for worker in workers:
            self._crew.remove(worker)
            if worker.alive:
                self._may_leave()
                self._left.append(worker)

    def replace_hung(self, lanes: Sequence[Lane], now: Moment) -> None:
        """Put another capture in the place of each that hangs, in time; beyond the budget, ask for a process that begins anew.

        To be called about once a second.
        """
        if now.mono - self._round > ABSENT:
            self._awake_since = now.mono
        self._round = now.mono
        for lane in lanes:
            name = lane.capture.name
            worker, hang = self._workers.get(name), self._hung.get(name)
            if worker and (late := min(worker.heartbeat.late(now), now.mono - self._awake_since)) > STUCK:
                self._replace(lane, worker, late, now)
            elif hang and not worker and now.mono >= hang.again:
                self.start(lane)

    def left_behind(self) -> list[str]:
        """Give the names of the threads that were left behind and have not come back since."""
        self._left = [worker for worker in self._left if worker.alive]
        return [worker.name for worker in self._left]

    def _replace(self, lane: Lane, worker: Worker, late: float, now: Moment) -> None:
        if not self._may_leave():
            return
        name = lane.capture.name
        worker.stop()
        self._crew.remove(self._workers.pop(name))
        self._left.append(worker)
        lane.capture = lane.capture.replace()
        lane.abandoned += 1
        last = self._hung.get(name)
        before = last.before + 1 if last and now.mono - last.at < WINDOW else 0
        pause = PAUSES[min(before, len(PAUSES) - 1)]
        self._hung[name] = Hang(now.mono, before, now.mono + pause)
        when = f"in {pause / 60:.0f} minutes" if pause else "now"
        log.error("%s: OpenCV has not come back for %.0f s; its thread is left behind, another one opens the camera %s", name, late, when)

    def _may_leave(self) -> bool:
        """Take one thread from the budget; ask for a fresh process, once, when there is none left."""
        within = len(self.left_behind()) < MOST and self._budget.spend(self._clock.now().mono)
        if not within and not self._spent:
            self._spent = True
            log.critical("%d threads hang in OpenCV by now: the process begins anew", len(self._left) + 1)
            self._ask(Request.RESTART)
        return not self._spent
