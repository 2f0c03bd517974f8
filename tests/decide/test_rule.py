"""Rules and readings."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.decide.rule import Rule, refuse_faults
from monitor.errors import ModelFaultError


def rule(threshold: float = 0.5, release: float = 0.35, looks: int = 2) -> Rule:
    return Rule("cat", "cat", threshold, release, looks)


def test_release_moves_with_the_threshold() -> None:
    moved = rule().with_threshold(0.8)
    assert moved.threshold == 0.8
    assert moved.release == pytest.approx(0.56)


@settings(deadline=None)
@example(threshold=0.01, part=1.0, to=0.35)  # the product rounds up
@given(threshold=st.floats(1e-6, 1), part=st.floats(0, 1), to=st.floats(1e-6, 1))
def test_release_is_never_above_the_threshold(threshold: float, part: float, to: float) -> None:
    moved = rule(threshold, threshold * part).with_threshold(to)
    assert 0 <= moved.release <= moved.threshold == to


@pytest.mark.parametrize(
    ("threshold", "release", "looks"), [(0.0, 0.0, 2), (1.1, 0.5, 2), (math.nan, 0.1, 2), (0.5, 0.6, 2), (0.5, 0.3, 0)]
)
def test_an_impossible_rule_is_refused(threshold: float, release: float, looks: int) -> None:
    with pytest.raises(ValueError, match=r"rule cat|need looks"):
        rule(threshold, release, looks)


@pytest.mark.parametrize("fault", [math.nan, math.inf, -math.inf])
def test_a_fault_among_good_scores_is_refused(fault: float) -> None:
    with pytest.raises(ModelFaultError, match="camera porch"):
        refuse_faults([0.3, fault, 0.4], "camera porch")


def test_good_scores_pass_even_a_sum_a_little_above_one() -> None:
    refuse_faults([0.0, 1.0, 1.0000001], "camera porch")
