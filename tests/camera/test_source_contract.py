"""What every source promises, the real ones and the one the other tests use: the same questions to all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.camera import usb
from monitor.camera.opencv import open_source
from monitor.camera.protocol import Source
from monitor.camera.source import Clip, Device, parse_source
from monitor.clock import ManualClock
from tests.camera.fake_source import FILE, LIVE, FakeSource, clip, frames, picture
from tests.camera.fake_v4l2 import Camera, FakeV4l2
from tests.camera.http_camera import http_camera
from tests.spine import RED, write_video

FRAMES = 60


def pictures(folder: Path) -> Path:
    for number in range(FRAMES):
        cv2.imwrite(str(folder / f"{number:03}.jpg"), picture(number))
    return folder


def videos(folder: Path) -> Path:
    for name in ("a.avi", "b.avi"):
        write_video(folder / name, [RED] * (FRAMES // 2), fps=20)
    return folder


FILES = ["fake file", "pictures", "videos", *(pytest.param(kind, marks=pytest.mark.real) for kind in ("h264", "mjpeg"))]
CAMERAS = ["fake camera", "usb", "snapshots"]

of_files = pytest.mark.parametrize("source", FILES, indirect=True)
of_cameras = pytest.mark.parametrize("source", CAMERAS, indirect=True)


@pytest.fixture(params=[*FILES, *CAMERAS])
def source(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    """Three seconds of a file or folder at 20 fps, or a camera that is well."""
    with ExitStack() as stack:
        match request.param:
            case "fake file":
                opened: Source = FakeSource(clock, clip(*(number / 20 for number in range(FRAMES))), FILE)
            case "fake camera":
                opened = FakeSource(clock, frames(100), LIVE)
            case "pictures":
                opened = open_source(Clip(pictures(tmp_path)), fps=20)
            case "videos":
                opened = open_source(Clip(videos(tmp_path)))
            case "usb":
                fake = FakeV4l2(tmp_path)
                monkeypatch.setattr(cv2, "VideoCapture", fake)
                monkeypatch.setattr(usb, "BY_ID", tmp_path / "none")
                opened = open_source(Device(fake.plug(0, Camera())))
            case "snapshots":
                opened = open_source(parse_source(f"{stack.enter_context(http_camera()).url}/one.jpg"))
            case kind:
                opened = open_source(Clip(request.getfixturevalue(f"{kind}_file")))
        stack.callback(opened.close)
        yield opened


def positions(source: Source, until: Callable[[], bool]) -> list[float]:
    found = []
    while until():
        found.append(source.position)
    return found


@of_files
def test_a_file_gives_all_its_frames_and_then_none_for_ever(source: Source) -> None:
    assert len(positions(source, source.grab)) == FRAMES
    assert not any(source.grab() for _ in range(10))


@of_files
def test_positions_begin_at_nought_and_rise_by_the_distance_of_the_frames(source: Source) -> None:
    found = positions(source, source.grab)
    assert found == pytest.approx([number / 20 for number in range(FRAMES)], abs=0.001)


@of_files
def test_there_is_no_picture_after_the_last_frame(source: Source) -> None:
    positions(source, source.grab)
    assert source.retrieve() is None


@of_files
def test_a_file_says_that_it_is_one(source: Source) -> None:
    assert not source.facts.live


@of_cameras
def test_a_camera_says_that_it_is_live(source: Source) -> None:
    assert source.facts.live


def test_a_picture_may_be_put_where_one_is_that_nobody_needs(source: Source) -> None:
    assert source.grab()
    spare = source.retrieve()
    assert spare is not None
    assert source.grab()
    given = source.retrieve(spare)
    assert given is not None
    assert given.shape == spare.shape
    fresh = source.retrieve()
    assert fresh is not None
    assert np.array_equal(given, fresh)
    source.close()


def test_a_picture_has_the_told_size_in_three_colours_and_is_the_callers_own(source: Source) -> None:
    assert source.facts.misses >= 1
    assert source.grab()
    first = source.retrieve()
    assert first is not None
    assert first.dtype == np.uint8
    assert first.shape == (source.facts.height, source.facts.width, 3)
    kept = first.copy()
    for _ in range(3):
        assert source.grab()
        assert source.retrieve() is not None
    assert np.array_equal(first, kept)


def test_the_first_frame_is_a_key_frame(source: Source) -> None:
    assert source.grab()
    assert source.is_key


def test_frames_may_be_passed_over_without_being_converted(source: Source) -> None:
    assert [source.grab() for _ in range(4)] == [True] * 4
    assert source.retrieve() is not None


def test_it_may_be_closed_twice_and_gives_nothing_afterwards(source: Source) -> None:
    assert source.grab()
    source.close()
    source.close()
    assert not source.grab()
    assert source.retrieve() is None
