from __future__ import annotations

import pytest

from monitor.clock import SystemClock
from monitor.doctor.timekeeping import check_clock, installed_at, is_synchronised

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


def test_the_kernel_says_whether_its_clock_is_kept_and_our_files_are_older_than_now() -> None:
    assert is_synchronised() in (True, False, None)
    assert installed_at() < SystemClock().now().wall
