"""Clips of alerts: the file, and the folder that keeps it."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.clock import iso
from monitor.config.schema import ClipSettings, SnapshotSettings
from monitor.errors import PictureError
from monitor.record.clips import Clips
from monitor.record.snapshots import Snapshots, jpeg
from monitor.record.webm import KeyFrame, key_frame, webm
from monitor.values import Alert, Image

NOW = 1_700_000_000.0
DAY = 86400.0


def picture(brightness: int, width: int = 64, height: int = 48) -> Image:
    return np.full((height, width, 3), brightness, np.uint8)


def frames(*times: float, width: int = 64, height: int = 48) -> list[KeyFrame]:
    """A frame at each of these times, each 20 brighter than the one before."""
    return [key_frame(jpeg(picture(20 * number, width, height), 95), time) for number, time in enumerate(times)]


def settings(path: Path, **changes: Any) -> SnapshotSettings:
    return SnapshotSettings().model_copy(update={"path": path, "min_free": 0, **changes})


def clips(path: Path, min_free: int = 0, **changes: Any) -> Clips:
    return Clips(ClipSettings().model_copy(update=changes), settings(path, min_free=min_free))


def decoded(path: Path) -> list[Image]:
    """All pictures of a video."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    found: list[Image] = []
    while (given := capture.read())[0]:
        found.append(np.asarray(given[1], np.uint8))
    capture.release()
    return found


@pytest.fixture(autouse=True)
def _files_may_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;file")


def test_opencv_reads_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "clip.webm").write_bytes(webm(frames(10, 10.5, 11, 11.5), 0.5))
    shown = decoded(tmp_path / "clip.webm")
    assert [image.shape for image in shown] == [(48, 64, 3)] * 4
    assert [round(float(image.mean())) for image in shown] == pytest.approx([0, 20, 40, 60], abs=3)


def test_sizes_need_not_be_even(tmp_path: Path) -> None:
    (tmp_path / "clip.webm").write_bytes(webm(frames(10, 11, width=63, height=35), 0.5))
    assert [image.shape for image in decoded(tmp_path / "clip.webm")] == [(35, 63, 3)] * 2


