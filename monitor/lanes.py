"""The lanes of all cameras as a configuration wants them: made at the start, and exchanged at a reload."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence

from monitor.bridge import Overrides, in_force
from monitor.camera.capture import Capture
from monitor.camera.mailbox import Mailbox
from monitor.camera.source import Clip, parse_source
from monitor.classify.classifier import Classifier
from monitor.clipping import Clipping
from monitor.clock import Clock
from monitor.config.schema import Config
from monitor.decide.restart import orphans
from monitor.gate.skip import QUIET
from monitor.gate.watch import Watch
from monitor.messaging import Messaging
from monitor.pipeline import Outcome, Pipeline
from monitor.reload import Kept
from monitor.rulebook import Rulebook
from monitor.values import OpenEpisode
from monitor.workers import Lane

log = logging.getLogger(__name__)

OPENING = 0.2, 5.0
"""Seconds between two cameras' first openings, and for all of them: each opening is a burst of work, and they need not come together."""


class Lanes:
    """Makes lanes. frames: set with every frame in any mailbox. overrides: what MQTT has set, where there is no messaging to ask.

    config, rulebook: those in force; whoever exchanges lanes sets them first. deliver: takes what pipelines have to say.
    """

    def __init__(
        self,
        config: Config,
        rulebook: Rulebook,
        classifier: Classifier,
        clock: Clock,
        frames: threading.Event,
        messaging: Messaging | None,
        clipping: Clipping | None,
        overrides: Overrides,
        deliver: Callable[[Outcome], None],
    ) -> None:
        self.config = config
        self.rulebook = rulebook
        self._classifier = classifier
        self._clock = clock
        self._frames = frames
        self._messaging = messaging
        self._clipping = clipping
        self._overrides = overrides
        self._deliver = deliver

    def make(self, episodes: Sequence[OpenEpisode]) -> list[Lane]:
        """Make a lane for each camera. episodes: those that the last run left open."""
        pause, longest = OPENING
        pause = min(pause, longest / len(self.config.cameras))
        return [self._lane(camera, episodes, delay=pause * number) for number, camera in enumerate(self.config.cameras)]

    def exchange(self, lanes: Sequence[Lane], fates: Mapping[str, Kept]) -> list[Lane]:
        """Give the lanes of the configuration in force for those of the one before. On the classify thread.

        fates: what of each camera, old or new, goes on. Of one that changed the open episodes go on.
        """
        before = {lane.capture.name: lane for lane in lanes}
        episodes = [episode for lane in lanes if fates[lane.capture.name] is not Kept.ALL for episode in self._retire(lane)]
        after: list[Lane] = []
        for camera in self.config.cameras:
            match fates[camera]:
                case Kept.ALL:
                    after.append(before[camera])
                case Kept.NOTHING:
                    after.append(self._lane(camera, episodes))
                case fate:
                    old = before[camera]
                    if fate is Kept.CAPTURE:
                        old.capture.eye.watch = self._watch(camera, old.capture.eye.watch)
                    after.append(Lane(old.capture, old.mailbox, self._pipeline(camera, episodes)))
                    after[-1].abandoned = old.abandoned
        if self._clipping:
            self._clipping.keep(self.config.cameras)
        return after

    def _lane(self, camera: str, episodes: Sequence[OpenEpisode], *, delay: float = 0.0) -> Lane:
        settings = self.config.cameras[camera]
        mailbox = Mailbox(settings.queue_size, self._frames)
        capture = Capture(
            camera,
            settings,
            self._clock,
            mailbox,
            random.SystemRandom().random,
            watch=self._watch(camera),
            offer=self._clipping.ring(camera).offer if self._clipping else None,
            quiet=min(QUIET, 1 / self.config.clips.fps) if self._clipping else QUIET,
            delay=delay,
        )
        return Lane(capture, mailbox, self._pipeline(camera, episodes))

    def _watch(self, camera: str, before: Watch | None = None) -> Watch:
        settings = self.config.cameras[camera]
        live = not isinstance(parse_source(settings.source), Clip)
        return Watch(settings, self.rulebook.zones(camera), self.rulebook.looks(camera), live=live, before=before)

    def _pipeline(self, camera: str, episodes: Sequence[OpenEpisode]) -> Pipeline:
        """Make the path of a camera, with what MQTT has set against the file, and tell how it stands."""
        overrides = in_force(self._messaging.bridge.overrides if self._messaging else self._overrides, self.config, camera)
        rules = {f"threshold/{rule.name}": rule for rule in self.config.rules_of(camera)}
        for name, value in overrides.items():
            written = f"; the file says {rules[name].threshold:g}" if name in rules else ""
            log.warning("%s: %s is %s, as it was set over MQTT%s", camera, name, value, written)
        detect = overrides.get("detect") != "OFF"
        thresholds = {name.removeprefix("threshold/"): float(value) for name, value in overrides.items() if name != "detect"}
        mine = [episode for episode in episodes if episode.place.camera == camera]
        now = self._clock.now()
        pipeline = Pipeline(camera, self.config, self._classifier, self.rulebook, now, mine, detect=detect, thresholds=thresholds)
        if self._messaging:
            voice = self._messaging.voice
            voice.send_problem(camera, None)
            voice.send_detect(camera, on=detect)
            for rule, threshold in pipeline.thresholds.items():
                voice.send_threshold(camera, rule, threshold)
            for state in pipeline.decider.states:
                voice.send_state(state)
        return pipeline

    def _retire(self, lane: Lane) -> list[OpenEpisode]:
        """Have what a lane's pipeline knows written down, end the episodes that have no place any more, and give the others."""
        pipeline = lane.pipeline
        self._deliver(pipeline.close())
        episodes, places = pipeline.decider.open_episodes(), self.rulebook.places()
        going_on = [episode for episode in episodes if episode.place in places]
        self._deliver(Outcome(pipeline.camera, orphans(episodes, places), open_episodes=going_on))
        return going_on
