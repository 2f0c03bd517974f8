"""Several cameras and the classifier on a clock that is moved by hand: each capture is stepped when its thread would be."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.camera.capture import Capture
from monitor.camera.mailbox import Mailbox
from monitor.camera.opencv import Decode
from monitor.camera.protocol import SourceFacts
from monitor.camera.source import Description
from monitor.classify.classifier import Classifier
from monitor.clock import ManualClock
from monitor.pipeline import Outcome
from monitor.values import Image
from monitor.workers import Classifying, Lane
from tests.camera.fake_source import LIVE
from tests.spine import CARD, RED, ColourEngine, load_text, painted, pipeline_of

TICK = 0.005
HEALTHY = ("left", "middle", "right")


class Steady:
    """A camera that is always there and gives `fps` pictures a second. given: how many were grabbed."""

    def __init__(self, clock: ManualClock, fps: float = 10.0) -> None:
        self.fps = fps
        self.given = 0
        self._clock = clock
        self._next = clock.now().mono

    @property
    def facts(self) -> SourceFacts:
        return LIVE

    @property
    def position(self) -> float:
        return self.given / 10

    @property
    def is_key(self) -> bool:
        return False

    def until(self) -> float:
        """The monotonic second at which a grab comes back."""
        return self._next

    def grab(self) -> bool:
        self.given += 1
        self._next = max(self._next, self._clock.now().mono - 1.0) + 1 / self.fps  # a second's worth is kept for who comes late
        return True

    def retrieve(self, into: Image | None = None) -> Image:
        return painted(RED)

    def close(self) -> None:
        pass

    def open(self, description: Description, decode: Decode) -> Steady:
        return self


class BusyEngine(ColourEngine):
    """The colour model, which lets `takes` seconds of everything else pass at each call."""

    def __init__(self, passing: Callable[[float], None]) -> None:
        super().__init__()
        self.takes = 0.0
        self._passing = passing

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self._passing(self.takes)
        return super().run(batch)


class World:
    """Three healthy cameras of ten pictures a second and others, of which every picture is wanted.

    others: source and more settings as in the file, by name. ages: seconds from grab to the end of each look, by camera; steps: how often
    each capture was stepped; deepest: the most frames that ever waited in each mailbox.
    """

    def __init__(self, folder: Path, clock: ManualClock, others: Mapping[str, str], queue_size: int = 2) -> None:
        self.clock = clock
        self.healthy = {name: Steady(clock) for name in HEALTHY}
        self.engine = BusyEngine(self._let_pass)
        cameras = dict.fromkeys(HEALTHY, "source: rtsp://cam/sub") | dict(others)
        lines = [f"  {name}: {{{camera}, fps: 100, queue_size: {queue_size}}}" for name, camera in cameras.items()]
        self._loaded = load_text(folder, "\n".join(["rules: [{label: red, hold: 1s}]", "cameras:", *lines]))
        self.lanes = {name: self._lane(name, steady.open) for name, steady in self.healthy.items()}
        self._until: dict[str, Callable[[], float]] = {name: steady.until for name, steady in self.healthy.items()}
        self._due = dict.fromkeys(cameras, clock.now().mono)
        self.ages: dict[str, list[float]] = {name: [] for name in cameras}
        self.steps = dict.fromkeys(cameras, 0)
        self.deepest = dict.fromkeys(cameras, 0)

    def add(self, name: str, until: Callable[[], float], opener: Any = None) -> Lane:
        """Put up one of the others. until: tells when its next grab comes back; opener: None for the real one."""
        self.lanes[name], self._until[name] = self._lane(name, opener), until
        return self.lanes[name]

    def run(self, seconds: float) -> None:
        """Let captures and classifier work for so long."""
        classifying = Classifying(list(self.lanes.values()), Classifier(CARD, self.engine), self.clock, self._note)
        end = self.clock.now().mono + seconds
        while self.clock.now().mono < end:
            self._let_pass(TICK)
            while classifying.step(self.clock.now()) == 0 and self.clock.now().mono < end:
                pass

    def check_looks(self) -> None:
        """Hold that every picture of a healthy camera was looked at, but for one that may still wait."""
        for name, camera in self.healthy.items():
            lane = self.lanes[name]
            assert camera.given - lane.looks <= len(lane.mailbox) <= 1
            assert lane.mailbox.dropped == 0

    def _let_pass(self, seconds: float) -> None:
        end = self.clock.now().mono + seconds
        while self.clock.now().mono < end:
            now = self.clock.advance(min(TICK, end - self.clock.now().mono))
            for name, lane in self.lanes.items():
                while self._due[name] <= now.mono and self._until[name]() <= now.mono:
                    self.steps[name] += 1
                    rest = lane.capture.step(now)
                    self._due[name] = now.mono + max(rest, TICK / 10)
                    self.deepest[name] = max(self.deepest[name], len(lane.mailbox))

    def _lane(self, name: str, opener: Any) -> Lane:
        mailbox = Mailbox(self._loaded.config.cameras[name].queue_size)
        capture = Capture(name, self._loaded.config.cameras[name], self.clock, mailbox, lambda: 0.5, opener)
        return Lane(capture, mailbox, pipeline_of(self._loaded, self.clock, name, self.engine))

    def _note(self, outcome: Outcome) -> None:
        lane, ages = self.lanes[outcome.camera], self.ages[outcome.camera]
        if lane.looks > len(ages):
            ages.append(lane.frame_age - sum(ages))


class UsbBus:
    """A USB camera behind a link that stays, and the fake of what opens it: `os.open` and `cv2.VideoCapture`.

    node: the device that the link leads to, None while it is unplugged. refusal: the errno of each opening, 0 for none. opened: which
    path led to which node, each time.
    """

    LINK = "/dev/v4l/by-id/usb-Test_Camera-video-index0"

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.node: str | None = "video0"
        self.refusal = 0
        self.opened: list[tuple[str, str]] = []
        self._os_open = os.open
        self._grabbed = clock.now().mono

    def open_node(self, path: Any, flags: int, *rest: Any, **named: Any) -> int:
        """Stand in for os.open; only the link is ours."""
        if str(path) != self.LINK:
            return self._os_open(path, flags, *rest, **named)
        if self.refusal or self.node is None:
            raise OSError(self.refusal or errno.ENOENT, os.strerror(self.refusal or errno.ENOENT))
        return self._os_open(os.devnull, os.O_RDWR)

    def open_device(self, path: str, backend: int) -> FakeDevice:
        """Stand in for cv2.VideoCapture."""
        assert self.node is not None
        assert backend == cv2.CAP_V4L2
        self.opened.append((path, self.node))
        return FakeDevice(self, self.node)

    def until(self) -> float:
        """When the next grab comes back: at 30 pictures a second, and at once where nothing is."""
        return self._grabbed + 1 / 30 if self.node else 0.0

    def grab(self, node: str) -> bool:
        self._grabbed = self.clock.now().mono
        return node == self.node


class FakeDevice:
    """What OpenCV makes of a device: after an unplug every grab fails without waiting (ENODEV)."""

    FACTS: ClassVar = {
        cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"MJPG")),
        cv2.CAP_PROP_FRAME_WIDTH: 1280.0,
        cv2.CAP_PROP_FRAME_HEIGHT: 720.0,
        cv2.CAP_PROP_FPS: 30.0,
    }

    def __init__(self, bus: UsbBus, node: str) -> None:
        self._bus = bus
        self._node = node

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def set(self, what: int, value: float) -> bool:
        return True

    def get(self, what: int) -> float:
        return self.FACTS.get(what, 0.0)

    def grab(self) -> bool:
        return self._bus.grab(self._node)

    def retrieve(self, into: Image | None = None) -> tuple[bool, Image]:
        return True, painted(RED)

    def release(self) -> None:
        pass
