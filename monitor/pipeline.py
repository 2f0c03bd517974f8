"""One camera's path from a frame to what it means. Read this first.

    frame -> masks and views -> model -> probabilities -> readings -> rules and episodes -> events
                                                       \\-> the best labels -> sightings

It runs on whoever's thread calls it, asks no clock and touches no file: the daemon feeds it live frames, `replay` feeds it a video
with the video's own time, and the same frames give the same events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.classify.classifier import Classifier, top_k
from monitor.classify.preprocess import Square
from monitor.classify.view import View
from monitor.config.schema import Config
from monitor.decide.decider import CameraDecider, Event
from monitor.decide.rule import Reading
from monitor.decide.sightings import SightingJoiner
from monitor.rulebook import Rulebook, episodes_by_class
from monitor.values import WHOLE, Frame, Image, Moment, OfflineReason, OpenEpisode, Prediction, Sighting


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What one step of the path brought.

    events: in the order in which they are to be told. readings: what the look said for each rule. picture: what the events are about,
    masked; None if there was no frame. open_episodes: those of this camera, after the events. snapshot: a masked picture that
    somebody asked for.
    """

    camera: str
    events: Sequence[Event] = ()
    sightings: Sequence[Sighting] = ()
    readings: Sequence[Reading] = ()
    picture: Image | None = None
    open_episodes: Sequence[OpenEpisode] = ()
    snapshot: Image | None = None


class Pipeline:
    """The path of one camera. Moments may not go back; a frame older than the last tick is judged at that tick's time.

    kept: the episodes that were open. detect, thresholds: what was set against the configuration; a threshold of a rule that the camera
    does not have any more is ignored.
    """

    def __init__(
        self,
        camera: str,
        config: Config,
        classifier: Classifier,
        rulebook: Rulebook,
        now: Moment,
        kept: Sequence[OpenEpisode] = (),
        *,
        detect: bool = True,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        self.camera = camera
        self.best: Prediction | None = None  # of the last look, over its zones
        self._classifier = classifier
        self._rulebook = rulebook
        self._questions = rulebook.questions(camera)
        self._zones = rulebook.zones(camera)
        self._view = View(config.cameras[camera])
        self._top_k = config.model.top_k
        self._decider = CameraDecider(camera, [question.rule for question in self._questions], now, kept, detect=detect)
        for rule, threshold in (thresholds or {}).items():
            if rule in self.thresholds:
                self._decider.set_threshold(rule, threshold)
        self._joiner = SightingJoiner(camera, config.history.min_score, classifier.card.name)
        self._latest = now

    @property
    def decider(self) -> CameraDecider:
        """The judgement over this camera."""
        return self._decider

    @property
    def detect(self) -> bool:
        """Whether detection is on; while it is off, frames are not to be looked at but told by `tick`."""
        return self._decider.detect

    @property
    def thresholds(self) -> dict[str, float]:
        """The thresholds in force, by the names of the rules."""
        return self._decider.thresholds

    def look(self, frame: Frame) -> Outcome:
        """Analyse a frame, whose picture is masked for good.

        Raises ModelFaultError if the model's numbers are no scores; nothing has changed then.
        """
        return self.conclude(frame, self._classifier.classify(self.squares(frame)))

    def squares(self, frame: Frame) -> list[Square]:
        """Return what the model is to see of a frame, a square for each zone that a rule names; its picture is masked for good."""
        self._view.mask(frame.image)
        return self._view.squares(frame.image, self._zones)

    def conclude(self, frame: Frame, probabilities: NDArray[np.float32]) -> Outcome:
        """Tell what the model's scores mean, a row for each of the frame's squares."""
        now = self._not_before(frame.at)
        by_zone = dict(zip(self._zones, probabilities, strict=True))
        readings = [reading for zone, row in by_zone.items() for reading in self._rulebook.readings(self.camera, zone, row)]
        events = self._decider.look(now, readings)
        sightings: list[Sighting] = []
        seen: list[Prediction] = []
        for zone, row in by_zone.items():
            predictions = top_k(row, self._classifier.card.labels, self._top_k)
            running = episodes_by_class(self._questions, self._decider.running(zone))
            sightings += self._joiner.look(now, zone, predictions, running)
            seen += predictions[:1]
        self.best = max(seen, key=lambda prediction: prediction.score)
        return self._outcome(events, sightings, readings, frame.image)

    def tick(self, now: Moment, last_frame: Moment | None = None, reason: OfflineReason | None = None, detail: str = "") -> Outcome:
        """Let time pass. last_frame: the newest that the camera gave, looked at or not; reason, detail: why its link is down."""
        now = self._not_before(now)
        seen = self._decider.frame_seen(last_frame) if last_frame is not None else []
        return self._outcome([*seen, *self._decider.tick(now, reason, detail)], self._joiner.tick(now))

    def set_detect(self, on: bool, now: Moment) -> Outcome:
        """Switch detection on or off. Off, what is open ends, and on again new looks settle the states."""
        events = self._decider.set_detect(on, self._not_before(now))
        if on:
            return self._outcome(events, [])
        self.best = None
        return self._outcome(events, self._joiner.close())

    def set_threshold(self, rule: str, value: float | None) -> None:
        """Move the threshold of a rule in all its zones, its release in proportion; None: back to what the configuration says.

        No state changes by it before the next look. Raises ValueError unless 0 < value <= 1, and for a rule that the camera does not
        have; nothing has changed then.
        """
        self._decider.set_threshold(rule, value)

    def photograph(self, frame: Frame) -> Outcome:
        """Hand over a frame's picture, which is masked for good."""
        self._view.mask(frame.image)
        return self._outcome([], [], snapshot=frame.image)

    def classify(self, frame: Frame) -> list[Prediction]:
        """Give the best labels of a frame's whole picture, which is masked for good; that is no look, and rules and history do not notice.

        Raises ModelFaultError if the model's numbers are no scores.
        """
        self._view.mask(frame.image)
        (row,) = self._classifier.classify(self._view.squares(frame.image, [WHOLE]))
        return top_k(row, self._classifier.card.labels, self._top_k)

    def close(self) -> Outcome:
        """Hand over the sightings that are still open. Episodes stay open: a stop is not an end."""
        return self._outcome([], self._joiner.close())

    def _not_before(self, now: Moment) -> Moment:
        self._latest = max(self._latest, now, key=lambda moment: moment.mono)
        return self._latest

    def _outcome(
        self,
        events: Sequence[Event],
        sightings: Sequence[Sighting],
        readings: Sequence[Reading] = (),
        picture: Image | None = None,
        snapshot: Image | None = None,
    ) -> Outcome:
        return Outcome(self.camera, events, sightings, readings, picture, self._decider.open_episodes(), snapshot)
