"""The whole pipeline over recorded video, as fast as it goes, on the video's own clock.

Nothing is opened but the video and the model: no history, no broker, no snapshot folder. No frame is dropped and nothing is timed, so
the same video gives the same alerts, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from monitor.camera.opencv import Decode, open_source
from monitor.camera.protocol import Source
from monitor.camera.source import Clip, parse_source
from monitor.config.schema import CameraSettings
from monitor.config.source import without_credentials
from monitor.decide.decider import CameraDecider
from monitor.decide.rule import Reading, Rule
from monitor.errors import CameraError, PictureError, UsageError
from monitor.gate.skip import QUIET, SkipPolicy
from monitor.gate.watch import Watch
from monitor.pipeline import Pipeline
from monitor.values import Alert, EndReason, EventType, Frame, GateReason, Moment, Need

Looks = list[tuple[Moment, list[Reading]]]
"""What each frame said, in order; nothing, of a frame that was not looked at."""


def frames(
    videos: Sequence[str], camera: str, settings: CameraSettings, start: float, watch: Watch, need: Callable[[], Need]
) -> Iterator[Frame | Moment]:
    """Yield the frames of `videos`, masked, played one after the other as one recording that began at `start` (Unix seconds).

    Of a frame that is not worth a look, as `watch` judges when it has asked what those who look `need`, only its moment is given: the
    camera was there.

    UsageError if one of them is a camera; PictureError if a video cannot be opened or holds no picture.
    """
    skip = SkipPolicy(settings.frame_skip, settings.fps)
    seq, offset = 0, 0.0
    for video in videos:
        source = _open(video, settings.decode)
        try:
            first, latest = seq, 0.0
            # A damaged packet fails one grab, and the video goes on behind it.
            while any(source.grab() for _ in range(source.facts.misses)):
                latest = max(latest, source.position)
                at = Moment(mono=offset + latest, wall=start + offset + latest)
                image = source.retrieve() if skip.wants(seq, at.mono) else None
                if image is None:
                    yield at
                else:
                    verdict = watch.judge(image, at, source.position, need())
                    if verdict.reason is GateReason.QUIET:
                        skip.rest(QUIET)
                    yield Frame(camera, seq, at, image, verdict.reason, verdict.movement) if verdict.look else at
                seq += 1
            if seq == first:
                raise PictureError(f"{video}: holds no picture that can be decoded")
            offset += latest + 1 / (source.facts.fps or 25.0)
        finally:
            source.close()


def _open(video: str, decode: Decode) -> Source:
    shown = without_credentials(video)
    try:
        description = parse_source(video)
        if not isinstance(description, Clip):
            raise UsageError(f"{shown}: replay is for video files; `monitor probe` looks at a camera")
        return open_source(description, decode)
    except CameraError as error:
        raise PictureError(f"{shown}: {error}") from error


def alerts(pipeline: Pipeline, recording: Iterable[Frame | Moment], looks: Looks | None = None) -> Iterator[Alert]:
    """Yield the alerts of a recording. What is open when it ends, ends there with camera_lost. looks: noted there if given."""
    now: Moment | None = None
    for frame in recording:
        now = frame if isinstance(frame, Moment) else frame.at
        outcome = pipeline.tick(now, last_frame=now) if isinstance(frame, Moment) else pipeline.look(frame)
        if looks is not None:
            looks.append((now, list(outcome.readings)))
        yield from (event for event in outcome.events if isinstance(event, Alert))
    if now is not None:
        yield from (event for event in pipeline.decider.end_all(EndReason.CAMERA_LOST, now) if isinstance(event, Alert))


def what_if(camera: str, rule: Rule, looks: Looks, thresholds: Sequence[float]) -> list[tuple[float, list[Alert]]]:
    """Give, for each threshold, the `start` alerts that `rule` would have sent over `looks`; its release moves in proportion."""
    return [(threshold, _starts(camera, rule.with_threshold(threshold), looks)) for threshold in thresholds]


def _starts(camera: str, rule: Rule, looks: Looks) -> list[Alert]:
    if not looks:
        return []
    decider = CameraDecider(camera, [rule], looks[0][0])
    events = [
        event for now, readings in looks for event in decider.look(now, [reading for reading in readings if reading.rule == rule.name])
    ]
    return [event for event in events if isinstance(event, Alert) and event.event_type is EventType.START]


def best_score(looks: Looks, rule: str) -> float:
    """Give the best score that a rule had in any look, 0 if there was none."""
    return max((reading.score for _, readings in looks for reading in readings if reading.rule == rule), default=0.0)
