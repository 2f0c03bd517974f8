from __future__ import annotations

import pytest

from monitor.doctor.timekeeping import check_clock

INSTALLED = 1_700_000_000.0


@pytest.mark.parametrize(
    ("wall", "synchronised", "level"),
    [
        (INSTALLED + 1, True, "ok"),
        (INSTALLED + 1, None, "ok"),
        (INSTALLED + 1, False, "warning"),
        (INSTALLED - 1, True, "problem"),
        (0.0, False, "problem"),
    ],
)
def test_a_clock_that_nobody_sets_is_a_warning_and_one_that_is_wrong_a_problem(wall: float, synchronised: bool | None, level: str) -> None:
    finding, *_ = check_clock(wall, synchronised, INSTALLED)
    assert finding.level == level
    assert ("set-ntp" in finding.remedy) is (level != "ok")
