from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.camera.protocol import Fault
from monitor.camera.sample import sample
from monitor.camera.source import Clip, parse_source
from monitor.clock import ManualClock
from monitor.errors import CameraError
from monitor.values import Image
from tests.camera.fake_source import FILE, LIVE, LOST, FakeSource, Grab, clip, frames, picture
from tests.spine import BLUE, GREEN, RED, write_video

Use = Callable[[FakeSource], FakeSource]
CAMERA = parse_source("rtsp://cam.lan/sub")


@pytest.fixture
def use(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Make a source the one that is opened, under a clock that is moved by hand."""

    def put(source: FakeSource) -> FakeSource:
        monkeypatch.setattr("monitor.camera.sample.open_source", lambda description, fps: source)
        monkeypatch.setattr("monitor.camera.sample.stopwatch", lambda: clock.now().mono)
        return source

    return put


def shaded(*positions: float) -> list[Grab]:
    """The frames of a file at these seconds; the shade of a picture is ten times its second."""
    return [Grab(takes=0.0, position=position, image=picture(round(position * 10) % 256)) for position in positions]


def shades(pictures: list[Image]) -> list[int]:
    return [int(image[0, 0, 0]) for image in pictures]


def test_the_pictures_of_a_clip_lie_so_many_seconds_apart(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [RED, GREEN, GREEN, GREEN, GREEN, BLUE, RED, RED, RED, RED, GREEN, RED], fps=10)
    colours = [tuple(int(value) // 200 for value in image[32, 32]) for image in sample(Clip(video), 10, every=0.5)]
    assert colours == [(0, 0, 1), (1, 0, 0), (0, 1, 0)]


def test_no_more_pictures_are_given_than_asked_for(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [RED] * 12)
    assert len(list(sample(Clip(video), 3, every=0))) == 3
    assert len(list(sample(Clip(video), 100, every=0))) == 12


def test_a_video_whose_time_stamps_begin_late_is_sampled_like_any_other(use: Use, clock: ManualClock) -> None:
    use(FakeSource(clock, clip(*(500 + number / 10 for number in range(31))), FILE))
    assert len(list(sample(CAMERA, 100, every=1.0))) == 4


def test_time_stamps_may_be_rounded(use: Use, clock: ManualClock) -> None:
    use(FakeSource(clock, shaded(0, 0.333, 0.667, 1.0, 1.333, 1.667, 2.0), FILE))
    assert shades(list(sample(CAMERA, 100, every=1 / 3 * 2))) == [0, 7, 13, 20]


def test_a_damaged_place_in_a_video_is_not_its_end(use: Use, clock: ManualClock) -> None:
    use(FakeSource(clock, [*shaded(0), LOST, LOST, *shaded(1), LOST, *shaded(2)], FILE))
    assert shades(list(sample(CAMERA, 100, every=1.0))) == [0, 10, 20]


def test_a_frame_that_gives_no_picture_is_made_up_for_by_the_next(use: Use, clock: ManualClock) -> None:
    use(FakeSource(clock, [*shaded(0), Grab(takes=0, position=1.0, image=None), *shaded(1.1, 2.0, 2.2)], FILE))
    assert shades(list(sample(CAMERA, 100, every=1.0))) == [0, 11, 22]


def test_a_camera_is_sampled_by_the_clock(use: Use, clock: ManualClock) -> None:
    source = use(FakeSource(clock, frames(1000, takes=0.05), LIVE))
    began = clock.now().mono
    assert len(list(sample(CAMERA, 5, every=1.0))) == 5
    assert clock.now().mono - began == pytest.approx(4.05, abs=0.06)
    assert source.closed


def test_a_camera_that_stalled_is_not_made_up_for_at_once(use: Use, clock: ManualClock) -> None:
    source = FakeSource(clock, [*frames(2), Grab(takes=9.0), *frames(200)], LIVE)
    use(source)
    began = clock.now().mono
    times = [clock.now().mono - began for _ in sample(CAMERA, 4, every=1.0)]
    assert all(later - earlier > 0.99 for earlier, later in pairwise(times))


def test_a_camera_that_stops_sending_is_told(use: Use, clock: ManualClock) -> None:
    source = use(FakeSource(clock, frames(25), LIVE))
    pictures = sample(CAMERA, 5, every=1.0)
    assert shades([next(pictures), next(pictures)]) == [100, 100]
    with pytest.raises(CameraError, match=r"rtsp://cam\.lan/sub stopped sending after 2 of 5 pictures") as caught:
        next(pictures)
    assert (caught.value.reason, source.closed) == (Fault.LOST, True)


def test_a_camera_that_stops_sending_after_the_last_picture_is_no_error(use: Use, clock: ManualClock) -> None:
    use(FakeSource(clock, frames(21), LIVE))
    assert len(list(sample(CAMERA, 2, every=1.0))) == 2


def test_whoever_has_enough_leaves_nothing_open(use: Use, clock: ManualClock) -> None:
    source = use(FakeSource(clock, shaded(0, 1, 2), FILE))
    pictures = sample(CAMERA, 100, every=1.0)
    next(pictures)
    pictures.close()  # type: ignore[attr-defined] # it is a generator
    assert source.closed


def test_why_a_source_cannot_be_opened_is_told_as_by_a_camera(tmp_path: Path) -> None:
    with pytest.raises(CameraError) as caught:
        next(sample(Clip(tmp_path / "gone.mp4"), 1, every=1.0))
    assert caught.value.reason == Fault.MISSING
