from __future__ import annotations

import numpy as np
import pytest

from monitor.camera.sampling import Sample, take, take_key_frames
from monitor.clock import ManualClock
from monitor.config.schema import CameraSettings
from monitor.gate.skip import SkipPolicy
from monitor.gate.watch import Watch
from monitor.values import WHOLE, Image
from tests.camera.fake_source import FILE, FakeSource, Grab, picture

SETTINGS = CameraSettings(source="demo", masks=[[(0, 0), (0.25, 0), (0.25, 0.25), (0, 0.25)]])


def sampled(script: list[Grab], fps: float = 10.0) -> Sample:
    watch = Watch(SETTINGS, [WHOLE], 1, live=False)
    return take(FakeSource(ManualClock(), script, FILE), watch, SkipPolicy(1, fps), seconds=60, keys=0)


def at(*positions: float, every: int = 1) -> list[Grab]:
    """Frames at these seconds, every so many a key frame."""
    return [Grab(position=position, is_key=number % every == 0) for number, position in enumerate(positions)]


def bright(image: Image, left: int) -> Image:
    image[20:36, left : left + 16] = 220
    return image


def test_rate_and_key_interval_go_by_the_times_of_a_file() -> None:
    sample = sampled(at(0.0, 0.5, 1.0, 1.5, 2.0, every=2))
    assert sample.fps == pytest.approx(2)
    assert sample.key_interval == pytest.approx(1)
    assert not sample.only_keys
    assert sampled(at(0.0, 0.5)).only_keys


def test_of_one_frame_neither_rate_nor_key_interval_nor_cost_is_known() -> None:
    sample = sampled(at(0.0))
    assert (sample.fps, sample.key_interval, sample.share) == (None, None, None)


def test_only_as_many_frames_as_are_wanted_become_pictures_and_are_judged() -> None:
    sample = sampled(at(*np.arange(0, 2, 0.1)), fps=5)
    assert (len(sample.decoding), len(sample.converting), len(sample.judging)) == (20, 10, 10)


def test_without_movement_the_first_picture_is_kept_masked() -> None:
    sample = sampled([Grab(position=second / 10, image=picture(100 + second)) for second in range(3)])
    assert sample.picture is not None
    assert sample.movement is None
    assert (sample.picture[20, 30] == 100).all()
    assert (sample.picture[:10, :14] == 0).all()


def test_the_picture_in_which_most_moves_is_kept_with_the_place() -> None:
    still = [Grab(position=second / 10) for second in range(20)]
    moves = [Grab(position=2 + second / 10, image=bright(picture(), 4 * second)) for second in range(5)]
    sample = sampled(still + moves)
    assert sample.movement is not None
    assert sample.picture is not None
    assert sample.picture.max() == 220
    assert sample.movement.y == pytest.approx(20 / 48, abs=0.05)


def test_a_frame_that_gives_no_picture_is_passed_over() -> None:
    sample = sampled([Grab(image=None), Grab(position=0.1)])
    assert sample.picture is not None
    assert (len(sample.times), len(sample.judging)) == (2, 1)


def test_key_frames_are_taken_up_to_their_number_and_the_cost_is_that_of_all_but_the_first() -> None:
    sample = take_key_frames(FakeSource(ManualClock(), at(0.0, 2.0, 4.0, 6.0), FILE), 3)
    assert sample.times == [0.0, 2.0, 4.0]
    assert sample.share == pytest.approx(sum(sample.decoding[1:]) / 4)
