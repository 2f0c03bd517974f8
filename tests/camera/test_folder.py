"""Folders as cameras: videos one after another, pictures as a video, and what is wrong in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from monitor.camera.folder import open_folder
from monitor.camera.opencv import open_source
from monitor.camera.protocol import Fault, Source
from monitor.camera.source import Clip, parse_source
from monitor.camera.state import LinkState
from monitor.clock import ManualClock
from monitor.errors import CameraError
from tests.camera.conftest import LiveBench
from tests.camera.fake_source import FILE, LOST, FakeSource, clip, picture
from tests.spine import BLUE, GREEN, RED, write_video


def save(path: Path, shade: int) -> None:
    cv2.imwrite(str(path), picture(shade))


def shades(source: Source) -> list[int]:
    found = []
    while source.grab():
        image = source.retrieve()
        assert image is not None
        found.append(round(float(image.mean())))
    source.close()
    return found


def test_pictures_come_in_the_order_of_their_names_at_so_many_a_second(tmp_path: Path) -> None:
    for name, shade in (("b.PNG", 20), ("a.jpg", 10), ("c.webp", 30), ("d.bmp", 40)):
        save(tmp_path / name, shade)
    source = open_source(Clip(tmp_path), fps=2)
    assert str(source.facts) == "64x48 jpeg 2 fps"
    assert source.position == 0
    assert shades(source) == pytest.approx([10, 20, 30, 40], abs=2)
    assert source.position == 1.5


def test_videos_come_one_after_another_on_one_time_line(tmp_path: Path) -> None:
    write_video(tmp_path / "2.avi", [BLUE] * 5, fps=10)
    write_video(tmp_path / "1.avi", [RED] * 5, fps=5)
    source = open_source(parse_source(f"{tmp_path}/"))
    positions, colours = [], []
    while source.grab():
        image = source.retrieve()
        assert image is not None
        positions.append(round(source.position, 3))
        colours.append(int(image[32, 32, 2]) > 128)
    source.close()
    assert positions == [0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.1, 1.2, 1.3, 1.4]
    assert colours == [True] * 5 + [False] * 5


def test_time_does_not_go_back_where_a_videos_own_time_does(tmp_path: Path, clock: ManualClock) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()
    videos = [FakeSource(clock, [*clip(0, 0.1), LOST, *clip(0.05)], FILE), FakeSource(clock, clip(0, 0.1), FILE)]
    source = open_folder(Clip(tmp_path), 5, lambda _: videos.pop(0))
    positions = []
    while source.grab():
        positions.append(round(source.position, 3))
    assert positions == [0, 0.1, 0.1, 0.2, 0.3]


def test_one_bad_file_is_left_out_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for folder, good in (("pictures", "jpg"), ("videos", "avi")):
        path = tmp_path / folder
        path.mkdir()
        (path / f"b.{good}").write_text("once upon a time")
        for name in ("a", "c"):
            save(path / f"{name}.jpg", 100) if good == "jpg" else write_video(path / f"{name}.avi", [RED] * 3)
        for _ in range(3):
            assert len(shades(open_source(Clip(path)))) == (2 if good == "jpg" else 6)
    assert caplog.messages == [
        f"left out: {tmp_path}/pictures/b.jpg is no picture that can be decoded",
        f"left out: {tmp_path}/videos/b.avi is not a video that can be decoded",
    ]


def test_with_both_the_videos_are_played_and_that_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_video(tmp_path / "a.avi", [RED] * 3)
    save(tmp_path / "a.jpg", 100)
    for _ in range(2):
        assert len(shades(open_source(Clip(tmp_path)))) == 3
    assert caplog.messages == [f"{tmp_path} holds videos and pictures: the 1 pictures are left out"]


def test_other_files_hidden_ones_and_folders_are_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path / "a.jpg", 100)
    save(tmp_path / ".hidden.jpg", 200)
    (tmp_path / "notes.txt").write_text("once upon a time")
    (tmp_path / "day.mp4").mkdir()
    assert shades(open_source(Clip(tmp_path))) == [100]
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "is a folder without videos or pictures"),
        (["notes.txt"], "is a folder without videos or pictures"),
        (["a.jpg", "b.png"], "none of the pictures"),
        (["a.mp4", "b.avi"], "none of the videos"),
    ],
)
def test_a_folder_with_nothing_to_play_is_told(tmp_path: Path, names: list[str], words: str, capfd: pytest.CaptureFixture[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("once upon a time")
    with pytest.raises(CameraError, match=words) as refused:
        open_source(Clip(tmp_path))
    assert refused.value.reason == Fault.NOT_VIDEO
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(CameraError, match="no permission") as refused:
        open_source(Clip(tmp_path))
    assert refused.value.reason == Fault.FORBIDDEN


def test_a_folder_of_pictures_plays_in_real_time_and_ends(tmp_path: Path, live_bench: Callable[..., LiveBench]) -> None:
    for number in range(6):
        save(tmp_path / f"{number}.jpg", 20 * number)
    bench = live_bench(str(tmp_path), lambda description, decode: open_source(description, decode, fps=10), fps=10)
    took = bench.until(lambda: bench.capture.link.state is LinkState.ENDED, limit=5)
    assert 0.4 < took < 1.5
    assert bench.capture.counters.grabbed == 6
    assert bench.capture.counters.retrieved == 6


def test_a_looped_folder_shows_what_has_been_added(tmp_path: Path, live_bench: Callable[..., LiveBench]) -> None:
    write_video(tmp_path / "a.avi", [RED] * 3)
    bench = live_bench(str(tmp_path), loop=True, pace="full", fps=100)
    bench.until_frames(7, limit=5)
    write_video(tmp_path / "b.avi", [GREEN] * 3)

    def green() -> bool:
        frame = bench.mailbox.take()
        return frame is not None and bool(frame.image[32, 32, 1] > 100) and bool(frame.image[32, 32, 2] < 100)

    bench.until(green, limit=5)
