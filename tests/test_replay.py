"""Recorded video through the pipeline: clips of plain colours, a tenth of a second a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.config.load import Loaded
from monitor.errors import ModelFaultError, PictureError, UsageError
from monitor.gate.watch import Watch
from monitor.replay import Looks, alerts, best_score, frames, what_if
from monitor.rulebook import Rulebook
from monitor.values import WHOLE, Alert, EndReason, EventType, Frame, Moment, Need
from tests.spine import BLUE, CARD, GREY, RED, ColourEngine, load_text, pipeline_of, write_video

TEXT = """
cameras: {porch: {source: demo, fps: 120, motion: {enabled: false}}}
rules: [{label: red, hold: 1s, cooldown: 0s}]
"""
START = 1_600_000_000.0


def moments(videos: Sequence[Path | str], text: str, folder: Path, start: float = START) -> list[Frame | Moment]:
    return list(played(videos, load_text(folder, text), lambda: Need.MOVEMENT, start))


def played(videos: Sequence[Path | str], loaded: Loaded, need: Callable[[], Need], start: float = START) -> Iterator[Frame | Moment]:
    settings = loaded.config.cameras["porch"]
    return frames([str(video) for video in videos], "porch", settings, start, Watch(settings, [WHOLE], 2, live=False), need)


def play(videos: Sequence[Path], folder: Path, text: str = TEXT, looks: Looks | None = None) -> list[Alert]:
    loaded = load_text(folder, text)
    pipeline = pipeline_of(loaded, ManualClock(0.0, START))
    return list(alerts(pipeline, played(videos, loaded, lambda: pipeline.need), looks))


@pytest.fixture
def visit(tmp_path: Path) -> Path:
    """Two seconds of nothing, three of red, three of nothing."""
    return write_video(tmp_path / "visit.avi", [GREY] * 20 + [RED] * 30 + [GREY] * 30)


def test_frames_carry_the_time_of_the_video_from_its_start_on(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [RED] * 5)
    shown = moments([video], TEXT, tmp_path)
    assert all(isinstance(each, Frame) and each.camera == "porch" for each in shown)
    assert [round(each.at.wall - START, 3) for each in shown if isinstance(each, Frame)] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert [each.seq for each in shown if isinstance(each, Frame)] == [0, 1, 2, 3, 4]


def test_several_videos_are_one_recording(tmp_path: Path) -> None:
    videos = [write_video(tmp_path / f"{name}.avi", [RED] * 3) for name in "ab"]
    shown = [each for each in moments(videos, TEXT, tmp_path) if isinstance(each, Frame)]
    assert [round(each.at.mono, 3) for each in shown] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert [each.seq for each in shown] == [0, 1, 2, 3, 4, 5]


def test_the_cameras_skip_policy_holds_and_the_frames_left_out_only_tell_the_time(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [RED] * 10)
    shown = moments([video], TEXT.replace("fps: 120", "fps: 5"), tmp_path)
    assert [isinstance(each, Frame) for each in shown] == [True, False] * 5


def test_a_visit_is_a_start_and_an_end_at_the_videos_own_time(visit: Path, tmp_path: Path) -> None:
    start, end = play([visit], tmp_path)
    assert (start.event_type, end.event_type, end.reason) == (EventType.START, EventType.END, EndReason.GONE)
    assert start.id == end.id
    assert start.time == pytest.approx(START + 2.1)
    assert end.time == pytest.approx(START + 6.0, abs=0.11)


def test_what_is_there_when_the_recording_ends_ends_with_it(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [RED] * 10)
    start, end = play([video], tmp_path)
    assert (end.id, end.seq, end.reason) == (start.id, 1, EndReason.CAMERA_LOST)
    assert end.time == pytest.approx(START + 0.9)


def test_an_episode_goes_on_from_one_video_into_the_next(tmp_path: Path) -> None:
    videos = [write_video(tmp_path / f"{name}.avi", [RED] * 10) for name in "ab"]
    start, end = play(videos, tmp_path)
    assert end.id == start.id
    assert end.duration == pytest.approx(1.8)


def test_two_runs_give_the_same_alerts(visit: Path, tmp_path: Path) -> None:
    assert play([visit], tmp_path) == play([visit], tmp_path)


def test_a_damaged_stretch_in_the_middle_does_not_end_the_video(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [RED] * 40)
    data = bytearray(video.read_bytes())
    chunks = [at for at in range(len(data)) if data[at : at + 4] == b"00dc"]
    data[chunks[15] + 8 : chunks[17]] = bytes(chunks[17] - chunks[15] - 8)
    video.write_bytes(data)
    shown = moments([video], TEXT, tmp_path)
    assert 36 <= len(shown) < 40


@pytest.mark.parametrize("content", [None, b"", b"<html>404</html>", b"RIFF\0\0\0\0AVI "], ids=["missing", "empty", "html", "torn"])
def test_what_is_no_video_is_a_picture_error_that_names_it(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "bad.avi").write_bytes(content)
    with pytest.raises(PictureError, match=r"bad\.avi"):
        moments([tmp_path / "bad.avi"], TEXT, tmp_path)


def test_a_bad_video_behind_a_good_one_is_told_when_its_turn_comes(visit: Path, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="missing"):
        play([visit, tmp_path / "missing.avi"], tmp_path)


@pytest.mark.parametrize("source", ["0", "/dev/video0", "rtsp://cam.lan/sub"])
def test_a_camera_is_not_recorded_video(tmp_path: Path, source: str) -> None:
    with pytest.raises(UsageError, match="monitor probe"):
        moments([source], TEXT, tmp_path)


def test_no_frame_is_dropped_however_slow_the_model_is(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [RED, BLUE] * 60)
    looks: Looks = []
    play([video], tmp_path, looks=looks)
    assert len(looks) == 120


def test_looks_are_noted_with_their_time_and_those_left_out_are_empty(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [RED] * 4)
    looks: Looks = []
    play([video], tmp_path, TEXT.replace("fps: 120", "fps: 5"), looks)
    assert [len(readings) for _, readings in looks] == [1, 0, 1, 0]
    assert [round(moment.mono, 1) for moment, _ in looks] == [0.0, 0.1, 0.2, 0.3]
    assert best_score(looks, "red") > 0.99
    assert best_score(looks, "other") == 0


def test_the_rules_own_threshold_gives_the_alerts_that_it_gave_and_a_higher_one_fewer(tmp_path: Path) -> None:
    pale = (90, 90, 160)  # BGR
    video = write_video(tmp_path / "a.avi", [GREY] * 5 + [RED] * 20 + [GREY] * 20 + [pale] * 20 + [GREY] * 20)
    looks: Looks = []
    given = [alert for alert in play([video], tmp_path, looks=looks) if alert.event_type is EventType.START]
    rule = Rulebook(load_text(tmp_path, TEXT), CARD).questions("porch")[0].rule
    assert 0.5 < looks[50][1][0].score < 0.95
    own, high = (starts for _, starts in what_if("porch", rule, looks, [0.5, 0.95]))
    assert [alert.time for alert in own] == [alert.time for alert in given]
    assert (len(given), len(high)) == (2, 1)


def test_without_a_look_nothing_would_have_been(tmp_path: Path) -> None:
    rule = Rulebook(load_text(tmp_path, TEXT), CARD).questions("porch")[0].rule
    assert what_if("porch", rule, [], [0.5]) == [(0.5, [])]


def test_a_model_fault_is_not_passed_over_in_a_replay(visit: Path, tmp_path: Path) -> None:
    engine = ColourEngine()
    engine.broken = True
    pipeline = pipeline_of(load_text(tmp_path, TEXT), ManualClock(0.0, START), engine=engine)
    with pytest.raises(ModelFaultError, match="NaN"):
        list(alerts(pipeline, moments([visit], TEXT, tmp_path)))
