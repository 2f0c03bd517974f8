"""Files through FFmpeg, the settings of the process, and the probe."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from monitor.camera.opencv import Decode, open_source
from monitor.camera.probe import probe
from monitor.camera.protocol import Fault
from monitor.camera.source import Clip, parse_source
from monitor.camera.state import LinkState
from monitor.errors import CameraError
from tests.camera.conftest import LiveBench

MakeBench = Callable[..., LiveBench]


def ended(bench: LiveBench) -> bool:
    return bench.capture.link.state is LinkState.ENDED


@pytest.mark.real
def test_a_file_plays_in_real_time_and_ends(h264_file: Path, live_bench: MakeBench) -> None:
    bench = live_bench(str(h264_file), fps=100)
    took = bench.until(partial(ended, bench), limit=10)
    assert 2.8 < took < 4.0
    assert bench.capture.counters.grabbed == 60


@pytest.mark.real
def test_a_file_at_full_pace_is_over_much_sooner(mjpeg_file: Path, live_bench: MakeBench) -> None:
    bench = live_bench(str(mjpeg_file), pace="full")
    assert bench.until(partial(ended, bench), limit=5) < 1.5
    assert bench.capture.counters.grabbed == 60


@pytest.mark.real
def test_a_looped_file_goes_on(h264_file: Path, live_bench: MakeBench) -> None:
    bench = live_bench(str(h264_file), loop=True, pace="full")
    bench.until_frames(200, limit=10)
    assert bench.capture.link.state is LinkState.ONLINE


@pytest.mark.real
def test_a_bare_h264_stream_plays_in_real_time_too(h264_stream: Path, live_bench: MakeBench) -> None:
    bench = live_bench(str(h264_stream))
    bench.until_frames(10, limit=5)
    assert bench.until_frames(20, limit=5) > 0.5


@pytest.mark.real
def test_a_truncated_and_a_damaged_file_do_not_crash(mjpeg_file: Path, h264_stream: Path, tmp_path: Path, live_bench: MakeBench) -> None:
    short, damaged = tmp_path / "short.avi", tmp_path / "damaged.h264"
    data = mjpeg_file.read_bytes()
    short.write_bytes(data[: len(data) // 2])
    stream = bytearray(h264_stream.read_bytes())
    stream[3000::997] = bytes(len(stream[3000::997]))
    damaged.write_bytes(stream)
    for bench in (live_bench(str(path), pace="full") for path in (short, damaged)):
        bench.until(partial(ended, bench), limit=10)
        assert 0 < bench.capture.counters.grabbed <= 60


@pytest.mark.parametrize("content", [b"", b"hello", b"<html><body>404</body></html>", bytes(5000), b"RIFF" + bytes(100)])
def test_what_is_no_video_is_told(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "camera.mp4"
    path.write_bytes(content)
    with pytest.raises(CameraError, match="not a video") as refused:
        open_source(Clip(path))
    assert refused.value.reason == Fault.NOT_VIDEO
    assert capfd.readouterr() == ("", "")


@pytest.mark.real
def test_sound_without_a_picture_is_no_video(tmp_path: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed")
    path = tmp_path / "sound.wav"
    subprocess.run([ffmpeg, "-v", "error", "-f", "lavfi", "-i", "sine=d=1", str(path)], check=True, timeout=30)
    with pytest.raises(CameraError, match="not a video"):
        open_source(Clip(path))


def test_the_built_in_clip_plays() -> None:
    source = open_source(parse_source("demo"))
    assert source.grab()
    assert source.retrieve() is not None
    source.close()


def test_with_keyframes_a_file_gives_only_those() -> None:
    source = open_source(parse_source("demo"), "keyframes")
    every = open_source(parse_source("demo"))
    keys, frames = (sum(iter(opened.grab, False)) for opened in (source, every))
    assert 0 < keys < frames / 5
    source.close()
    every.close()


@pytest.mark.real
def test_cameras_that_are_opened_at_once_do_not_get_each_others_options(h264_file: Path) -> None:
    counted: dict[str, set[int]] = {"all": set(), "keyframes": set()}

    def count(decode: Decode) -> None:
        for _ in range(5):
            source = open_source(Clip(h264_file), decode)
            counted[decode].add(sum(iter(source.grab, False)))
            source.close()

    threads = [threading.Thread(target=count, args=(decode,)) for decode in counted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert counted == {"all": {60}, "keyframes": {3}}


def test_a_probe_of_a_file_tells_what_it_is() -> None:
    report = probe("demo", seconds=0.5)
    assert (report.problem, report.live, report.codec) == (None, False, "h264")
    assert report.fps == pytest.approx(report.fps_told)
    assert report.key_interval is not None
    assert (report.decode_ms or 0) > 0
    assert report.picture is not None
    assert report.picture.shape == (report.height, report.width, 3)


def test_a_probe_of_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    report = probe(str(tmp_path / "none.mp4"))
    assert report.reason == Fault.MISSING
    assert "there is no file" in (report.problem or "")
    with pytest.raises(CameraError):
        probe("udp://cam")


def test_nothing_of_the_process_changes_before_it_is_prepared() -> None:
    code = (
        "import os, cv2; before = dict(os.environ); import monitor.camera.opencv, monitor.camera.capture; assert dict(os.environ) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], env={"PATH": os.environ["PATH"]})
