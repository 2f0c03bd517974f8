"""The one snapshot of how the daemon is: `bridge/health`, the page, its API, `/metrics` and `systemctl status` all show this."""

from __future__ import annotations

from collections.abc import Callable

from monitor import __version__
from monitor.app import Daemon
from monitor.clock import Clock
from monitor.duty import Duty
from monitor.inbox import CAPACITY
from monitor.observe.health import (
    BoardFacts,
    BrokerFacts,
    CameraFacts,
    ModelFacts,
    QueueFacts,
    Snapshot,
    StorageFacts,
    disk_facts,
    process_facts,
)
from monitor.observe.stats import CameraStats
from monitor.observe.wear import bytes_per_day, written_bytes
from monitor.runtime.thermal import Heat
from monitor.values import Moment
from monitor.workers import Lane


class Vitals:
    """Of one daemon. `sample` is for the main thread, everything else for any. heat: looks at the board."""

    def __init__(self, daemon: Daemon, clock: Clock, heat: Callable[[], Heat]) -> None:
        self._daemon = daemon
        self._clock = clock
        self._started = clock.now()
        self._duty = Duty(self._started, heat)
        self._stats: dict[Lane, CameraStats] = {}

    def sample(self, now: Moment) -> None:
        """Note the counters, and decide how many looks a second the box can bear; every few seconds."""
        lanes, cameras = self._daemon.lanes, self._daemon.config.cameras
        self._stats = {lane: self._stats.get(lane) or CameraStats() for lane in lanes}
        for lane, stats in self._stats.items():
            stats.sample(lane.totals(), now.mono)
        self._duty.regulate(lanes, {name: settings.fps for name, settings in cameras.items()}, now)

    def stats(self) -> dict[str, dict[str, float | int | None]]:
        """Give the rates of each camera: the payloads of `B/CAM/stats`."""
        return {lane.capture.name: stats.figures() for lane, stats in self._stats.items()}

    def headline(self) -> str:
        """Say in a few words how it is."""
        lanes = self._daemon.lanes
        online = sum(1 for lane in lanes if (seen := lane.pipeline.decider.availability) and seen.online)
        return f"{online} of {len(lanes)} cameras online"

    def snapshot(self) -> Snapshot:
        """Give the snapshot."""
        daemon, now = self._daemon, self._clock.now()
        cameras = daemon.config.cameras
        queues = {
            f"frames-{name}": QueueFacts(len(lane.mailbox), cameras[name].queue_size, lane.mailbox.dropped)
            for lane in daemon.lanes
            for name in [lane.capture.name]
            if name in cameras  # not at the moment of a reload
        }
        recording = daemon.recording
        queues["rows"] = QueueFacts(recording.waiting, CAPACITY, daemon.inbox.dropped + recording.dropped)
        broker = outbox = None
        if daemon.messaging:
            status = daemon.messaging.publisher.status()
            rival = f"another box, {status.rival}, has the base topic" if status.rival else ""
            answered = None if status.last_acknowledged is None else round(now.mono - status.last_acknowledged, 1)
            broker = BrokerFacts(status.connected, rival or str(status.trouble or ""), answered)
            outbox = status.outbox
        classifier = daemon.classifier
        return Snapshot(
            now=now,
            started=self._started,
            box=daemon.box,
            version=__version__,
            process=process_facts(),
            model=ModelFacts(classifier.card.name, classifier.fallback_reason, classifier.engine.name, classifier.precision),
            queues=queues,
            cameras={lane.capture.name: facts for lane in daemon.lanes if (facts := self._camera(lane)) is not None},
            broker=broker,
            outbox=outbox,
            disks=[disk_facts(daemon.config.history.path.parent)],
            storage=StorageFacts(recording.trouble, bytes_per_day(written_bytes(), now.mono - self._started.mono)),
            board=BoardFacts(self._duty.heat.temperature, self._duty.heat.throttled, self._duty.share),
            stuck=daemon.stuck(now),
        )

    def _camera(self, lane: Lane) -> CameraFacts | None:
        """Tell how a camera is; None as long as nothing is known of it."""
        seen, counters = lane.pipeline.decider.availability, lane.capture.counters
        if seen is None:
            return None
        problem, detail = lane.capture.eye.trouble
        stats = self._stats.get(lane) or CameraStats()
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
            figures=stats.figures(),
        )
