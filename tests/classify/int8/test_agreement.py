from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.int8.agreement import Agreement, all_rules, rule_agreement, split, top1_agreement

REFERENCE = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.4, 0.35, 0.25]], np.float32)
OTHER = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.5, 0.4], [0.3, 0.45, 0.25]], np.float32)


def figures(agreement: Agreement) -> tuple[float, float]:
    return agreement.same, round(agreement.difference, 6)


def test_the_best_labels_and_their_scores_are_compared() -> None:
    assert figures(top1_agreement(REFERENCE, OTHER)) == (0.5, round((0.1 + 0.0 + 0.2 + 0.1) / 4, 6))
    assert figures(top1_agreement(OTHER, REFERENCE)) == (0.5, round((0.1 + 0.0 + 0.2 + 0.1) / 4, 6))


def test_a_model_agrees_with_itself() -> None:
    assert figures(top1_agreement(REFERENCE, REFERENCE)) == (1.0, 0.0)
    assert figures(rule_agreement(REFERENCE, REFERENCE, [0, 1], 0.5)) == (1.0, 0.0)


def test_a_rule_is_compared_by_whether_its_classes_reach_the_threshold_together() -> None:
    # classes 1 and 2 together: 0.3 0.8 0.9 0.6 and 0.4 0.8 0.9 0.7
    assert figures(rule_agreement(REFERENCE, OTHER, [1, 2], 0.5)) == (1.0, 0.05)
    assert figures(rule_agreement(REFERENCE, OTHER, [1, 2], 0.35)) == (0.75, 0.05)
    assert figures(rule_agreement(REFERENCE, OTHER, [2], 0.5)) == (0.75, 0.05)


def test_a_score_that_is_just_the_threshold_reaches_it() -> None:
    exact = np.array([[0.5, 0.5]], np.float32)
    below = np.array([[0.49, 0.51]], np.float32)
    assert rule_agreement(exact, below, [0], 0.5).same == 0.0
    assert rule_agreement(exact, exact, [0], 0.5).same == 1.0


def test_a_rule_over_all_classes_never_scores_more_than_one() -> None:
    rounded_up = np.array([[0.6, 0.4 + 1e-6]], np.float32)
    assert rule_agreement(rounded_up, np.array([[0.6, 0.4]], np.float32), [0, 1], 1.0).difference < 1e-7


def test_every_rule_is_compared_under_its_name() -> None:
    compared = all_rules(REFERENCE, OTHER, {"both": ([1, 2], 0.35), "last": ([2], 0.5)})
    assert {name: each.same for name, each in compared.items()} == {"both": 0.75, "last": 0.75}


@given(st.integers(0, 500), st.integers(1, 30))
def test_every_picture_is_used_once_and_neighbours_of_one_block_stay_on_one_side(count: int, block: int) -> None:
    mine, others = split(count, block)
    assert sorted(mine + others) == list(range(count))
    assert not {number // block for number in mine} & {number // block for number in others}
    assert 0 <= len(mine) - len(others) <= block


@pytest.mark.parametrize("count", [100, 101, 105, 119, 400])
def test_neither_side_is_much_smaller(count: int) -> None:
    mine, others = split(count)
    assert min(len(mine), len(others)) >= 50
