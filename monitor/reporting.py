"""What the main thread does while the others work: the figures, the signs of life, and systemd's watchdog."""

from __future__ import annotations

import logging

from monitor.app import Daemon
from monitor.clock import Clock
from monitor.observe.health import BrokerFacts, CameraFacts, QueueFacts, disk_facts, process_facts, snapshot
from monitor.observe.stats import CameraStats, Totals
from monitor.recording import CAPACITY
from monitor.runtime.sd_notify import Notifier
from monitor.values import Moment
from monitor.workers import Lane

log = logging.getLogger(__name__)

SAMPLE = 5.0
"""Seconds between two samples of the counters."""

PUBLISH = 60.0
"""Seconds between two messages with the figures."""

LONG_WAIT = 300.0
"""Seconds that alerts may wait for the broker before the log says so."""

FIRST_MINUTE = 60.0
SOON, LATER = 10.0, 600.0
"""Seconds between two signs of life in the log: in the first minute, when someone watches, and afterwards."""


class Reporter:
    """Told once a second what time it is, it says what is due."""

    def __init__(self, daemon: Daemon, notifier: Notifier, clock: Clock) -> None:
        self._daemon = daemon
        self._lanes = daemon.lanes
        self._messaging = daemon.messaging
        self._notifier = notifier
        self._started = clock.now()
        self._waiting = False
        self._stats = {lane.capture.name: CameraStats() for lane in self._lanes}
        self._told = {lane.capture.name: Totals() for lane in self._lanes}
        self._spent = dict.fromkeys(self._told, 0.0)
        firsts = dict.fromkeys((self._publish, self._sign_of_life, self._status, self._outbox), SOON)
        firsts |= {self._watchdog: 0.0, self._sample: 0.0}
        self._due = {action: self._started.mono + after for action, after in firsts.items()}

    def step(self, now: Moment) -> None:
        """Do what is due."""
        for action, due in self._due.items():
            if now.mono >= due:
                self._due[action] = now.mono + action(now)

    def _sample(self, now: Moment) -> float:
        for lane in self._lanes:
            self._stats[lane.capture.name].sample(lane.totals(), now.mono)
        return SAMPLE

    def _publish(self, now: Moment) -> float:
        if self._messaging:
            for name, stats in self._stats.items():
                self._messaging.voice.send_stats(name, stats.figures())
            self._messaging.voice.send_health(self._health(now))
            self._messaging.bridge.check_file()
        return PUBLISH

    def _sign_of_life(self, now: Moment) -> float:
        pause = SOON if now.mono - self._started.mono < FIRST_MINUTE else LATER
        for lane in self._lanes:
            self._tell(lane)
        return pause

    def _status(self, _now: Moment) -> float:
        online = sum(1 for lane in self._lanes if (seen := lane.pipeline.decider.availability) and seen.online)
        self._notifier.status(f"{online} of {len(self._lanes)} cameras online")
        return SOON

    def _tell(self, lane: Lane) -> None:
        name = lane.capture.name
        before, after = self._told[name], lane.totals()
        self._told[name] = after
        spent, self._spent[name] = lane.work - self._spent[name], lane.work
        looks = after.looks - before.looks
        if not looks:
            log.info("%s: no looks (%s)", name, lane.capture.link.state if lane.pipeline.detect else "detection is off")
            return
        best = f"; best: {lane.pipeline.best.label} {lane.pipeline.best.score:.2f}" if lane.pipeline.best else ""
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
        """Tell systemd that all is well, if it is: every worker has come back from its step in time."""
        stuck = self._daemon.stuck(now)
        if stuck:
            log.error("hung: %s", ", ".join(stuck))
        else:
            self._notifier.watchdog()
        return self._notifier.watchdog_interval or SOON

    def _health(self, now: Moment) -> dict[str, object]:
        cameras = self._daemon.config.cameras
        queues = {
            f"frames-{name}": QueueFacts(len(lane.mailbox), cameras[name].queue_size, lane.mailbox.dropped)
            for lane in self._lanes
            for name in [lane.capture.name]
        }
        recording, inbox = self._daemon.recording, self._daemon.inbox
        queues["rows"] = QueueFacts(recording.waiting, CAPACITY, inbox.dropped + recording.dropped)
        presence = {}
        for lane in self._lanes:
            seen = lane.pipeline.decider.availability
            if seen is not None:
                presence[lane.capture.name] = CameraFacts(seen.online, seen.reason, seen.at)
        broker = outbox = None
        if self._messaging:
            status = self._messaging.publisher.status()
            rival = f"another box, {status.rival}, has the base topic" if status.rival else ""
            answered = None if status.last_acknowledged is None else round(now.mono - status.last_acknowledged, 1)
            broker = BrokerFacts(status.connected, rival or str(status.trouble or ""), answered)
            outbox = status.outbox
        disks = [disk_facts(self._daemon.config.history.path.parent)]
        return snapshot(now, self._started, process_facts(), queues, presence, broker, outbox, disks, box=self._daemon.box)
