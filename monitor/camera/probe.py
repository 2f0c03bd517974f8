"""Looking at a camera once, for the person who sets it up: does it open, what does it send, what does it cost?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from pydantic import SecretStr

from monitor.camera.opencv import OpenCvSource, open_source
from monitor.camera.source import parse_source
from monitor.clock import cpu_seconds, stopwatch
from monitor.errors import CameraError
from monitor.values import Image

_LONGEST = 30.0
"""Seconds at most, however far apart the key frames are."""

_BACKLOG = 1.0
"""Seconds at the beginning in which a camera may send what it had kept, faster than it films; left out of the measured rate."""


@dataclass(frozen=True, slots=True, eq=False)
class ProbeReport:
    """What one look at a source found out. What could not be measured is None.

    source: for showing, without secrets. problem: in words what is wrong, None if all is well; reason: the same for machines.
    width, height: pixels. fps_told: by the stream; fps: as measured. key_interval: seconds between key frames (the median).
    open_seconds: until the source was open. decode_ms, convert_ms: processor time for one frame to be grabbed (with FFmpeg that
    is decoding) and to be made a BGR picture. frames: how many were looked at. picture: the first one.
    """

    source: str
    problem: str | None = None
    reason: str | None = None
    live: bool | None = None
    codec: str = ""
    width: int | None = None
    height: int | None = None
    fps_told: float | None = None
    fps: float | None = None
    key_interval: float | None = None
    open_seconds: float | None = None
    decode_ms: float | None = None
    convert_ms: float | None = None
    frames: int = 0
    picture: Image | None = None


def probe(source: str, username: str | None = None, password: SecretStr | None = None, seconds: float = 5.0) -> ProbeReport:
    """Open `source` and look at it for about `seconds`, longer (up to half a minute) until it has sent two more key frames.

    A camera that is not well gives a report with a `problem`. Raises CameraError only if `source` itself makes no sense.
    """
    description = parse_source(source, username, password)
    began = stopwatch()
    try:
        opened = open_source(description)
    except CameraError as error:
        return ProbeReport(str(description), problem=str(error), reason=error.reason)
    try:
        return _look(opened, str(description), stopwatch() - began, seconds)
    finally:
        opened.close()


def _look(source: OpenCvSource, shown: str, open_seconds: float, seconds: float) -> ProbeReport:
    """Read frames for a while and sum up."""
    facts = source.facts
    times: list[float] = []  # of each frame: when it came from a camera, where it belongs in a file
    keys: list[float] = []
    decoding: list[float] = []
    converting: list[float] = []
    picture: Image | None = None
    problem = None
    began = stopwatch()
    end = began + seconds
    latest = max(end, began + _LONGEST) if facts.live else end
    try:
        while (now := stopwatch()) < end or (len(keys) < 3 and now < latest):
            before = cpu_seconds()
            if not source.grab():
                break
            between = cpu_seconds()
            image = source.retrieve()
            converting.append(cpu_seconds() - between)
            decoding.append(between - before)
            picture = image if picture is None else picture
            times.append(stopwatch() if facts.live else source.position)
            if source.is_key:
                keys.append(times[-1])
    except CameraError as error:
        problem = str(error)
    elapsed = stopwatch() - began
    if picture is None:
        problem = problem or "it opens, but sends no picture"
    elif facts.live and elapsed < seconds:
        problem = problem or f"the stream broke off after {elapsed:.1f} s"
    return ProbeReport(
        source=shown,
        problem=problem,
        reason="lost" if problem else None,
        live=facts.live,
        codec=facts.codec,
        width=facts.width,
        height=facts.height,
        fps_told=facts.fps,
        fps=_rate([time for time in times if time >= times[0] + _BACKLOG] if facts.live else times),
        key_interval=_spacing(keys),
        open_seconds=open_seconds,
        decode_ms=1000 * fmean(decoding) if decoding else None,
        convert_ms=1000 * fmean(converting) if converting else None,
        frames=len(times),
        picture=picture,
    )


def _rate(times: list[float]) -> float | None:
    """Frames a second."""
    span = times[-1] - times[0] if len(times) > 1 else 0.0
    return (len(times) - 1) / span if span > 0 else None


def _spacing(times: list[float]) -> float | None:
    """The median distance, None of fewer than two."""
    return median(later - earlier for earlier, later in pairwise(times)) if len(times) > 1 else None
