from __future__ import annotations

from collections.abc import Mapping

import pytest

from monitor.doctor.programs import BROKEN, check_programs, judge_opencv, judge_python
from tests.doctor.conftest import levels


@pytest.mark.parametrize(
    ("wheels", "ffmpeg", "level"),
    [
        ({"opencv-python-headless": "5.0.0.93"}, True, "ok"),
        ({"opencv-python-headless": BROKEN}, True, "problem"),
        ({"opencv-python-headless": "5.0.0.93"}, False, "problem"),
        ({}, True, "ok"),
        ({"opencv-python-headless": "5.0.0.93", "opencv-python": "5.0.0.93"}, True, "warning"),
    ],
)
def test_an_opencv_that_network_cameras_fail_with_is_a_problem(wheels: Mapping[str, str], ffmpeg: bool, level: str) -> None:
    assert levels(judge_opencv("5.0.0", wheels, ffmpeg)) == [level]


def test_there_are_no_engines_for_32_bits() -> None:
    assert levels(judge_python("3.11.2", wide=False)) == ["problem"]


def test_what_the_tests_run_with_is_fine() -> None:
    assert [(finding.what, finding.level) for finding in check_programs()] == [("python", "ok"), ("opencv", "ok")]
