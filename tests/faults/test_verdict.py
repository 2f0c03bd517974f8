"""A soak is held only if nothing was lost and nothing grows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.plot import Sample
from tests.faults.verdict import LIMIT, LONG_ENOUGH, Verdict, judge, slope

WARM_UP = 100.0
END = WARM_UP + LONG_ENOUGH


def samples(
    rss: Callable[[float], float] = lambda at: 130e6, threads: Callable[[float], int] = lambda at: 11, end: float = END
) -> list[Sample]:
    """Samples of one run, one in ten seconds, all in calm moments."""
    times = [10.0 * number for number in range(int(end / 10) + 1)]
    return [Sample(at, 0, int(rss(at)), threads(at), 23, 0, 0, 50, 50, calm=True) for at in times]


def judged(those: list[Sample], lost: int = 0) -> Verdict:
    return judge(those, ["reload", "reload", "disk full"], WARM_UP, lost, 0)


def test_what_stays_as_it_is_is_held() -> None:
    verdict = judged(samples())
    assert verdict.held
    assert verdict.lines[0] == "3 faults: 2 x reload, 1 x disk full"


def test_one_alert_that_is_lost_is_one_too_many() -> None:
    assert not judged(samples(), lost=1).held


def test_memory_that_grows_after_the_warm_up_is_not_held_and_before_it_is() -> None:
    def grows(by: float) -> Callable[[float], float]:
        return lambda at: 130e6 + by * 1e6 * at / 3600

    assert slope(samples(grows(5.0))) == pytest.approx(5.0)
    assert judged(samples(grows(0.9 * LIMIT))).held
    assert not judged(samples(grows(1.1 * LIMIT))).held
    assert judged(samples(lambda at: 100e6 if at < WARM_UP else 130e6)).held


def test_a_thread_more_in_the_second_half_is_not_held() -> None:
    assert not judged(samples(threads=lambda at: 11 + (at > (WARM_UP + END) / 2))).held


def test_of_a_short_soak_the_memory_says_nothing() -> None:
    verdict = judged(samples(lambda at: 130e6 + 1e6 * at, end=WARM_UP + LONG_ENOUGH / 2))
    assert verdict.held
    assert "too short to tell" in verdict.lines[-1]
