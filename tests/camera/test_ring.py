"""The last seconds of a camera as small pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from monitor.camera.ring import LAG, Ring, ring_cost
from monitor.config.schema import ClipSettings
from monitor.values import Image, Moment


def picture(width: int = 320, height: int = 180, left: int = 0) -> Image:
    """Grey, with its left quarter as bright as `left`."""
    image = np.full((height, width, 3), 128, np.uint8)
    image[:, : width // 4] = left
    return image


def fill(ring: Ring, seconds: float, camera_fps: float = 10.0, begin: float = 1000.0) -> None:
    for number in range(round(seconds * camera_fps)):
        mono = begin + number / camera_fps
        ring.offer(picture(left=number % 256), Moment(mono, mono + 1.6e9))


def decoded(jpeg: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def test_so_many_a_second_are_kept_and_no_more() -> None:
    ring = Ring(60, 64, 2)
    fill(ring, 10)
    times = [still.at.mono for still in ring.between(0, 2000)]
    assert times == pytest.approx([1000 + number / 2 for number in range(20)])


def test_a_camera_slower_than_that_has_all_its_pictures_kept() -> None:
    ring = Ring(60, 64, 2)
    fill(ring, 10, camera_fps=1)
    assert len(ring.between(0, 2000)) == 10


def test_the_oldest_go_when_the_time_is_over() -> None:
    ring = Ring(5, 64, 2)
    fill(ring, 60)
    times = [still.at.mono for still in ring.between(0, 2000)]
    assert times == pytest.approx([1054.5 + number / 2 for number in range(11)])


def test_the_oldest_go_when_they_take_more_room_than_allowed() -> None:
    ring = Ring(60, 320, 2)
    fill(ring, 1)
    each = ring.size // 2
    ring = Ring(60, 320, 2, most_bytes=4 * each + each // 2)
    fill(ring, 10)
    assert 3 <= len(ring.between(0, 2000)) <= 5
    assert ring.size <= 4.5 * each
    assert ring.between(0, 2000)[-1].at.mono == pytest.approx(1009.5)


def test_what_is_asked_for_is_given_oldest_first_and_nothing_twice() -> None:
    ring = Ring(60, 64, 2)
    fill(ring, 10)
    first, second = ring.between(1001, 1002), ring.between(1002, 1003)
    assert [still.at.mono for still in first + second] == pytest.approx([1001.5, 1002, 1002.5, 1003])
    assert ring.between(2000, 3000) == []


def test_pictures_are_made_smaller_and_never_larger() -> None:
    ring = Ring(60, 160, 2)
    ring.offer(picture(640, 360, left=250), Moment(1000, 0))
    ring.offer(picture(80, 60), Moment(1001, 0))
    large, small = (decoded(still.jpeg) for still in ring.between(0, 2000))
    assert large.shape == (90, 160, 3)
    assert small.shape == (60, 80, 3)
    assert abs(int(large[45, 20, 0]) - 250) < 10
    assert abs(int(large[45, 100, 0]) - 128) < 10


def test_its_cost_is_measured_with_a_picture_of_the_camera() -> None:
    settings = ClipSettings(enabled=True)
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)
    cost = ring_cost(noise, settings)
    ring = Ring(settings.pre + LAG, settings.width, settings.fps)
    for number in range(40):
        ring.offer(noise, Moment(1000 + number / 2, 0))
    assert cost.size == ring.size
    assert 0 < cost.cpu < 1
