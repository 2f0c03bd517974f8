"""What the main thread does while the others work: the figures, the signs of life, and systemd's watchdog."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from monitor.app import Daemon
from monitor.clock import Clock
from monitor.runtime.sd_notify import Notifier
from monitor.runtime.thermal import Heat, read_heat
from monitor.values import Moment
from monitor.vitals import Vitals
from monitor.workers import Lane

log = logging.getLogger(__name__)

SUPERVISE = 1.0
"""Seconds between two looks at whether a capture hangs."""

SAMPLE = 5.0
"""Seconds between two samples of the counters, and between two decisions about the looks a second."""

PUBLISH = 60.0
"""Seconds between two messages with the figures."""

LONG_WAIT = 300.0
"""Seconds that alerts may wait for the broker before the log says so."""

FIRST_MINUTE = 60.0
SOON, LATER = 10.0, 600.0
"""Seconds between two signs of life in the log: in the first minute, when someone watches, and afterwards."""


@dataclass(slots=True)
class Told:
    """The counts of one lane at the last sign of life."""

    looks: int = 0
    work: float = 0.0


class Reporter:
    """Told once a second what time it is, it says what is due. heat: looks at the board."""

    def __init__(self, daemon: Daemon, notifier: Notifier, clock: Clock, heat: Callable[[], Heat] = read_heat) -> None:
        self._daemon = daemon
        self._messaging = daemon.messaging
        self._notifier = notifier
        self._started = clock.now()
        self._waiting = self._hung = False
        self.vitals = Vitals(daemon, clock, heat)
        self._told: dict[Lane, Told] = {}
        firsts = dict.fromkeys((self._publish, self._sign_of_life, self._status, self._outbox), SOON)
        firsts = {self._supervise: 0.0, self._watchdog: 0.0, self._sample: 0.0} | firsts
        self._due = {action: self._started.mono + after for action, after in firsts.items()}

    def step(self, now: Moment) -> None:
        """Do what is due."""
        for action, due in self._due.items():
            if now.mono >= due:
                self._due[action] = now.mono + action(now)

    def _supervise(self, now: Moment) -> float:
        self._daemon.captures.replace_hung(self._daemon.lanes, now)
        return SUPERVISE

    def _sample(self, now: Moment) -> float:
        self.vitals.sample(now)
        return SAMPLE

    def _publish(self, _now: Moment) -> float:
        if self._messaging:
            for camera, figures in self.vitals.stats().items():
                self._messaging.voice.send_stats(camera, figures)
            self._messaging.voice.send_health(self.vitals.snapshot().as_json())
            self._messaging.bridge.check_file()
        return PUBLISH

    def _sign_of_life(self, now: Moment) -> float:
        pause = SOON if now.mono - self._started.mono < FIRST_MINUTE else LATER
        self._told = {lane: self._told.get(lane) or Told() for lane in self._daemon.lanes}
        for lane, told in self._told.items():
            self._tell(lane, told)
        return pause

    def _status(self, _now: Moment) -> float:
        self._notifier.status(self.vitals.headline())
        return SOON

    def _tell(self, lane: Lane, told: Told) -> None:
        name = lane.capture.name
        looks, told.looks = lane.looks - told.looks, lane.looks
        spent, told.work = lane.work - told.work, lane.work
        if not looks:
            log.info("%s: no looks (%s)", name, lane.capture.link.state if lane.pipeline.detect else "detection is off")
            return
        seen = lane.pipeline.seen
        best = f"; best: {seen.labels[0].label} {seen.labels[0].score:.2f}" if seen else ""
        log.info("%s: %d looks, %.0f ms each%s", name, looks, 1000 * spent / looks, best)

    def _outbox(self, now: Moment) -> float:
        """Say once that alerts wait for long, and once that none does any more."""
        if self._messaging:
            facts = self._messaging.publisher.status().outbox
            age = 0.0 if facts.oldest is None else now.wall - facts.oldest
            if self._waiting and facts.oldest is None:
                self._waiting = False
                log.info("no alert waits for the MQTT broker any more")
            elif age > LONG_WAIT and not self._waiting:
                self._waiting = True
                log.warning("alerts wait for the MQTT broker: %d, the oldest for %.0f minutes", facts.waiting, age / 60)
        return SOON

    def _watchdog(self, now: Moment) -> float:
        """Tell systemd that all is well, if it is: every worker has come back from its step in time. Where no systemd waits, begin anew."""
        stuck = self._daemon.stuck(now)
        if stuck:
            log.error("hung: %s", ", ".join(stuck))
            if self._hung and self._notifier.watchdog_interval is None:  # twice: the machine may have stood still
                self._daemon.begin_anew()
        else:
            self._notifier.watchdog()
        self._hung = bool(stuck)
        return self._notifier.watchdog_interval or SOON
