"""The classify thread's work, stepped by hand, with captures that play scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from monitor.camera.capture import Capture
from monitor.camera.mailbox import Mailbox
from monitor.classify.classifier import Classifier
from monitor.clock import ManualClock
from monitor.decide.decider import Event
from monitor.pipeline import Outcome
from monitor.values import Frame
from monitor.workers import Classifying, Lane
from tests.camera.fake_source import FILE, FakeOpener, FakeSource, Grab
from tests.spine import CARD, RED, Colour, ColourEngine, frame, load_text, painted, pipeline_of


class Raced(Mailbox):
    """A mailbox whose capture thread runs on between a look into it and whatever follows."""

    def __init__(self) -> None:
        super().__init__(10)
        self.meanwhile: Callable[[], object] = lambda: None

    def take(self) -> Frame | None:
        frame = super().take()
        self.meanwhile()
        return frame


class Bench:
    """Lanes of cameras that share a clock, and what came out of them. The cameras are files of one red picture.

    settings: more of each camera, as the configuration has it.
    """

    def __init__(self, folder: Path, *cameras: str, settings: str = "fps: 5") -> None:
        self.clock = ManualClock()
        self.engine = ColourEngine()
        self.classifier = Classifier(CARD, self.engine)
        sources = [f"  {name}: {{source: {name}.avi, pace: full, {settings}}}" for name in cameras]
        self.loaded = load_text(folder, "\n".join(["rules: [{label: red, hold: 1s}]", "cameras:", *sources]))
        self.outcomes: list[Outcome] = []
        self.lanes = {name: self._lane(name) for name in cameras}
        self.classifying = Classifying(list(self.lanes.values()), self.classifier, self.clock, self.outcomes.append)

    def _lane(self, name: str) -> Lane:
        mailbox = Raced()
        opener = FakeOpener(self.clock, FakeSource(self.clock, [Grab(takes=0.0, image=painted(RED))], FILE))
        capture = Capture(name, self.loaded.config.cameras[name], self.clock, mailbox, lambda: 0.5, opener)
        return Lane(capture, mailbox, pipeline_of(self.loaded, self.clock, name, self.engine))

    def put(self, camera: str, *colours: Colour) -> None:
        """Leave frames, a tenth of a second apart."""
        for colour in colours:
            self.lanes[camera].mailbox.put(frame(self.clock.advance(0.1), colour, camera=camera))

    def step(self, after: float = 0.0) -> float:
        return self.classifying.step(self.clock.advance(after))

    def looked_at(self) -> list[str]:
        """Whose frames were looked at, in order."""
        return [outcome.camera for outcome in self.outcomes if outcome.picture is not None]

    def events(self) -> list[Event]:
        return [event for outcome in self.outcomes for event in outcome.events]
