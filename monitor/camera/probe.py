"""Looking at a camera once, for the person who sets it up: does it open, what does it send, what does it cost?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from pydantic import SecretStr

from monitor.camera.opencv import open_source
from monitor.camera.ring import ring_cost
from monitor.camera.sampling import Sample, take, take_key_frames
from monitor.camera.source import Description, Stream, parse_source
from monitor.clock import stopwatch
from monitor.config.schema import CameraSettings, ClipSettings
from monitor.errors import CameraError
from monitor.gate.skip import SkipPolicy
from monitor.gate.watch import Watch
from monitor.values import WHOLE, Image, Region

_KEYS = 3
"""Key frames that a camera is waited for: two intervals."""


@dataclass(frozen=True, slots=True, eq=False)
class ProbeReport:
    """What one look at a source found out. What could not be measured is None.

    source: for showing, without secrets. problem: in words what is wrong, None if all is well; reason: the same for machines.
    width, height: pixels. fps_told: by the stream; fps: as measured. key_interval: seconds between key frames (the median); only_keys:
    there are no other frames. open_seconds: until the source was open. decode_ms, convert_ms, gate_ms: processor time for one frame to
    be grabbed (with FFmpeg that is decoding), to be made a BGR picture, and for that to be judged before a look. frames: how many came.
    all_share, keyframes_share: of a core, for decoding every frame or key frames only; gate_share: for pictures and their judgement, at
    the `fps` of the settings. clips_share, clips_bytes: the same for the pictures that `clips.enabled` keeps, and their memory.
    picture: the first one, or that in which most moves, masked; movement: where.
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
    only_keys: bool = False
    open_seconds: float | None = None
    decode_ms: float | None = None
    convert_ms: float | None = None
    gate_ms: float | None = None
    frames: int = 0
    all_share: float | None = None
    keyframes_share: float | None = None
    gate_share: float | None = None
    clips_share: float | None = None
    clips_bytes: int | None = None
    picture: Image | None = None
    movement: Region | None = None


def probe(
    source: str,
    username: str | None = None,
    password: SecretStr | None = None,
    seconds: float = 5.0,
    settings: CameraSettings | None = None,
    clips: ClipSettings | None = None,
) -> ProbeReport:
    """Open `source` and look at it for about `seconds`, longer (up to half a minute) until it has sent two more key frames.

    Then it is opened once more, for as long as two key frames take, with key frames alone: what that costs is measured, not estimated.
    settings: its masks, how often it is judged, and how; clips: what their ring is to hold; None: the defaults. A camera that is not
    well gives a report with a `problem`. Raises CameraError only if `source` itself makes no sense.
    """
    description = parse_source(source, username, password)
    settings = settings or CameraSettings(source="demo")
    began = stopwatch()
    try:
        opened = open_source(description, fps=settings.fps)
    except CameraError as error:
        return ProbeReport(str(description), problem=str(error), reason=error.reason)
    open_seconds = stopwatch() - began
    try:
        watch = Watch(settings, [WHOLE], 1, live=opened.facts.live)
        patience = _KEYS if isinstance(description, Stream) else 0  # a device tells of no key frames
        sample = take(opened, watch, SkipPolicy(settings.frame_skip, settings.fps), seconds, patience)
        facts = opened.facts
    finally:
        opened.close()
    problem = _problem(sample, seconds)
    cost = ring_cost(sample.picture, clips or ClipSettings()) if sample.picture is not None else None
    return ProbeReport(
        source=str(description),
        problem=problem,
        reason="lost" if problem else None,
        live=facts.live,
        codec=facts.codec,
        width=facts.width,
        height=facts.height,
        fps_told=facts.fps,
        fps=sample.fps,
        key_interval=sample.key_interval,
        only_keys=sample.only_keys,
        open_seconds=open_seconds,
        decode_ms=_milliseconds(sample.decoding),
        convert_ms=_milliseconds(sample.converting),
        gate_ms=_milliseconds(sample.judging),
        frames=len(sample.times),
        all_share=_share(sample.fps, sample.decoding),
        keyframes_share=None if problem else _key_frames_share(description, sample),
        gate_share=_share(_judged(sample.fps, settings), sample.converting, sample.judging),
        clips_share=cost.cpu if cost else None,
        clips_bytes=cost.size if cost else None,
        picture=sample.picture,
        movement=sample.movement,
    )


def _problem(sample: Sample, seconds: float) -> str | None:
    if sample.picture is None:
        return sample.problem or "it opens, but sends no picture"
    if sample.live and sample.elapsed < seconds:
        return sample.problem or f"the stream broke off after {sample.elapsed:.1f} s"
    return sample.problem


def _key_frames_share(description: Description, sample: Sample) -> float | None:
    """Open the source once more with key frames alone; None if it has none, or no others, or will not be opened again."""
    if sample.key_interval is None or sample.only_keys:
        return None
    try:
        source = open_source(description, "keyframes")
    except CameraError:
        return None
    try:
        return take_key_frames(source, _KEYS if sample.live else len(sample.keys)).share
    finally:
        source.close()


def _judged(fps: float | None, settings: CameraSettings) -> float | None:
    """Pictures judged a second."""
    return min(fps / settings.frame_skip, settings.fps) if fps else None


def _milliseconds(costs: Sequence[float]) -> float | None:
    return 1000 * fmean(costs) if costs else None


def _share(rate: float | None, *costs: Sequence[float]) -> float | None:
    """The part of a core that so many a second take, each all of the costs."""
    return rate * sum(map(fmean, costs)) if rate and all(costs) else None
