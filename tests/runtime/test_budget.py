from __future__ import annotations

import pytest

from monitor.runtime.budget import RestartBudget


def test_a_burst_spends_the_budget() -> None:
    budget = RestartBudget(limit=3, window=60)
    assert [budget.spend(at) for at in (0, 0, 1, 2, 59.9)] == [True, True, True, False, False]


def test_what_was_spent_long_ago_no_longer_counts() -> None:
    budget = RestartBudget(limit=2, window=60)
    assert [budget.spend(at) for at in (0, 30, 59, 60, 61, 90)] == [True, True, False, True, False, True]


def test_a_failure_now_and_then_never_ends_it() -> None:
    budget = RestartBudget(limit=5, window=60)
    assert all(budget.spend(at) for at in range(0, 100_000, 13))


@pytest.mark.parametrize("limit", [0, 1])
def test_a_small_limit_is_kept(limit: int) -> None:
    budget = RestartBudget(limit=limit)
    assert [budget.spend(5) for _ in range(3)] == [True] * limit + [False] * (3 - limit)
