"""A camera for tests: it plays a script on a clock that is moved by hand, and obeys the rules of a `Source`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from monitor.camera.opencv import Decode
from monitor.camera.protocol import SourceFacts
from monitor.camera.source import Description
from monitor.clock import ManualClock
from monitor.errors import CameraError
from monitor.values import Image

LIVE = SourceFacts(width=64, height=48, fps=20.0, codec="h264", live=True, misses=1, read_timeout=5.0)
USB = SourceFacts(width=64, height=48, fps=30.0, codec="mjpeg", live=True, misses=3, read_timeout=None)
FILE = SourceFacts(width=64, height=48, fps=10.0, codec="h264", live=False, misses=3, read_timeout=None)


def picture(shade: int = 100, width: int = 64, height: int = 48) -> Image:
    return np.full((height, width, 3), shade, np.uint8)


@dataclass(frozen=True)
class Grab:
    """One answer to grab(): after `takes` seconds it is `ok`; then retrieve() gives `image`, at `position` in the stream.

    is_key: a key frame.
    """

    ok: bool = True
    takes: float = 0.05
    image: Image | None = field(default_factory=picture)
    position: float = 0.0
    is_key: bool = True


LOST = Grab(ok=False, takes=0.0)


def frames(count: int, takes: float = 0.05) -> list[Grab]:
    return [Grab(takes=takes) for _ in range(count)]


def clip(*positions: float) -> list[Grab]:
    """The frames of a file at these seconds; a file is there at once."""
    return [Grab(takes=0.0, position=position) for position in positions]


class FakeSource:
    """Plays its script; when that is over, or once it is closed, every grab fails at once, as with FFmpeg."""

    def __init__(self, clock: ManualClock, script: Iterable[Grab], facts: SourceFacts = LIVE) -> None:
        self._clock = clock
        self._script: Iterator[Grab] = iter(script)
        self._current = LOST
        self._facts = facts
        self.closed = False

    @property
    def facts(self) -> SourceFacts:
        return self._facts

    @property
    def position(self) -> float:
        return self._current.position

    @property
    def is_key(self) -> bool:
        return self._current.is_key

    def grab(self) -> bool:
        self._current = LOST if self.closed else next(self._script, LOST)
        self._clock.advance(self._current.takes)
        return self._current.ok

    def retrieve(self, into: Image | None = None) -> Image | None:
        return self._current.image if self._current.ok and not self.closed else None

    def close(self) -> None:
        self.closed = True


Opening = FakeSource | CameraError


class FakeOpener:
    """Opens what it was given, one after the other; the last again and again. Remembers when it was asked."""

    def __init__(self, clock: ManualClock, *openings: Opening) -> None:
        self._clock = clock
        self._openings = list(openings)
        self.asked: list[float] = []
        self.sources: list[FakeSource] = []

    def __call__(self, description: Description, decode: Decode) -> FakeSource:
        assert all(source.closed for source in self.sources), "opened again before it was released"
        self.asked.append(self._clock.now().mono)
        opening = self._openings.pop(0) if len(self._openings) > 1 else self._openings[0]
        if isinstance(opening, CameraError):
            raise opening
        self.sources.append(opening)
        return opening
