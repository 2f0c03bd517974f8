"""The wiring: the one list of concrete parts, started in order and stopped in reverse; and what an error means for the process."""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from monitor.bridge import Overrides
from monitor.camera.capture import Capture
from monitor.camera.mailbox import Mailbox
from monitor.camera.source import Clip, parse_source
from monitor.classify.classifier import Classifier
from monitor.clock import Clock
from monitor.config.load import Loaded
from monitor.config.schema import Config, MqttSettings
from monitor.decide.restart import orphans
from monitor.errors import BrokerError, HistoryRefusedError, StorageError
from monitor.gate.watch import Watch
from monitor.messaging import Messaging
from monitor.pipeline import Outcome, Pipeline
from monitor.publish.identity import client_id
from monitor.record.detection_log import DetectionLog
from monitor.record.snapshots import Snapshots
from monitor.record.store import History
from monitor.recording import Inbox, Recording
from monitor.rulebook import Rulebook
from monitor.runtime.signals import Request
from monitor.runtime.threads import Work, Worker, run_in_thread, stop_all
from monitor.values import Moment, OpenEpisode
from monitor.workers import Classifying, Lane, announce

log = logging.getLogger(__name__)

STUCK = 50.0
"""Seconds after which a worker that does not come back counts as hung. OpenCV may spend 40 in a name that no server resolves."""

BROKER_START = 10.0
"""Seconds that the embedded broker may take to listen; importing it takes one on a fast machine."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Workers that are stopped together. patience: seconds they may take; all stages together stay under 3 s."""

    workers: list[Worker]
    patience: float


