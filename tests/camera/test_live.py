"""The live picture of a camera, for those who watch."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from monitor.camera.live import FPS, WIDTH, Live
from monitor.values import Image, Moment


def picture(width: int = 320, height: int = 180, level: int = 128) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def at(seconds: float) -> Moment:
    return Moment(1000.0 + seconds, 1.7e9 + seconds)


def decoded(jpeg: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


@pytest.fixture
def live() -> Live:
    live = Live()
    live.join()
    return live


def test_while_nobody_watches_nothing_is_made() -> None:
    live = Live()
    live.offer(picture(), at(0))
    live.join()
    assert live.next(0, 0.0) is None


def test_a_viewer_has_each_picture_once_and_then_waits(live: Live) -> None:
    live.offer(picture(level=10), at(0))
    first = live.next(0, 0.0)
    assert first is not None
    assert live.next(first[0], 0.0) is None
    live.offer(picture(level=200), at(1))
    second = live.next(first[0], 0.0)
    assert second is not None
    assert decoded(first[1]).mean() == pytest.approx(10, abs=3)
    assert decoded(second[1]).mean() == pytest.approx(200, abs=3)


def test_those_who_watch_the_same_share_one_encoding(live: Live) -> None:
    live.offer(picture(), at(0))
    one, other = live.next(0, 0.0), live.next(0, 0.0)
    assert one is other


def test_it_is_no_larger_and_comes_no_more_often_than_people_see(live: Live) -> None:
    came: dict[int, bytes] = {}
    for frame in range(50):
        live.offer(picture(1920, 1080), at(frame / 25))
        came |= [found] if (found := live.next(0, 0.0)) else []
    assert len(came) == pytest.approx(2 * FPS, abs=1)
    assert {decoded(jpeg).shape for jpeg in came.values()} == {(540, WIDTH, 3)}


def test_what_is_offered_may_be_overwritten_afterwards(live: Live) -> None:
    image = picture(level=10)
    live.offer(image, at(0))
    image[:] = 250
    found = live.next(0, 0.0)
    assert found is not None
    assert decoded(found[1]).mean() == pytest.approx(10, abs=3)


def test_whoever_waits_is_woken_by_the_next_picture(live: Live) -> None:
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(live.next(0, 10.0)))
    waiting.start()
    live.offer(picture(), at(0))
    waiting.join(10)
    assert found[0] is not None


def test_when_the_last_has_gone_no_old_picture_is_left(live: Live) -> None:
    live.offer(picture(), at(0))
    live.leave()
    live.join()
    assert live.next(0, 0.0) is None
