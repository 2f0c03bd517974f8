"""The threads' work, each a short `step(now)`. `app.py` puts each on a worker; tests call the steps by hand.

Capture has its work in `camera.capture`, record in `recording` already, publish in
`publish.publisher`; here is classify.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence

from monitor.camera.capture import Capture
from monitor.camera.mailbox import Mailbox
from monitor.camera.state import CameraLink
from monitor.classify.classifier import Classifier
from monitor.clock import Clock, stopwatch
from monitor.errands import Errand, Errands
from monitor.errors import ModelFaultError
from monitor.observe.stats import Totals
from monitor.pipeline import Outcome, Pipeline
from monitor.publish.voice import Voice
from monitor.uploads import Uploads
from monitor.values import Alert, CameraEvent, CameraProblem, Frame, Moment, Need, RuleState

log = logging.getLogger(__name__)

TICK = 0.5
"""Seconds between two ticks of a camera that gives no frames."""


class Lane:
    """One camera on its way through the classifier: its capture, its mailbox, its pipeline, what is asked of it and its counts.

    inference, work, frame_age: seconds, added up over all looks: in the model, for the whole look, and from grab to the look's end.
    abandoned: captures that hung and were replaced.
    """

    def __init__(self, capture: Capture, mailbox: Mailbox, pipeline: Pipeline) -> None:
        self.capture = capture
        self.mailbox = mailbox
        self.pipeline = pipeline
        self.errands = Errands(pipeline, mailbox.signal.set)
        self.looks = 0
        self.faults = 0
        self.inference = 0.0
        self.work = 0.0
        self.frame_age = 0.0
        self.ticked = float("-inf")
        self.abandoned = 0
        capture.eye.need = self.need

    def need(self) -> Need:
        """Tell which of the camera's frames are worth a look; from any thread."""
        return Need.PICTURE if self.errands.waiting else self.pipeline.need

    def ask(self, errand: Errand) -> bool:
        """Have something done on the classify thread; from any thread. False if too many errands wait already."""
        return self.errands.ask(errand)

    def totals(self) -> Totals:
        """Give the counts since the start."""
        counters = self.capture.counters
        return Totals(
            frames=counters.grabbed,
            looks=self.looks,
            skipped=counters.skipped,
            dropped=self.mailbox.dropped,
            gated=counters.gated,
            inference=self.inference,
            frame_age=self.frame_age,
        )


Change = Callable[[list[Lane]], Sequence[Lane]]
"""Gives other lanes for those that are there."""