class Daemon:
    """Everything that runs for one configuration. Making it opens nothing; `start` does, and `stop` lets go of it again."""

    def __init__(self, loaded: Loaded, classifier: Classifier, clock: Clock, ask: Callable[[Request], None]) -> None:
        self.loaded = loaded
        self.classifier = classifier
        self.rulebook = Rulebook(loaded, classifier.card)
        self.lanes: list[Lane] = []
        self.box = client_id(loaded.config.node)
        self.messaging: Messaging | None = None
        self.inbox = Inbox()
        self._clock = clock
        self._ask = ask
        self._stages: list[Stage] = []
        self._broker_stop = threading.Event()
        self._broker: threading.Thread | None = None
        config = loaded.config
        self.history = History(config.history.path, clock, config.mqtt.outbox)
        self.recording = Recording(
            self.inbox,
            self.history,
            DetectionLog(config.history.log),
            Snapshots(config.snapshots),
            (config.history, config.snapshots),
            clock,
        )

    @property
    def config(self) -> Config:
        """What it runs."""
        return self.loaded.config

    @property
    def workers(self) -> list[Worker]:
        """All its workers."""
        return [worker for stage in self._stages for worker in stage.workers]

    def start(self) -> None:
        """Open the history, then start publish, record, classify and the captures, each feeding the one before."""
        kept, overrides = self._remembered()
        if self.config.mqtt.enabled:
            self._start_messaging(self._broker_settings(), overrides)
        self._run(Stage([self._worker("record", self.recording, self.inbox.wake)], 0.6))
        ended = orphans(kept, self.rulebook.places())
        if ended:
            self._deliver(Outcome("", ended))
        frames = threading.Event()
        self.lanes = [self._lane(camera, kept, overrides, frames) for camera in self.config.cameras]
        if self.messaging:
            self.messaging.commander.watch(self.lanes, self.is_well)
        classify = self._worker("classify", Classifying(self.lanes, self.classifier, self._clock, self._deliver), frames)
        self._run(Stage([*(self._worker(f"capture-{lane.capture.name}", lane.capture) for lane in self.lanes), classify], 0.6))

    def stop(self) -> list[str]:
        """Stop in reverse: no more frames, then no more rows, then no more messages. Give the names of threads that hang."""
        stragglers = [name for stage in reversed(self._stages) for name in stop_all(stage.workers, stage.patience)]
        self._stages.clear()
        self._broker_stop.set()
        if self._broker is not None:
            self._broker.join(0.4)
        return stragglers

    def stuck(self, now: Moment) -> list[str]:
        """Give the names of the workers that do not come back from their step."""
        return [worker.name for worker in self.workers if worker.heartbeat.late(now) > STUCK]

    def is_well(self) -> bool:
        """Tell whether every worker does its work."""
        return not self.stuck(self._clock.now())

    def answer_reload(self, error: str | None) -> None:
        """Tell whoever asked for a reload over MQTT how it went; error: what is wrong with the configuration, None if nothing is."""
        if self.messaging:
            self.messaging.commander.answer_reload(error)

    def _remembered(self) -> tuple[list[OpenEpisode], Overrides]:
        """Give the episodes that the last run left open, and what MQTT has set against the file.

        A disk that refuses the history does not keep us from watching.
        """
        try:
            self.history.open()
            kept, overrides = self.history.open_episodes(), self._in_force(self.history.overrides())
        except HistoryRefusedError:
            raise
        except StorageError as error:
            log.error("%s; detection and alerts go on without a history until it can be written", error)
            return [], {}
        for episode in kept:
            log.info("%s: %s was on at the last stop; if it still is, its episode goes on", episode.place.camera, episode.place.rule)
        return kept, overrides

    def _in_force(self, found: Overrides) -> Overrides:
        """Give those overrides whose camera and rule are still configured, and say that they stand above the file."""
        known = {(camera, "detect") for camera in self.config.cameras}
        rules = {(camera, f"threshold/{rule.name}"): rule for camera in self.config.cameras for rule in self.config.rules_of(camera)}
        overrides = {key: value for key, value in found.items() if key in known or (key in rules and 0 < float(value) <= 1)}
        for (camera, name), value in overrides.items():
            written = f"; the file says {rules[camera, name].threshold:g}" if (camera, name) in rules else ""
            log.warning("%s: %s is %s, as it was set over MQTT%s", camera, name, value, written)
        return overrides

    def _start_messaging(self, settings: MqttSettings, overrides: Overrides) -> None:
        self.messaging = Messaging(settings, self.loaded, self.classifier, overrides, self.box, self.inbox, self._ask, self._clock)
        self.recording.dispatch = self.messaging.dispatch
        self._run(Stage([self._worker("publish", self.messaging, self.messaging.wake)], 1.3))

    def _broker_settings(self) -> MqttSettings:
        """Give the settings of the broker to connect to, having started it first if it is our own."""
        settings = self.config.mqtt
        if settings.host != "embedded":
            return settings
        from monitor.publish.broker import HOST, EmbeddedBroker, watch_command  # only here, as asyncio takes 2 MB

        port: queue.SimpleQueue[int] = queue.SimpleQueue()
        broker = EmbeddedBroker(settings.port)
        self._broker = run_in_thread("broker", lambda: broker.run(self._broker_stop, port.put))
        try:
            found = port.get(timeout=BROKER_START)
        except queue.Empty:
            raise BrokerError("the embedded MQTT broker did not start; set mqtt.host to a broker of your own") from None
        log.info("to see what is published: %s", watch_command(found, settings.base_topic))
        return settings.model_copy(update={"host": HOST, "port": found})

    def _lane(self, camera: str, kept: list[OpenEpisode], overrides: Overrides, frames: threading.Event) -> Lane:
        settings = self.config.cameras[camera]
        mailbox = Mailbox(settings.queue_size, frames)
        live = not isinstance(parse_source(settings.source), Clip)
        watch = Watch(settings, self.rulebook.zones(camera), self.rulebook.looks(camera), live=live)
        capture = Capture(camera, settings, self._clock, mailbox, random.SystemRandom().random, watch=watch)
        mine = [episode for episode in kept if episode.place.camera == camera]
        detect = overrides.get((camera, "detect")) != "OFF"
        thresholds = {
            name.removeprefix("threshold/"): float(value)
            for (whose, name), value in overrides.items()
            if whose == camera and name.startswith("threshold/")
        }
        pipeline = Pipeline(
            camera, self.config, self.classifier, self.rulebook, self._clock.now(), mine, detect=detect, thresholds=thresholds
        )
        if self.messaging:
            voice = self.messaging.voice
            voice.send_detect(camera, on=detect)
            for rule, threshold in pipeline.thresholds.items():
                voice.send_threshold(camera, rule, threshold)
            for state in pipeline.decider.states:
                voice.send_state(state)
        return Lane(capture, mailbox, pipeline)

    def _deliver(self, outcome: Outcome) -> None:
        announce(outcome, self.messaging.voice if self.messaging else None)
        self.inbox.put(outcome)

    def _worker(self, name: str, work: Work, wake: threading.Event | None = None) -> Worker:
        return Worker(name, work, self._clock, wake=wake, on_give_up=lambda _: self._ask(Request.GIVE_UP))

    def _run(self, stage: Stage) -> None:
        self._stages.append(stage)
        for worker in stage.workers:
            worker.start()
