"""One gain and one offset for a change of light."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.gate.light import SAME, Pixels, change_of_light

BEFORE: Pixels = np.random.default_rng(0).uniform(20, 180, 500).astype(np.float32)


@pytest.mark.parametrize(("gain", "offset"), [(1, 20), (1, -15), (0.7, 0), (1.3, 0), (0.8, 30), (1.4, -20)])
def test_the_light_is_found_although_a_fifth_of_the_picture_is_covered(gain: float, offset: float) -> None:
    now = (gain * BEFORE + offset).astype(np.float32)
    now += np.random.default_rng(1).normal(0, 1, len(now)).astype(np.float32)
    now[:100] = 240
    light = change_of_light(BEFORE, now)
    assert light.gain == pytest.approx(gain, abs=0.03)
    assert light.offset == pytest.approx(offset, abs=2.5)


def test_what_is_too_bright_to_show_does_not_bend_the_light() -> None:
    bright = BEFORE + np.float32(40)
    light = change_of_light(bright, np.minimum(bright * np.float32(1.25), np.float32(255)))
    assert light.gain == pytest.approx(1.25, abs=0.02)


def test_a_thing_alone_changes_no_light() -> None:
    now = BEFORE.copy()
    now[:200] = 230
    assert change_of_light(BEFORE, now).off(BEFORE, now)[200:].max() < 1


@pytest.mark.parametrize("now", [BEFORE * 3, BEFORE + 70, BEFORE * 0.3, np.full_like(BEFORE, 250)], ids=["x 3", "+ 70", "x 0.3", "white"])
def test_what_is_not_modest_is_no_light(now: Pixels) -> None:
    assert change_of_light(BEFORE, now.astype(np.float32)) is SAME


def test_a_picture_without_contrast_gets_an_offset() -> None:
    plain = np.full(500, 40, np.float32)
    light = change_of_light(plain, plain + np.float32(20))
    assert (light.gain, light.offset) == (1, 20)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_handful_of_pixels_will_do(count: int) -> None:
    assert np.isfinite(change_of_light(BEFORE[:count], BEFORE[:count] + np.float32(10)).offset)
