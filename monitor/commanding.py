"""Doing what MQTT commands ask. Runs on the publisher's thread: nothing here waits, what takes time is left to whoever does it.

What changes a camera goes to the classify thread as an errand; what is to last goes to the record thread; what concerns the process
goes to the main thread. A command that cannot be obeyed changes nothing and is answered with what is wrong with it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence

from monitor import errands
from monitor.bridge import Bridge
from monitor.errands import Classification
from monitor.inbox import Inbox
from monitor.observe.logs import set_level
from monitor.publish import payloads
from monitor.publish.commands import (
    Command,
    CommandError,
    CommandReader,
    Request,
    SetDetect,
    SetLogLevel,
    SetThreshold,
    TakeSnapshot,
    Transaction,
)
from monitor.publish.contract import Received
from monitor.publish.payloads import Payload
from monitor.publish.voice import Voice
from monitor.runtime import signals
from monitor.workers import Lane

log = logging.getLogger(__name__)

SET = "set"
"""The name under `bridge/response/` where commands on `…/set` topics are answered, if something is wrong with them."""

BUSY = "too much is asked of this camera already; try again in some seconds"


class Commander:
    """Obeys commands once it was told to `watch` the cameras. snapshots: whether pictures may leave the process; ask: the main thread."""

    def __init__(
        self, reader: CommandReader, voice: Voice, bridge: Bridge, inbox: Inbox, ask: Callable[[signals.Request], None], *, snapshots: bool
    ) -> None:
        self._reader = reader
        self._voice = voice
        self._bridge = bridge
        self._inbox = inbox
        self._ask = ask
        self._snapshots = snapshots
        self._lanes: dict[str, Lane] = {}
        self._is_well: Callable[[], bool] = lambda: True
        self._reloads: deque[Transaction] = deque()

    def watch(self, lanes: Sequence[Lane], is_well: Callable[[], bool]) -> None:
        """Take over the cameras. is_well: whether all workers do their work."""
        self._is_well = is_well
        self._lanes = {lane.capture.name: lane for lane in lanes}

    def change(self, reader: CommandReader, lanes: Sequence[Lane]) -> None:
        """Go over to other cameras, and read what is asked of them. On the publisher's thread."""
        self._reader = reader
        self._lanes = {lane.capture.name: lane for lane in lanes}

    def obey(self, message: Received) -> None:
        """Do what a message asks, or answer why not."""
        try:
            self._do(self._reader.read(message.topic, message.payload), message.topic)
        except CommandError as error:
            self._refuse(error.response, error.topic, str(error), error.transaction)

    def answer_reload(self, error: str | None) -> None:
        """Answer whoever asked for a reload. error: what is wrong with the configuration, None if it was taken over. Any thread."""
        while self._reloads:
            self._voice.answer("reload", payloads.response(error=error, transaction=self._reloads.popleft()))

    def _do(self, command: Command, topic: str) -> None:
        match command:
            case SetLogLevel(level):
                set_level(level)
                self._voice.send_log_level(level)
                log.info("the log level is %s, set over MQTT", level)
            case Request():
                self._answer(command)
            case SetDetect(camera, on):
                self._errand(camera, errands.SetDetect(on, lambda error: self._detect_set(camera, topic, error, on=on)), topic)
            case SetThreshold(camera, rule, value):
                set_it = errands.SetThreshold(rule, value, lambda error: self._threshold_set(camera, rule, topic, error, value))
                self._errand(camera, set_it, topic)
            case TakeSnapshot() if not self._snapshots:
                self._refuse(SET, topic, "snapshots.enabled is false: no picture leaves this box")
            case TakeSnapshot(camera):
                self._errand(camera, errands.Photograph(lambda error: self._photographed(topic, error)), topic)

    def _errand(self, camera: str, errand: errands.Errand, topic: str) -> None:
        lane = self._lanes.get(camera)
        if lane is None or not lane.ask(errand):
            self._refuse(SET, topic, BUSY if lane else "the daemon is still starting")
            self._tell_again(camera)

    def _detect_set(self, camera: str, topic: str, error: str | None, *, on: bool) -> None:
        if error is None:
            log.info("%s: detection is %s, set over MQTT", camera, "on" if on else "off")
            self._keep(camera, "detect", None if on else "OFF")
        else:
            self._refuse(SET, topic, error)
        self._tell_again(camera)

    def _threshold_set(self, camera: str, rule: str, topic: str, error: str | None, value: float | None) -> None:
        if error is None:
            now = self._lanes[camera].pipeline.thresholds[rule]
            log.info("%s: the threshold of %s is %g, %s", camera, rule, now, "as the file says" if value is None else "set over MQTT")
            self._keep(camera, f"threshold/{rule}", None if value is None else repr(value))
        else:
            self._refuse(SET, topic, error)
        self._tell_again(camera)

    def _photographed(self, topic: str, error: str | None) -> None:
        if error is not None:
            self._refuse(SET, topic, error)

    def _keep(self, camera: str, name: str, value: str | None) -> None:
        self._inbox.override(camera, name, value)
        self._bridge.override(camera, name, value)

    def _tell_again(self, camera: str) -> None:
        """Say what is in force: whoever sent a command that was refused shows something else."""
        if (lane := self._lanes.get(camera)) is not None:
            self._voice.send_detect(camera, on=lane.pipeline.detect)
            for rule, threshold in lane.pipeline.thresholds.items():
                self._voice.send_threshold(camera, rule, threshold)

    def _answer(self, request: Request) -> None:
        match request.name:
            case "health_check":
                self._reply(request, {"healthy": self._is_well()})
            case "info":
                self._reply(request, self._bridge.info())
            case "reload":
                self._reloads.append(request.transaction)
                self._ask(signals.Request.RELOAD)
            case "restart":
                self._reply(request)
                self._ask(signals.Request.RESTART)
            case "classify":
                self._classify(request, str(request.data["camera"]))

    def _classify(self, request: Request, camera: str) -> None:
        def tell(found: Classification | str) -> None:
            if isinstance(found, str):
                self._refuse("classify", "", found, request.transaction)
            else:
                self._reply(request, _told(camera, found))

        lane = self._lanes.get(camera)
        if lane is None or not lane.ask(errands.Classify(tell)):
            tell(BUSY if lane else "the daemon is still starting")

    def _reply(self, request: Request, data: Payload | None = None) -> None:
        self._voice.answer(request.name, payloads.response(data, transaction=request.transaction))

    def _refuse(self, response: str, topic: str, why: str, transaction: Transaction = None) -> None:
        log.warning("refused over MQTT: %s%s", f"{topic}: " if topic else "", why)
        data = {"topic": topic} if response == SET else {}
        self._voice.answer(response, payloads.response(data, error=why, transaction=transaction))


def _told(camera: str, found: Classification) -> Payload:
    best = [
        {"label": prediction.label, "class_id": prediction.class_id, "score": round(prediction.score, 4)}
        for prediction in found.predictions
    ]
    return {"camera": camera, "predictions": best, "elapsed_ms": round(found.elapsed_ms, 1)}
