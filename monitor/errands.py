"""What somebody asks of a camera while it runs: any thread asks, the classify thread does it and answers.

Switches are thrown at once. What needs a picture waits for the camera's next frame, and is told if none comes. An errand that goes
wrong is answered and logged; the cameras go on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from monitor.clock import stopwatch
from monitor.errors import ModelFaultError
from monitor.pipeline import Outcome, Pipeline
from monitor.values import Frame, Moment, Prediction

log = logging.getLogger(__name__)

ROOM = 10
"""Errands that may wait for one camera."""

PATIENCE = 10.0
"""Seconds that an errand waits for a frame."""

Answer = Callable[[str | None], None]
"""Called once, on the classify thread: with None when it is done, or with why it was not."""

Deliver = Callable[[Outcome], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Classification:
    """The best labels of a whole picture, best first, and the milliseconds that it took to find them."""

    predictions: Sequence[Prediction]
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class SetDetect:
    """Switch detection on or off."""

    on: bool
    answer: Answer


@dataclass(frozen=True, slots=True)
class SetThreshold:
    """Move the threshold of a rule in all its zones. value: 0 < value <= 1, or None for what the configuration says."""

    rule: str
    value: float | None
    answer: Answer


@dataclass(frozen=True, slots=True)
class Photograph:
    """Hand over the next picture, masked, as the outcome's `snapshot`."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Classify:
    """Tell what the next picture shows. answer: called once with that, or with why it is not known."""

    answer: Callable[[Classification | str], None]


Errand = SetDetect | SetThreshold | Photograph | Classify


class Errands:
    """Those of one camera. Any thread may `ask`; everything else belongs to the classify thread. wake: called for each new one."""

    def __init__(self, pipeline: Pipeline, wake: Callable[[], None]) -> None:
        self._pipeline = pipeline
        self._wake = wake
        self._lock = threading.Lock()
        self._asked: list[Errand] = []
        self._waiting: list[tuple[float, Photograph | Classify]] = []

    @property
    def waiting(self) -> bool:
        """Whether something waits for a picture."""
        with self._lock:
            return bool(self._waiting) or any(isinstance(errand, Photograph | Classify) for errand in self._asked)

    def ask(self, errand: Errand) -> bool:
        """Leave an errand; False if too many wait already, and then it is not answered. Never waits."""
        with self._lock:
            if len(self._asked) + len(self._waiting) >= ROOM:
                return False
            self._asked.append(errand)
        self._wake()
        return True

    def do(self, now: Moment, deliver: Deliver) -> None:
        """Do what needs no picture, and give up what has waited for one too long."""
        with self._lock:
            asked, self._asked = self._asked, []
            self._waiting += [(now.mono + PATIENCE, each) for each in asked if isinstance(each, Photograph | Classify)]
            late = [errand for deadline, errand in self._waiting if now.mono >= deadline]
            self._waiting = [entry for entry in self._waiting if now.mono < entry[0]]
        for errand in asked:
            if isinstance(errand, SetDetect | SetThreshold):
                self._tell(errand.answer, self._attempt(partial(self._switch, errand, now, deliver)))
        for errand in late:
            self._tell(errand.answer, f"no picture came from {self._pipeline.camera} in {PATIENCE:.0f} s")

    def show(self, frame: Frame, deliver: Deliver) -> None:
        """Do what was waiting for a picture; those who want the same share it."""
        with self._lock:
            waiting, self._waiting = [errand for _, errand in self._waiting], []
        photographs = [errand for errand in waiting if isinstance(errand, Photograph)]
        if photographs:
            done = self._attempt(lambda: deliver(self._pipeline.photograph(frame)))
            for photograph in photographs:
                self._tell(photograph.answer, done)
        questions = [errand for errand in waiting if isinstance(errand, Classify)]
        if questions:
            found = self._attempt(lambda: self._classify(frame))
            for question in questions:
                self._tell(question.answer, found)

    def give_up(self) -> None:
        """Answer all that is left: the daemon stops, or begins anew."""
        with self._lock:
            left = [*self._asked, *(errand for _, errand in self._waiting)]
            self._asked, self._waiting = [], []
        for errand in left:
            self._tell(errand.answer, "not done: the daemon stopped meanwhile")

    def _switch(self, errand: SetDetect | SetThreshold, now: Moment, deliver: Deliver) -> None:
        if isinstance(errand, SetDetect):
            deliver(self._pipeline.set_detect(errand.on, now))
        else:
            self._pipeline.set_threshold(errand.rule, errand.value)

    def _classify(self, frame: Frame) -> Classification:
        began = stopwatch()
        predictions = self._pipeline.classify(frame)
        return Classification(predictions, (stopwatch() - began) * 1000)

    def _attempt(self, work: Callable[[], T]) -> T | str:
        """Give what `work` gives, or why it could not."""
        try:
            return work()
        except ModelFaultError as error:
            log.error("%s: %s", self._pipeline.camera, error)
            return str(error)
        except Exception:  # whatever it is, the other cameras must go on; the log has all of it
            log.exception("%s: what was asked of it failed", self._pipeline.camera)
            return "it failed; the log says how"

    def _tell(self, answer: Callable[[T], None], word: T) -> None:
        try:
            answer(word)
        except Exception:  # as above: an answer that cannot be given is no reason to look no more
            log.exception("%s: what was asked of it could not be answered", self._pipeline.camera)
