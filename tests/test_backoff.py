"""Pauses between attempts."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.backoff import Backoff


def middle() -> float:
    """A chance that is none: the jitter is zero."""
    return 0.5


def test_pauses_double_from_one_second_to_a_minute() -> None:
    backoff = Backoff(middle)
    assert [backoff.next() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_after_a_reset_the_first_pause_comes_again() -> None:
    backoff = Backoff(middle)
    backoff.next()
    backoff.next()
    backoff.reset()
    assert backoff.next() == 1


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_chance_moves_a_pause_by_a_fifth_at_most(chance: float, pause: float) -> None:
    assert Backoff(lambda: chance).next() == pytest.approx(pause)


def test_two_cameras_lost_together_do_not_come_back_in_step() -> None:
    one, other = Backoff(Random(1).random), Backoff(Random(2).random)
    assert all(one.next() != other.next() for _ in range(10))


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_a_wrong_password_waits_a_minute_from_the_first_attempt_on(chance: float) -> None:
    backoff = Backoff(lambda: chance)
    assert all(60 <= backoff.next(at_least=60) <= 72 for _ in range(10))


def test_asking_for_more_once_does_not_lengthen_the_pauses_after_it() -> None:
    backoff = Backoff(middle)
    assert [backoff.next(at_least=60), backoff.next(), backoff.next()] == [60, 2, 4]


@settings(deadline=None)
@given(seed=st.integers(), attempts=st.integers(1, 5000))
def test_however_often_it_fails_a_pause_stays_in_bounds(seed: int, attempts: int) -> None:
    backoff = Backoff(Random(seed).random)
    assert all(0.8 <= backoff.next() <= 72 for _ in range(attempts))


@pytest.mark.parametrize(("first", "longest", "jitter"), [(0, 60, 0.2), (2, 1, 0.2), (1, 60, 1), (1, 60, -0.1)])
def test_impossible_settings_are_refused(first: float, longest: float, jitter: float) -> None:
    with pytest.raises(ValueError, match="need 0 < first"):
        Backoff(middle, first=first, longest=longest, jitter=jitter)
