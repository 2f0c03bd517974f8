"""One camera's path from a frame to what it means. Read this first.

    frame -> zones and squares -> model -> probabilities -> readings -> rules and episodes -> events
                                                        \\-> the best labels -> sightings

Which frames come here, masked, the camera's `gate.watch` has decided before; what it is to let through it asks here (`need`). The path
runs on whoever's thread calls it, asks no clock and touches no file: the daemon feeds it live frames, `replay` feeds it a video with the
video's own time, and the same frames give the same events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.classify.attention import MOST, Attention
from monitor.classify.classifier import Classifier, top_k
from monitor.classify.preprocess import Square
from monitor.classify.resample import centre_crop
from monitor.classify.view import View, square_of_movement, squares_of_all
from monitor.config.schema import Config
from monitor.decide.decider import CameraDecider, Event
from monitor.decide.rule import Reading
from monitor.decide.sightings import SightingJoiner
from monitor.portraits import Portraits
from monitor.rulebook import Rulebook, episodes_by_class
from monitor.values import WHOLE, Alert, Frame, Image, Moment, Need, OfflineReason, OpenEpisode, Prediction, ProblemKind, Region, Sighting


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What one step of the path brought.

    events: in the order in which they are to be told. readings: what the look said for each rule. picture: what was looked at; None if
    nothing was. open_episodes: those of this camera, after the events. snapshot: a picture that somebody asked for. portraits: of the
    alerts among the events, what each is to show.
    """

    camera: str
    events: Sequence[Event] = ()
    sightings: Sequence[Sighting] = ()
    readings: Sequence[Reading] = ()
    picture: Image | None = None
    open_episodes: Sequence[OpenEpisode] = ()
    snapshot: Image | None = None
    portraits: Mapping[Alert, Image] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look saw. labels: the best of all its squares, best first; squares: those that the model was shown."""

    at: Moment
    labels: Sequence[Prediction]
    squares: Sequence[Region]


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
        self.seen: Seen | None = None
        self._classifier = classifier
        self._rulebook = rulebook
        self._questions = rulebook.questions(camera)
        self._zones = rulebook.zones(camera)
        self._view = View(config.cameras[camera])
        self._attention = Attention()
        self._portraits = Portraits(camera)
        self._looked_at: list[tuple[str, Square]] = []
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
        """Whether detection is on."""
        return self._decider.detect

    @property
    def problem(self) -> ProblemKind | None:
        """What is wrong with the camera's pictures, as it was told; None if nothing is known to be."""
        return self._decider.problem

    @property
    def looking(self) -> bool:
        """Whether frames are to be looked at; otherwise they are to be told by `tick`."""
        return self._decider.detect and not self._decider.blind

    @property
    def need(self) -> Need:
        """Which frames are worth a look; may be asked by any thread."""
        if not self._decider.detect:
            return Need.NOTHING
        return Need.LOOK if self._decider.between_states else Need.MOVEMENT

    @property
    def thresholds(self) -> dict[str, float]:
        """The thresholds in force, by the names of the rules."""
        return self._decider.thresholds

    def look(self, frame: Frame) -> Outcome:
        """Analyse a frame. Raises ModelFaultError if the model's numbers are no scores; nothing has changed then."""
        return self.conclude(frame, self._classifier.classify(self.squares(frame)))

    def squares(self, frame: Frame) -> list[Square]:
        """Return what the model is to see of a frame: a square for each zone that a rule names, of the whole picture maybe several."""
        self._looked_at = [(zone, square) for zone in self._zones for square in self._squares_of(zone, frame)]
        return [square for _, square in self._looked_at]

    def _squares_of(self, zone: str, frame: Frame) -> list[Square]:
        if zone != WHOLE or not self._view.follows:
            return self._view.squares(frame.image, [zone])
        height, width = frame.image.shape[:2]
        preprocessing = self._classifier.card.preprocessing
        centre = centre_crop(width, height, preprocessing.resize, preprocessing.crop)
        movement = square_of_movement(frame.movement, width, height) if frame.movement else None
        otherwise = [centre, *squares_of_all(width, height)][:MOST] if frame.reason.new_scene else [centre]
        boxes = self._attention.squares(movement, otherwise, self._followed_in_the_whole())
        return [Square(frame.image, box) for box in boxes]

    def conclude(self, frame: Frame, probabilities: NDArray[np.float32]) -> Outcome:
        """Tell what the model's scores mean, a row for each of the frame's squares, which are the last that were asked for."""
        now = self._not_before(frame.at)
        rows: dict[str, list[NDArray[np.float32]]] = {zone: [] for zone in self._zones}
        for (zone, _), row in zip(self._looked_at, probabilities, strict=True):
            rows[zone].append(row)
        readings = {zone: [self._rulebook.readings(self.camera, zone, row) for row in those] for zone, those in rows.items()}
        # Where a zone is looked at in several squares, a rule scores there what it scores best.
        best = [max(each, key=lambda reading: reading.score) for those in readings.values() for each in zip(*those, strict=True)]
        events = self._decider.look(now, best)
        self._follow(readings.get(WHOLE, []))
        self._portraits.look(frame.image, best, self._decider.followed.keys())
        sightings: list[Sighting] = []
        for zone, those in rows.items():
            predictions = self._best_of(those)
            running = episodes_by_class(self._questions, self._decider.running(zone))
            sightings += self._joiner.look(now, zone, predictions, running)
        self.seen = Seen(now, self._best_of(probabilities), [self._region(square) for _, square in self._looked_at])
        return self._outcome(events, sightings, best, frame.image)

    def _best_of(self, rows: Sequence[NDArray[np.float32]] | NDArray[np.float32]) -> list[Prediction]:
        return top_k(np.max(rows, axis=0), self._classifier.card.labels, self._top_k)

    def _region(self, square: Square) -> Region:
        """Tell where in the picture a square is."""
        height, width = square.image.shape[:2]
        preprocessing = self._classifier.card.preprocessing
        box = square.box or centre_crop(width, height, preprocessing.resize, preprocessing.crop)
        return Region(box.x / width, box.y / height, box.width / width, box.height / height)

    def _follow(self, readings: Sequence[Sequence[Reading]]) -> None:
        """Let the attention know where the rules saw what they follow. readings: of the whole picture, a row for each of its squares."""
        if self._view.follows and readings:
            boxes = [square.box for zone, square in self._looked_at if zone == WHOLE and square.box is not None]
            scores = {each[0].rule: [reading.score for reading in each] for each in zip(*readings, strict=True)}
            self._attention.learn(boxes, scores, self._followed_in_the_whole())

    def _followed_in_the_whole(self) -> dict[str, float]:
        return {place.rule: release for place, release in self._decider.followed.items() if place.zone == WHOLE}

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
        self.seen = None
        return self._outcome(events, self._joiner.close())

    def set_problem(self, problem: ProblemKind | None, detail: str, now: Moment) -> Outcome:
        """Take note of what is wrong with the camera's pictures; None: nothing any more. detail: in words."""
        return self._outcome(self._decider.set_problem(problem, detail, self._not_before(now)), [])

    def set_threshold(self, rule: str, value: float | None) -> None:
        """Move the threshold of a rule in all its zones, its release in proportion; None: back to what the configuration says.

        No state changes by it before the next look. Raises ValueError unless 0 < value <= 1, and for a rule that the camera does not
        have; nothing has changed then.
        """
        self._decider.set_threshold(rule, value)

    def photograph(self, frame: Frame) -> Outcome:
        """Hand over a frame's picture."""
        return self._outcome([], [], snapshot=frame.image)

    def classify(self, frame: Frame) -> list[Prediction]:
        """Give the best labels of a frame's whole picture; that is no look, and rules and history do not notice.

        Raises ModelFaultError if the model's numbers are no scores.
        """
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
        alerts = [event for event in events if isinstance(event, Alert)]
        portraits = {} if picture is None else self._portraits.of(alerts, picture)
        return Outcome(self.camera, events, sightings, readings, picture, self._decider.open_episodes(), snapshot, portraits)
