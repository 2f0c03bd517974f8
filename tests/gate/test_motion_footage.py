"""The gate on real footage: it opens on what moves, as a stronger method at full size sees it, and on nothing else."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.camera.source import DEMO
from monitor.config.schema import MotionSettings
from monitor.gate.grey import shrink
from monitor.gate.motion import LINGER, MotionGate
from monitor.values import GateReason, Image, Verdict
from tests.gate.scenes import FOOTAGE, film, judged, share_inside

VTEST, TREE = FOOTAGE / "vtest.avi", FOOTAGE / "tree.avi"
FPS = 5
WARM = 2
"""Seconds at the beginning in which the gate has no background yet."""

needs_footage = pytest.mark.skipif(not (VTEST.exists() and TREE.exists()), reason="needs the footage of Debian's opencv-doc")
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")


def gate() -> MotionGate:
    return MotionGate(MotionSettings(), 2)


def opened(verdicts: list[Verdict]) -> list[bool]:
    return [verdict.reason is GateReason.MOVEMENT for verdict in verdicts]


def people() -> Iterator[Image]:
    """The people of vtest.avi, `FPS` pictures a second."""
    return islice(film(VTEST), 0, None, 2)


def people_moving() -> Iterator[tuple[Image, NDArray[np.uint8]]]:
    """Each picture with what MOG2 at full size says moves in it.

    It has seen the first seconds backwards before, so that those who are there at the beginning are no background.
    """
    subtractor = cv2.createBackgroundSubtractorMOG2(150, 25, detectShadows=False)
    for picture in [*islice(people(), 50)][::-1]:
        subtractor.apply(cv2.GaussianBlur(picture, (5, 5), 0))
    for picture in people():
        moving = subtractor.apply(cv2.GaussianBlur(picture, (5, 5), 0))
        yield picture, np.asarray(cv2.morphologyEx(moving, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)


def largest_blob(mask: NDArray[np.uint8]) -> int:
    stats = cv2.connectedComponentsWithStats(np.ascontiguousarray(mask))[2]
    return int(stats[1:, cv2.CC_STAT_AREA].max(initial=0))


class Tile:
    """A part of the film as a camera of its own. opened: whether the gate let each picture through; blobs: the largest in each."""

    def __init__(self, tiles: int, row: int, column: int) -> None:
        self._tiles, self._row, self._column = tiles, row, column
        self._gate = gate()
        self.opened: list[bool] = []
        self.blobs: list[float] = []

    def see(self, picture: Image, mask: NDArray[np.uint8]) -> None:
        height, width = mask.shape[0] // self._tiles, mask.shape[1] // self._tiles
        part = np.s_[self._row * height : (self._row + 1) * height, self._column * width : (self._column + 1) * width]
        verdict = self._gate.judge(shrink(picture[part]), len(self.opened) / FPS)
        self.opened.append(verdict.reason is GateReason.MOVEMENT)
        self.blobs.append(largest_blob(mask[part]))

    def seconds(self) -> Iterator[tuple[bool, bool]]:
        """For each second: whether something moves, and whether the gate is open.

        Something moves if in most pictures a blob covers 0.3 % and is no speck; nothing does if no blob has covered 0.05 % for as long as
        the gate lingers. Seconds in between are left out.
        """
        size = 768 * 576 / self._tiles**2
        for start in range(WARM * FPS, len(self.blobs) - FPS, FPS):
            now, lately = slice(start, start + FPS), slice(max(0, start - round(LINGER * FPS) - 2), start + FPS + 1)
            if sum(blob > max(0.003 * size, 150) for blob in self.blobs[now]) >= 3:
                yield True, any(self.opened[now])
            elif max(self.blobs[lately]) < 0.0005 * size:
                yield False, any(self.opened[now])


@cache
def watched() -> dict[int, list[Tile]]:
    """The film seen by one camera, and cut into 4 and 16."""
    cameras = {tiles: [Tile(tiles, *divmod(number, tiles)) for number in range(tiles**2)] for tiles in (1, 2, 4)}
    for picture, mask in people_moving():
        for tile in chain(*cameras.values()):
            tile.see(picture, mask)
    return cameras


@needs_footage
@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("tiles", [1, 2, 4])
def test_the_gate_opens_on_99_percent_of_the_seconds_in_which_people_cross(tiles: int) -> None:
    counts = Counter(chain(*(tile.seconds() for tile in watched()[tiles])))
    assert counts[True, True] / (counts[True, True] + counts[True, False]) >= 0.99
    assert counts[True, True] >= 75
    if tiles == 4:
        quiet = counts[False, True] + counts[False, False]
        assert quiet > 400
        assert counts[False, False] / quiet >= 0.95


@needs_footage
@pytest.mark.slow
@pytest.mark.real
def test_people_far_away_are_seen() -> None:
    # The same people in one quarter of a picture twice as wide and high: 0.2 % of it each.
    empty = np.median(np.array([*islice(people(), 0, None, 10)]), axis=0).astype(np.uint8)
    canvas = np.tile(empty, (2, 2, 1))
    greys = []
    for picture in people():
        canvas[: picture.shape[0], picture.shape[1] :] = picture
        greys.append(shrink(canvas))
    verdicts, blobs = opened(judged(gate(), greys, FPS)), watched()[1][0].blobs
    moving = [start for start in range(WARM * FPS, len(blobs) - FPS, FPS) if min(blobs[start : start + FPS]) > 1000]
    assert len(moving) > 50
    assert sum(any(verdicts[start : start + FPS]) for start in moving) / len(moving) >= 0.99


@needs_footage
@pytest.mark.real
@pytest.mark.parametrize("tiles", [1, 4])
def test_a_still_of_the_same_scene_with_noise_saves_98_percent(tiles: int) -> None:
    still = next(film(VTEST))[: 576 // tiles, : 768 // tiles]
    random = np.random.default_rng(0)
    noise = [random.normal(0, 6, still.shape).astype(np.int16) for _ in range(8)]
    greys = [shrink(np.clip(still + noise[number], 0, 255).astype(np.uint8)) for number in random.integers(0, 8, 300)]
    verdicts = judged(gate(), greys, FPS)
    assert sum(verdict.look for verdict in verdicts) <= 2 + len(greys) / FPS / 10


@needs_footage
@pytest.mark.real
def test_a_tree_in_the_wind_is_learnt_within_a_minute_and_who_walks_before_it_is_seen_all_the_time() -> None:
    tree = [shrink(picture) for picture in film(TREE)]
    leaves, man = tree[:48:3], tree[52::3]
    there_and_back = [*leaves, *leaves[::-1]]
    subject = gate()
    verdicts = opened(judged(subject, there_and_back * 12, FPS))
    assert any(verdicts[:150])
    assert not any(verdicts[60 * FPS :])
    assert opened(judged(subject, man, FPS, start=len(verdicts) / FPS))[0]


def test_the_three_visits_of_the_demo_clip_open_the_gate_at_once_and_the_rest_is_quiet() -> None:
    moving = opened(judged(gate(), map(shrink, film(DEMO)), 10))
    for enters, leaves in ((5, 17), (27, 37), (45, 53)):
        assert any(moving[10 * enters : 10 * enters + 4])
        assert any(moving[10 * leaves : 10 * leaves + 4])
    for begin, end in ((0, 5), (42, 45), (58, 60)):
        assert not any(moving[10 * begin : 10 * end])


@cache
def visitors() -> tuple[Image, list[Image]]:
    """The empty wall, and the middles of the three photographs that visit it, a third as high."""
    numbers = (0, 70, 310, 490)
    wall, *photographs = (frame for number, frame in enumerate(islice(film(DEMO), 500)) if number in numbers)
    things = [cv2.resize(photograph[10:530, 280:680], (240, 240), interpolation=cv2.INTER_AREA) for photograph in photographs]
    return np.asarray(cv2.resize(wall, (1280, 720), interpolation=cv2.INTER_AREA), np.uint8), [np.asarray(t, np.uint8) for t in things]


@pytest.mark.parametrize("column", [0, 1, 2], ids=["left", "middle", "right"])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["cat", "cup", "rocket"])
def test_a_photograph_of_a_third_of_the_height_is_seen_and_covered_wherever_it_comes_in(column: int, which: int) -> None:
    wall, things = visitors()
    thing = things[which]
    left = (0, 520, 1040)[column]
    subject = gate()
    judged(subject, [shrink(wall)] * 50, FPS)
    for step in range(1, 6):
        picture, shown = wall.copy(), 48 * step
        if column == 0:
            picture[240:480, :shown] = thing[:, 240 - shown :]
        elif column == 1:
            picture[720 - shown :, 520:760] = thing[:shown]
        else:
            picture[240:480, 1280 - shown :] = thing[:, :shown]
        verdict = subject.judge(shrink(picture), 10 + step / FPS)
        assert verdict.reason is GateReason.MOVEMENT
    top = 480 if column == 1 else 240
    assert verdict.movement is not None
    assert share_inside(verdict.movement, (left, top, 240, 240), (720, 1280)) > 0.85
    assert verdict.movement.width * verdict.movement.height < 2 * (240 * 240) / (1280 * 720)


@needs_ffmpeg
@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("rate", ["100k", "300k", "1500k"])
@pytest.mark.parametrize("grain", [4, 14])
def test_what_h264_makes_of_a_still_scene_stays_quiet(rate: str, grain: int, tmp_path: Path) -> None:
    clip = tmp_path / "still.mp4"
    look = f"[0]trim=end_frame=1,scale=1280:720,loop=-1:1:0,setpts=N/20/TB,noise=alls={grain}:allf=t"
    limits = ["-b:v", rate, "-maxrate", rate, "-bufsize", rate]
    coder = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "40", *limits, "-pix_fmt", "yuv420p"]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(DEMO), "-filter_complex", look, "-r", "20", "-frames:v", "400", *coder, str(clip)],
        check=True,
        timeout=60,
    )
    greys = [shrink(frame) for frame in film(clip)]
    assert len(greys) == 400
    for step in (1, 4, 40):
        verdicts = judged(gate(), greys[::step], 20 / step)
        assert {verdict.reason for verdict in verdicts} <= {GateReason.START, GateReason.QUIET, GateReason.RECHECK}
