"""How often a camera is looked at."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.gate.skip import SkipPolicy


def looks(policy: SkipPolicy, times: list[float], first_seq: int = 0) -> list[int]:
    """The numbers of the frames that were wanted."""
    return [seq for seq, mono in enumerate(times, first_seq) if policy.wants(seq, mono)]


def steady(camera_fps: float, seconds: float, start: float = 1000.0) -> list[float]:
    return [start + number / camera_fps for number in range(round(camera_fps * seconds))]


def test_every_frame_is_wanted_when_nothing_limits() -> None:
    assert looks(SkipPolicy(1, 1000), steady(25, 1)) == list(range(25))


def test_every_third_frame_is_wanted_with_a_frame_skip_of_three() -> None:
    assert looks(SkipPolicy(3, 1000), steady(25, 0.4)) == [0, 3, 6, 9]


def test_the_first_frame_is_wanted_whatever_its_number() -> None:
    assert looks(SkipPolicy(3, 5), steady(25, 0.2), first_seq=7)[0] == 7


def test_frame_skip_comes_before_the_limit() -> None:
    # 20 fps, every 8th frame: 2.5 a second are left, fewer than the 5 allowed; the limit takes none of them.
    assert looks(SkipPolicy(8, 5), steady(20, 4)) == list(range(0, 80, 8))


def test_missing_numbers_do_not_starve_the_looks() -> None:
    # A camera decoding key frames only may number them 0, 25, 50 ...
    policy = SkipPolicy(2, 1000)
    assert [seq for seq in range(0, 100, 25) if policy.wants(seq, 1000 + seq / 25)] == [0, 25, 50, 75]


@pytest.mark.parametrize(
    ("camera_fps", "fps", "expected"),
    [(20, 5, 5), (25, 10, 10), (30, 25, 25), (15, 10, 10), (12.5, 10, 10), (30, 7, 7), (25, 0.5, 0.5), (4, 5, 4), (20, 20, 20)],
)
def test_the_rate_asked_for_is_kept_whatever_the_raster_of_the_camera(camera_fps: float, fps: float, expected: float) -> None:
    assert len(looks(SkipPolicy(1, fps), steady(camera_fps, 100))) / 100 == pytest.approx(expected, rel=0.01, abs=0.011)


@pytest.mark.parametrize(("camera_fps", "fps"), [(20, 5), (25, 10), (20, 20), (10, 5)])
def test_jitter_of_some_milliseconds_loses_no_looks(camera_fps: float, fps: float) -> None:
    random = Random(7)
    times = [mono + random.uniform(-0.005, 0.005) for mono in steady(camera_fps, 100)]
    assert len(looks(SkipPolicy(1, fps), times)) / 100 == pytest.approx(fps, rel=0.01)


def test_looks_are_even_when_the_rate_divides_evenly() -> None:
    random = Random(7)
    times = [mono + random.uniform(-0.005, 0.005) for mono in steady(20, 20)]
    assert looks(SkipPolicy(1, 5), times) == list(range(0, 400, 4))


def test_a_pause_brings_no_burst() -> None:
    times = [*steady(20, 2), *steady(20, 2, start=1060)]
    wanted = [times[seq] for seq in looks(SkipPolicy(1, 5), times)]
    assert sum(1060 <= mono < 1061 for mono in wanted) == 5
    assert sum(1060 <= mono < 1060.19 for mono in wanted) == 1


@settings(deadline=None)
@given(
    frame_skip=st.integers(1, 5),
    fps=st.floats(0.2, 60),
    gaps=st.lists(st.floats(0, 2), max_size=200),
)
def test_never_more_looks_than_the_time_allows(frame_skip: int, fps: float, gaps: list[float]) -> None:
    mono, times = 1000.0, []
    for gap in gaps:
        mono += gap
        times.append(mono)
    wanted = looks(SkipPolicy(frame_skip, fps), times)
    assert all(later - earlier >= frame_skip for earlier, later in pairwise(wanted))
    for first, seq in enumerate(wanted):
        for last in range(first, len(wanted)):
            # One slot may be filled late and the last one early; never more.
            assert last - first + 1 <= (times[wanted[last]] - times[seq]) * fps + 2.2


@pytest.mark.parametrize(("frame_skip", "fps"), [(0, 5), (1, 0), (1, float("nan"))])
def test_impossible_settings_are_refused(frame_skip: int, fps: float) -> None:
    with pytest.raises(ValueError, match="need frame_skip"):
        SkipPolicy(frame_skip, fps)
