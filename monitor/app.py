"""The wiring: the one list of concrete parts, started in order and stopped in reverse; and what an error means for the process."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from monitor.bridge import Overrides
from monitor.classify.classifier import Classifier
from monitor.clipping import Clipping
from monitor.clock import Clock
from monitor.config.load import Loaded
from monitor.config.schema import Config, MqttSettings
from monitor.decide.restart import orphans
from monitor.errors import BrokerError, HistoryRefusedError, StorageError
from monitor.inbox import Inbox
from monitor.lanes import Lanes
from monitor.messaging import Messaging
from monitor.pipeline import Outcome
from monitor.publish.identity import client_id
from monitor.record.clips import Clips
from monitor.record.detection_log import DetectionLog
from monitor.record.snapshots import Snapshots
from monitor.record.store import History
from monitor.recording import Recording
from monitor.reload import Kept, differ_in_cameras_only, kept
from monitor.rulebook import Rulebook
from monitor.runtime.signals import Request
from monitor.runtime.threads import STUCK, Work, Worker, run_in_thread, stop_all
from monitor.supervision import Captures
from monitor.uploads import Scores
from monitor.values import Image, Moment, OpenEpisode
from monitor.workers import Classifying, Lane, announce

log = logging.getLogger(__name__)

HANDOVER = 10.0
"""Seconds that the classify thread may take to come out of its step and take over other cameras."""

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
        self._looking: list[Worker] = []
        self.captures = Captures(self._looking, clock, ask)
        self._frames = threading.Event()
        self._overrides: Overrides = {}
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
        clips = Clips(config.clips, config.snapshots)
        self.clipping = Clipping(config.clips, clips, clock, self.history.today) if config.clips.enabled else None

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
        episodes, self._overrides = self._remembered()
        if self.config.mqtt.enabled:
            self._start_messaging(self._broker_settings())
        clips = [self._worker("clips", self.clipping, self.clipping.wake)] if self.clipping else []
        self._run(Stage([self._worker("record", self.recording, self.inbox.wake), *clips], 0.6))
        ended = orphans(episodes, self.rulebook.places())
        if ended:
            self._deliver(Outcome("", ended))
        self._maker = Lanes(
            self.config,
            self.rulebook,
            self.classifier,
            self._clock,
            self._frames,
            self.messaging,
            self.clipping,
            self._overrides,
            self._deliver,
        )
        self.lanes = self._maker.make(episodes)
        if self.messaging:
            self.messaging.commander.watch(self.lanes, self.is_well)
        self._classifying = Classifying(self.lanes, self.classifier, self._clock, self._deliver, self._frames.set)
        self._looking.append(self._worker("classify", self._classifying, self._frames))
        self._run(Stage(self._looking, 0.6))
        for lane in self.lanes:
            self.captures.start(lane)

    def adopt(self, successor: Daemon) -> bool:
        """Go on under the configuration of a daemon that was made but not started; False if it has to take over itself.

        A camera that is the same in both, and asked for the same, notices nothing. Of one that changed the open episodes go on.
        """
        if successor.classifier is not self.classifier or not differ_in_cameras_only(self.config, successor.config):
            return False
        before, after = (self.config, self.rulebook), (successor.config, successor.rulebook)
        fates = {camera: kept(camera, before, after) for camera in before[0].cameras | after[0].cameras}
        self.captures.stop([camera for camera in before[0].cameras if fates[camera] is Kept.NOTHING])
        self.loaded, self.rulebook = successor.loaded, successor.rulebook
        self._maker.config, self._maker.rulebook = after
        retired = [lane for lane in self.lanes if fates[lane.capture.name] is not Kept.ALL]
        done = threading.Event()

        def exchange(lanes: list[Lane]) -> list[Lane]:
            self.lanes = self._maker.exchange(lanes, fates)
            done.set()
            return self.lanes

        self._classifying.change(exchange)
        self._frames.set()
        if not done.wait(HANDOVER):
            return False
        for lane in self.lanes:
            if fates[lane.capture.name] is Kept.NOTHING:
                self.captures.start(lane)
        if self.messaging:
            self.messaging.change(self.loaded, self.lanes, retired)
        return True

    def stop(self) -> list[str]:
        """Stop in reverse: no more frames, then no more rows, then no more messages. Give the names of threads that hang."""
        stragglers = [name for stage in reversed(self._stages) for name in stop_all(stage.workers, stage.patience)]
        self._stages.clear()
        stragglers += self.captures.left_behind()
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

    def begin_anew(self) -> None:
        """Ask for a fresh process in the place of this one; from any thread."""
        self._ask(Request.RESTART)

    def classify(self, image: Image) -> Scores:
        """Classify a picture from elsewhere; from any thread, after `start`. Raises BusyError, ModelFaultError. Waits."""
        return self._classifying.uploads.ask(image)

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
            episodes, overrides = self.history.open_episodes(), self.history.overrides()
        except HistoryRefusedError:
            raise
        except StorageError as error:
            log.error("%s; detection and alerts go on without a history until it can be written", error)
            return [], {}
        for episode in episodes:
            log.info("%s: %s was on at the last stop; if it still is, its episode goes on", episode.place.camera, episode.place.rule)
        return episodes, overrides

    def _start_messaging(self, settings: MqttSettings) -> None:
        self.messaging = Messaging(settings, self.loaded, self.classifier, self._overrides, self.box, self.inbox, self._ask, self._clock)
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

    def _deliver(self, outcome: Outcome) -> None:
        announce(outcome, self.messaging.voice if self.messaging else None)
        self.inbox.put(outcome)
        if self.clipping:
            self.clipping.put(outcome)

    def _worker(self, name: str, work: Work, wake: threading.Event | None = None) -> Worker:
        return Worker(name, work, self._clock, wake=wake, on_give_up=lambda _: self._ask(Request.GIVE_UP))

    def _run(self, stage: Stage) -> None:
        self._stages.append(stage)
        for worker in stage.workers:
            worker.start()
