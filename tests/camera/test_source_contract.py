"""What every source promises, the real one and the one the other tests use: the same questions to both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from monitor.camera.opencv import open_source
from monitor.camera.protocol import Source
from monitor.camera.source import Clip
from monitor.clock import ManualClock
from tests.camera.fake_source import FILE, FakeSource, clip

FRAMES = 60


@pytest.fixture(params=["fake", pytest.param("h264", marks=pytest.mark.real), pytest.param("mjpeg", marks=pytest.mark.real)])
def source(request: pytest.FixtureRequest, clock: ManualClock) -> Source:
    """Three seconds of a file at 20 fps."""
    if request.param == "fake":
        return FakeSource(clock, clip(*(number / 20 for number in range(FRAMES))), FILE)
    path: Path = request.getfixturevalue(f"{request.param}_file")
    return open_source(Clip(path))


def positions(source: Source, until: Callable[[], bool]) -> list[float]:
    found = []
    while until():
        found.append(source.position)
    return found


def test_it_gives_all_its_frames_and_then_none_for_ever(source: Source) -> None:
    assert len(positions(source, source.grab)) == FRAMES
    assert not any(source.grab() for _ in range(10))
    source.close()


def test_positions_begin_at_nought_and_rise_by_the_distance_of_the_frames(source: Source) -> None:
    found = positions(source, source.grab)
    assert found == pytest.approx([number / 20 for number in range(FRAMES)], abs=0.001)
    source.close()


def test_a_picture_has_the_told_size_in_three_colours_and_is_the_callers_own(source: Source) -> None:
    assert source.grab()
    first = source.retrieve()
    assert first is not None
    assert first.dtype == np.uint8
    assert first.shape == (source.facts.height, source.facts.width, 3)
    kept = first.copy()
    for _ in range(5):
        assert source.grab()
        assert source.retrieve() is not None
    assert np.array_equal(first, kept)
    source.close()


def test_frames_may_be_passed_over_without_being_converted(source: Source) -> None:
    assert [source.grab() for _ in range(10)] == [True] * 10
    assert source.retrieve() is not None
    source.close()


def test_there_is_no_picture_after_the_last_frame(source: Source) -> None:
    positions(source, source.grab)
    assert source.retrieve() is None
    source.close()


def test_it_is_a_file_and_says_so(source: Source) -> None:
    assert not source.facts.live
    assert source.facts.misses >= 1
    assert source.facts.width > 0
    source.close()


def test_it_may_be_closed_twice_and_gives_nothing_afterwards(source: Source) -> None:
    assert source.grab()
    source.close()
    source.close()
    assert not source.grab()
    assert source.retrieve() is None
