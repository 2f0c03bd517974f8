"""GStreamer's RTSP server, which nobody here wrote: killed and started again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.camera.probe import probe
from monitor.camera.state import LinkState
from tests.camera.conftest import GstCamera, LiveBench

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def gst_camera(h264_file: Path, tmp_path: Path) -> Iterator[GstCamera]:
    long = tmp_path / "minute.mp4"
    ffmpeg = shutil.which("ffmpeg")
    assert ffmpeg
    looped = [ffmpeg, "-v", "error", "-stream_loop", "19", "-i", str(h264_file), "-c", "copy", str(long)]
    subprocess.run(looped, check=True, timeout=60)
    camera = GstCamera(long)
    camera.start()
    yield camera
    camera.kill()


def test_a_killed_camera_is_back_within_ten_seconds_of_its_return(gst_camera: GstCamera, live_bench: Callable[..., LiveBench]) -> None:
    bench = live_bench(gst_camera.url)
    bench.until_frames(40, limit=15)
    gst_camera.kill()
    bench.until(lambda: bench.capture.link.state is LinkState.WAITING, limit=3)
    bench.until(lambda: bench.capture.last_step - (bench.capture.last_frame or 0) > 5, limit=12)
    gst_camera.start()
    assert bench.until_frames(20, limit=15) < 10
    assert bench.capture.counters.reconnects == 1
    seqs = [frame.seq for frame in iter(bench.mailbox.take, None)]
    assert seqs == sorted(set(seqs))


def test_a_probe_measures_size_rate_and_key_frames(gst_camera: GstCamera) -> None:
    report = probe(gst_camera.url, seconds=3)
    assert report.problem is None
    assert (report.live, report.codec, report.width, report.height) == (True, "h264", 320, 240)
    assert report.fps == pytest.approx(20, rel=0.2)
    assert report.key_interval == pytest.approx(1.0, abs=0.3)
    assert report.keyframes_share is not None
    assert report.all_share is not None
    assert 0 < report.keyframes_share < report.all_share
    assert report.picture is not None
