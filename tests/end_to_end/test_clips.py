"""An alert brings a clip of what happened before and after it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.camera.opencv import open_source
from monitor.camera.source import parse_source
from monitor.values import Image
from tests.end_to_end.conftest import Daemon, committed_alerts, cut, note, settings

pytestmark = [pytest.mark.real, pytest.mark.slow]

PRE, POST, FPS, WIDTH = 3.0, 6.0, 4.0, 320


@dataclass(frozen=True)
class Shown:
    """A picture of a video and its time in seconds."""

    time: float
    image: Image


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cat for three seconds, then a wall for five."""
    return cut(tmp_path_factory.mktemp("clips") / "visit.avi", (8, 11), (21, 26))


def watched(path: Path) -> list[Shown]:
    """All pictures of a video."""
    source = open_source(parse_source(str(path)))
    shown = []
    while source.grab():
        image = source.retrieve()
        assert image is not None
        shown.append(Shown(source.position, image))
    source.close()
    return shown


def seconds_of(path: Path) -> float:
    """How long a video is by FFmpeg's own account, which has nothing to complain about."""
    command = ["ffprobe", "-v", "warning", "-show_entries", "format=duration:stream=codec_name", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    told = json.loads(done.stdout)
    assert done.stderr == ""
    assert [stream["codec_name"] for stream in told["streams"]] == ["vp8"]
    return float(told["format"]["duration"])


def test_an_alert_brings_a_clip_of_what_was_before_and_after_it(daemon: Callable[..., Daemon], visit: Path) -> None:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    camera = {"source": str(visit), "loop": True, "motion": {"enabled": False}}
    clips = {"enabled": True, "pre": f"{PRE}s", "post": f"{POST}s", "fps": FPS, "width": WIDTH}
    box = daemon(settings({"hall": camera}, clips=clips, snapshots={"min_free": "0MB"}))

    def in_turn(text: str, number: int) -> None:
        """Wait for the number-th line with this text."""
        after = 0
        for _ in range(number):
            after = box.said.index(box.line(text, 30, after), after) + 1

    in_turn("cat end", 3)  # of the second visit it was long known what came before, and what came after is over
    in_turn("cat start", 4)
    took = box.stop(signal.SIGTERM)

    starts = [alert["id"] for alert in committed_alerts(box) if alert["event_type"] == "start"]
    found = {path.stem: path for path in (box.folder / "logs" / "snapshots").glob("*/*.webm")}
    assert len(starts) == 4
    assert set(found) == set(starts)
    assert not [*(box.folder / "logs" / "snapshots").glob("*/*unfinished*")]

    clip = watched(found[starts[1]])
    assert seconds_of(found[starts[1]]) == pytest.approx(PRE + POST, abs=0.6)
    assert len(clip) == pytest.approx((PRE + POST) * FPS, abs=3)
    source = watched(visit)
    height, width = source[0].image.shape[:2]
    assert clip[0].image.shape == (round(height * WIDTH / width), WIDTH, 3)

    def shows_cat(shown: Shown) -> bool:
        cat, wall = (cv2.resize(each.image, (WIDTH, len(shown.image)), interpolation=cv2.INTER_AREA) for each in (source[10], source[-10]))
        return bool(np.abs(shown.image - cat.astype(float)).mean() < np.abs(shown.image - wall.astype(float)).mean())

    told = "".join("C" if shows_cat(shown) else "-" for shown in clip)
    note(f"{told}, {found[starts[1]].stat().st_size / 1000:.0f} kB; stopped in {took:.2f} s")
    # the alert is at PRE, two looks after the cat came
    assert not shows_cat(clip[0])
    assert all(shows_cat(shown) for shown in clip if PRE < shown.time < PRE + 1.5)
    assert not shows_cat(clip[-1])

    broken_off = seconds_of(found[starts[3]])
    assert PRE - 0.6 < broken_off < PRE + POST - 2
