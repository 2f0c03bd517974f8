"""Frames of an open source, taken for a while, and what each costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from monitor.camera.protocol import Source
from monitor.clock import cpu_seconds, stopwatch
from monitor.errors import CameraError
from monitor.gate.skip import SkipPolicy
from monitor.gate.watch import Watch
from monitor.values import Image, Moment, Need, Region

LONGEST = 30.0
"""Seconds at most, however far apart the key frames are."""

_BACKLOG = 1.0
"""Seconds at the beginning in which a camera may send what it had kept, faster than it films; left out of the measured rate."""


@dataclass(slots=True, eq=False)
class Sample:
    """What came. times: seconds, of each frame: when it came from a camera, where it belongs in a file; keys: of the key frames alone.

    decoding, converting, judging: processor seconds of each frame that was grabbed, made a picture, and judged. picture: the first one,
    masked, or that in which most moves; movement: where. elapsed: seconds it took. problem: why it broke off.
    """

    live: bool
    times: list[float] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)
    decoding: list[float] = field(default_factory=list)
    converting: list[float] = field(default_factory=list)
    judging: list[float] = field(default_factory=list)
    picture: Image | None = None
    movement: Region | None = None
    elapsed: float = 0.0
    problem: str | None = None

    @property
    def fps(self) -> float | None:
        """Frames a second."""
        times = [time for time in self.times if time >= self.times[0] + _BACKLOG] if self.live else self.times
        span = times[-1] - times[0] if len(times) > 1 else 0.0
        return (len(times) - 1) / span if span > 0 else None

    @property
    def key_interval(self) -> float | None:
        """Seconds between key frames, the median; None of fewer than two."""
        return median(later - earlier for earlier, later in pairwise(self.keys)) if len(self.keys) > 1 else None

    @property
    def only_keys(self) -> bool:
        """Whether every frame is a key frame, as in MJPEG."""
        return 0 < len(self.keys) == len(self.times)

    @property
    def share(self) -> float | None:
        """The part of a core that decoding took, from the first frame to the last; None if that was no time."""
        span = self.times[-1] - self.times[0] if len(self.times) > 1 else 0.0
        return sum(self.decoding[1:]) / span if span > 0 else None

    def see(self, picture: Image, movement: Region | None) -> None:
        """Keep a picture if it shows more movement than the one at hand."""
        if self.picture is None or _area(movement) > _area(self.movement):
            self.picture, self.movement = picture, movement


def take(source: Source, watch: Watch, skip: SkipPolicy, seconds: float, keys: int) -> Sample:
    """Read frames for `seconds`, of a camera longer (up to `LONGEST`) until there are so many key frames; `skip` chooses what is judged."""
    sample = Sample(source.facts.live)
    began = stopwatch()
    watch.opened(Moment(began if sample.live else 0.0, 0.0), source.facts.fps)
    end = began + seconds
    latest = max(end, began + LONGEST) if sample.live else end
    try:
        while ((now := stopwatch()) < end or (len(sample.keys) < keys and now < latest)) and _grab(source, sample):
            watch.frame(sample.times[-1], source.position)
            if skip.wants(len(sample.times), sample.times[-1]):
                _judge(source, watch, sample)
    except CameraError as error:
        sample.problem = str(error)
    sample.elapsed = stopwatch() - began
    return sample


def take_key_frames(source: Source, number: int) -> Sample:
    """Read so many frames of a source that gives key frames only, or what comes of them in `LONGEST`."""
    sample = Sample(source.facts.live)
    latest = stopwatch() + LONGEST
    try:
        while len(sample.times) < number and stopwatch() < latest and _grab(source, sample):
            pass
    except CameraError as error:
        sample.problem = str(error)
    return sample


def _grab(source: Source, sample: Sample) -> bool:
    before = cpu_seconds()
    if not source.grab():
        return False
    sample.decoding.append(cpu_seconds() - before)
    sample.times.append(stopwatch() if sample.live else source.position)
    if source.is_key:
        sample.keys.append(sample.times[-1])
    return True


def _judge(source: Source, watch: Watch, sample: Sample) -> None:
    before = cpu_seconds()
    image = source.retrieve()
    between = cpu_seconds()
    sample.converting.append(between - before)
    if image is not None:
        verdict = watch.judge(image, Moment(sample.times[-1], 0.0), source.position, Need.MOVEMENT)
        sample.judging.append(cpu_seconds() - between)
        sample.see(image, verdict.movement)


def _area(region: Region | None) -> float:
    return region.width * region.height if region else 0.0