class Classifying:
    """Looks at the cameras' frames in turn and lets time pass for those that give none.

    A step takes one frame, or one each of several cameras where the classifier answers them in one call without keeping any waiting
    for it (`Classifier.together`). It never waits for a frame to come. A camera whose detection is off costs no inference.
    uploads: pictures from elsewhere, one of them in a step. wake: called for each, as somebody may rest for the next step.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        classifier: Classifier,
        clock: Clock,
        deliver: Callable[[Outcome], None],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._lanes = deque(lanes)
        self._classifier = classifier
        self._clock = clock
        self._deliver = deliver
        self._change: Change | None = None
        self.uploads = Uploads(wake)

    def change(self, change: Change) -> None:
        """Have `change` give other lanes for the present ones before the next step; from any thread, one at a time.

        It runs on the classify thread, so that nothing happens in any lane meanwhile.
        """
        self._change = change

    def step(self, now: Moment) -> float:
        """Look at the oldest frame of the camera whose turn it is; rest when no camera has one."""
        if self._change is not None:
            change, self._change = self._change, None
            self._lanes = deque(change(list(self._lanes)))
        uploaded = self.uploads.do_one(self._classifier)
        waiting = self._take(now)
        if not waiting:
            return 0.0 if uploaded else TICK
        for lane, frame in waiting:
            lane.errands.show(frame, self._deliver)
            if not lane.pipeline.looking:
                self._pass_over(lane, frame)
        looked_at = [(lane, frame) for lane, frame in waiting if lane.pipeline.looking]
        if looked_at:
            self._look(looked_at)
        return 0.0

    def _take(self, now: Moment) -> list[tuple[Lane, Frame]]:
        waiting: list[tuple[Lane, Frame]] = []
        for _ in range(len(self._lanes)):
            lane = self._lanes[0]
            self._lanes.rotate(-1)
            lane.errands.do(now, self._deliver)
            # Read before the mailbox: a file that has ended by now has left its last frame there, and what is said to be wrong with the
            # pictures holds for all that come out of it.
            link, last_frame = lane.capture.link, lane.capture.last_frame
            self._trust(lane, now)
            frame = lane.mailbox.take()
            if frame is not None:
                waiting.append((lane, frame))
                if len(waiting) == self._classifier.together:
                    break
            elif now.mono - lane.ticked >= TICK:
                lane.ticked = now.mono
                self._tick(lane, now, link, last_frame)
        return waiting

    def close(self) -> None:
        """Hand over what the history should know before the end."""
        self.uploads.give_up()
        for lane in self._lanes:
            lane.errands.give_up()
            self._deliver(lane.pipeline.close())

    def _look(self, waiting: Sequence[tuple[Lane, Frame]]) -> None:
        began = stopwatch()
        squares = [lane.pipeline.squares(frame) for lane, frame in waiting]
        try:
            scores = self._classifier.classify([square for each in squares for square in each])
        except ModelFaultError as error:
            for lane, frame in waiting:
                lane.faults += 1
                log.error("%s: %s", frame.camera, error)
                self._pass_over(lane, frame)
            return
        inference = self._classifier.inference_ms / 1000 / len(waiting)
        for (lane, frame), mine in zip(waiting, squares, strict=True):
            rows, scores = scores[: len(mine)], scores[len(mine) :]
            outcome = lane.pipeline.conclude(frame, rows)
            lane.looks += 1
            lane.inference += inference
            lane.work += (stopwatch() - began) / len(waiting)
            lane.frame_age += self._clock.now().mono - frame.at.mono
            self._deliver(outcome)

    def _trust(self, lane: Lane, now: Moment) -> None:
        """Pass on whether the camera's pictures can be trusted, where that has changed."""
        problem, detail = lane.capture.eye.trouble
        if problem is not lane.pipeline.problem:
            self._deliver(lane.pipeline.set_problem(problem, detail, now))

    def _pass_over(self, lane: Lane, frame: Frame) -> None:
        """What a frame shows is not known, but the camera is there."""
        self._deliver(lane.pipeline.tick(frame.at, last_frame=frame.at))

    def _tick(self, lane: Lane, now: Moment, link: CameraLink, last_frame: float | None) -> None:
        seen = None if last_frame is None else Moment(last_frame, now.wall - (now.mono - last_frame))
        self._deliver(lane.pipeline.tick(now, seen, link.reason, link.detail))


def announce(outcome: Outcome, voice: Voice | None) -> None:
    """Tell the log and the broker at once what does not have to be committed first: states and availability."""
    for event in outcome.events:
        match event:
            case RuleState() if voice:
                voice.send_state(event)
            case CameraEvent():
                if voice:
                    voice.send_availability(event.camera, event.reason)
                if not event.online:
                    log.warning("%s: offline (%s); its states are unknown", event.camera, event.reason)
            case CameraProblem():
                if voice:
                    voice.send_problem(event.camera, event.kind)
                if event.kind is None:
                    log.info("%s: its picture is well again", event.camera)
                else:
                    log.warning("%s: its picture is %s: %s", event.camera, event.kind, event.detail)
            case Alert():
                log.info("%s: %s", event.place.camera, _in_words(event))


def _in_words(alert: Alert) -> str:
    what = f"{alert.place.rule} {alert.event_type}"
    zone = "" if alert.place.zone == "frame" else f" in {alert.place.zone}"
    reason = f", {alert.reason} after {alert.duration:.0f} s" if alert.reason else ""
    return f"{what}{zone} ({alert.label} {alert.score:.2f}{reason})"