@pytest.mark.real
def test_each_picture_has_its_time_and_the_last_one_stays(tmp_path: Path) -> None:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    times = [10.0, 10.5, 11.1, 11.5, 75.0]
    file = tmp_path / "clip.webm"
    file.write_bytes(webm(frames(*times), 0.5))
    command = ["ffprobe", "-v", "warning", "-show_packets", "-show_streams", "-show_format", "-of", "json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert [stream["codec_name"] for stream in told["streams"]] == ["vp8"]
    assert "webm" in told["format"]["format_name"]
    assert [float(packet["pts_time"]) for packet in told["packets"]] == pytest.approx([time - 10 for time in times])
    assert all(packet["flags"].startswith("K") for packet in told["packets"])
    assert float(told["format"]["duration"]) == pytest.approx(65.5)


@pytest.mark.real
def test_a_player_can_jump_into_it(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    file, found = tmp_path / "clip.webm", tmp_path / "found.png"
    file.write_bytes(webm(frames(*range(10, 20)), 1))
    command = ["ffmpeg", "-v", "warning", "-ss", "7", "-i", str(file), "-frames:v", "1", "-update", "1", str(found)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    assert done.stderr == ""
    image = cv2.imread(str(found))
    assert image is not None
    assert image.mean() == pytest.approx(140, abs=3)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8 no JPEG", jpeg(np.zeros((8, 16_400, 3), np.uint8), 50)], ids=["empty", "damaged", "too wide"]
)
def test_what_cannot_be_encoded_is_said(data: bytes) -> None:
    with pytest.raises(PictureError):
        key_frame(data, 0)


def test_an_episode_s_clip_is_named_after_it_and_found_again(tmp_path: Path, alert: Callable[..., Alert]) -> None:
    kept = clips(tmp_path / "pictures")
    assert kept.find("e1") is None
    path = kept.save(alert(), frames(10, 11))
    assert path == tmp_path / "pictures" / iso(alert().time)[:10] / "e1.webm"
    assert kept.find("e1") == path
    assert [file.name for file in path.parent.iterdir()] == ["e1.webm"]
    assert len(decoded(path)) == 2


def test_an_id_cannot_lead_out_of_the_folder(tmp_path: Path, alert: Callable[..., Alert]) -> None:
    kept = clips(tmp_path)
    with pytest.raises(ValueError, match="not an id for a file name"):
        kept.save(alert(id="../../etc/cron.d/x"), frames(10))
    assert kept.find("../*") is None
    assert kept.find("*") is None


def test_with_little_room_left_no_clip_is_kept_and_the_log_says_so_once(
    tmp_path: Path, alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture
) -> None:
    kept = clips(tmp_path, min_free=10**18)
    with caplog.at_level(logging.INFO):
        assert [kept.save(alert(id=name), frames(10)) for name in ("e1", "e2")] == [None, None]
    assert [record.getMessage() for record in caplog.records] == [
        f"clips: no clips are kept in {tmp_path}: fewer than 1000000000000 MB free (snapshots.min_free)"
    ]


def test_a_full_disk_costs_the_clip_and_leaves_nothing_behind(
    small_disk: Path, alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture
) -> None:
    kept = clips(small_disk)
    large = [KeyFrame(float(number), 64, 48, bytes(400_000)) for number in range(4)]
    with caplog.at_level(logging.INFO):
        assert kept.save(alert(), large) is None
        assert list(small_disk.glob("*/*")) == []
        assert kept.save(alert(), frames(10)) is not None
    assert [record.getMessage() for record in caplog.records] == [
        f"clips: no clips are kept in {small_disk}: No space left on device",
        f"clips: clips are kept in {small_disk} again",
    ]


def test_clips_and_pictures_lie_side_by_side_and_each_go_by_their_own_age(tmp_path: Path, alert: Callable[..., Alert]) -> None:
    kept, pictures = clips(tmp_path, keep=2 * DAY), Snapshots(settings(tmp_path, keep=5 * DAY))
    clip, shot = kept.save(alert(), frames(10)), pictures.save(alert(), b"JPEG")
    assert clip is not None
    assert shot is not None
    for file in (clip, shot):
        os.utime(file, (NOW - 3 * DAY, NOW - 3 * DAY))
    assert pictures.sweep(NOW) == 0
    assert kept.sweep(NOW) == 1
    assert not clip.exists()
    assert pictures.find("e1", 0) == shot
    assert pictures.sweep(NOW + 3 * DAY) == 1
    assert not shot.parent.exists()


def test_a_sweep_takes_the_oldest_until_the_size_is_right(tmp_path: Path, alert: Callable[..., Alert]) -> None:
    saved = [clips(tmp_path).save(alert(id=f"e{number}"), frames(10)) for number in range(5)]
    found = [path for path in saved if path is not None]
    for age, path in enumerate(found):
        os.utime(path, (NOW - age, NOW - age))
    room = 3 * max(path.stat().st_size for path in found) + 10
    assert clips(tmp_path, max_size=room).sweep(NOW) == 2
    assert [path.exists() for path in found] == [True, True, True, False, False]


def test_a_sweep_clears_half_written_clips_and_not_the_picture_that_is_being_written(tmp_path: Path) -> None:
    day = tmp_path / iso(NOW)[:10]
    day.mkdir()
    for name in ("e1.webm.unfinished", "e1-0.jpg.unfinished"):
        (day / name).write_bytes(b"half")
    clips(tmp_path).sweep(NOW)
    assert [file.name for file in day.iterdir()] == ["e1-0.jpg.unfinished"]


def test_the_day_that_is_about_to_be_written_to_is_left_though_empty(tmp_path: Path) -> None:
    today, yesterday = tmp_path / iso(NOW)[:10], tmp_path / iso(NOW - DAY)[:10]
    today.mkdir()
    yesterday.mkdir()
    clips(tmp_path).sweep(NOW)
    assert list(tmp_path.iterdir()) == [today]
