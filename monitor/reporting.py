"""What the main thread does while the others work: the figures, the signs of life, and systemd's watchdog."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.app import Daemon
from monitor.clock import Clock
from monitor.duty import Duty
from monitor.inbox import CAPACITY
from monitor.observe.health import BoardFacts, BrokerFacts, CameraFacts, QueueFacts, StorageFacts, disk_facts, process_facts, snapshot
from monitor.observe.stats import CameraStats, Totals
from monitor.observe.wear import bytes_per_day, written_bytes
from monitor.runtime.sd_notify import Notifier
from monitor.runtime.thermal import Heat, read_heat
from monitor.values import Moment
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
class Figures:
    """Of one lane. told, work: its counts at the last sign of life."""

    stats: CameraStats = field(default_factory=CameraStats)
    told: Totals = field(default_factory=Totals)
    work: float = 0.0


class Reporter:
    """Told once a second what time it is, it says what is due. heat: looks at the board."""

    def __init__(self, daemon: Daemon, notifier: Notifier, clock: Clock, heat: Callable[[], Heat] = read_heat) -> None:
        self._daemon = daemon
        self._messaging = daemon.messaging
        self._notifier = notifier
        self._started = clock.now()
        self._waiting = False
        self._duty = Duty(self._started, heat)
        self._figures: dict[Lane, Figures] = {}
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
        lanes, cameras = self._daemon.lanes, self._daemon.config.cameras
        self._figures = {lane: self._figures.get(lane) or Figures() for lane in lanes}
        for lane, figures in self._figures.items():
            figures.stats.sample(lane.totals(), now.mono)
        self._duty.regulate(lanes, {name: settings.fps for name, settings in cameras.items()}, now)
        return SAMPLE

    def _publish(self, now: Moment) -> float:
        if self._messaging:
            for lane, figures in self._figures.items():
                self._messaging.voice.send_stats(lane.capture.name, figures.stats.figures())
            self._messaging.voice.send_health(self._health(now))
            self._messaging.bridge.check_file()
        return PUBLISH

    def _sign_of_life(self, now: Moment) -> float:
        pause = SOON if now.mono - self._started.mono < FIRST_MINUTE else LATER
        for lane, figures in self._figures.items():
            self._tell(lane, figures)
        return pause

    def _status(self, _now: Moment) -> float:
        lanes = self._daemon.lanes
        online = sum(1 for lane in lanes if (seen := lane.pipeline.decider.availability) and seen.online)
        self._notifier.status(f"{online} of {len(lanes)} cameras online")
        return SOON

    def _tell(self, lane: Lane, figures: Figures) -> None:
        name = lane.capture.name
        before, figures.told = figures.told, lane.totals()
        after = figures.told
        spent, figures.work = lane.work - figures.work, lane.work
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
        lanes, cameras = self._daemon.lanes, self._daemon.config.cameras
        queues = {
            f"frames-{name}": QueueFacts(len(lane.mailbox), cameras[name].queue_size, lane.mailbox.dropped)
            for lane in lanes
            for name in [lane.capture.name]
        }
        recording, inbox = self._daemon.recording, self._daemon.inbox
        queues["rows"] = QueueFacts(recording.waiting, CAPACITY, inbox.dropped + recording.dropped)
        seen = {lane.capture.name: facts for lane in lanes if (facts := self._camera(lane)) is not None}
        broker = outbox = None
        if self._messaging:
            status = self._messaging.publisher.status()
            rival = f"another box, {status.rival}, has the base topic" if status.rival else ""
            answered = None if status.last_acknowledged is None else round(now.mono - status.last_acknowledged, 1)
            broker = BrokerFacts(status.connected, rival or str(status.trouble or ""), answered)
            outbox = status.outbox
        disks = [disk_facts(self._daemon.config.history.path.parent)]
        storage = StorageFacts(recording.trouble, bytes_per_day(written_bytes(), now.mono - self._started.mono))
        board = BoardFacts(self._duty.heat.temperature, self._duty.heat.throttled, self._duty.share)
        return snapshot(now, self._started, process_facts(), queues, seen, broker, outbox, disks, storage, board, box=self._daemon.box)

    def _camera(self, lane: Lane) -> CameraFacts | None:
        """Tell how a camera is; None as long as nothing is known of it."""
        seen, counters = lane.pipeline.decider.availability, lane.capture.counters
        if seen is None:
            return None
        problem, detail = lane.capture.eye.trouble
        return CameraFacts(
            seen.online,
            seen.reason,
            seen.at,
            problem=problem,
            detail=detail,
            recovery=counters.recovery,
            reconnects=counters.reconnects,
            abandoned=lane.abandoned,
            look_rate=self._duty.allowed(lane),
        )
