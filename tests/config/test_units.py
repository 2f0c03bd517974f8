from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from monitor.config.units import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("5s", 5), ("1.5h", 5400), ("10m", 600), ("2h", 7200), ("30d", 2_592_000), ("5 s", 5), ("0s", 0)]
)
def test_durations_have_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("0B", 0), ("1KB", 1000), ("500MB", 500_000_000), ("1.5GB", 1_500_000_000), ("2 TB", 2_000_000_000_000)]
)
def test_sizes_have_a_unit_and_are_decimal(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", [5, 5.0, None, True, "", "5", "s", "-5s", "5 minutes", "5S", "1e3s", "nan s", ".5s", "5s ", "\u0665s", "9" * 13 + "d", ["5s"]]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(PydanticCustomError):
        parse_duration(text)


@pytest.mark.parametrize("text", [5, "500", "500mb", "500MiB", "500 megabytes", "-1GB", None])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(PydanticCustomError):
        parse_size(text)


@given(st.integers(0, 10**12).map(lambda microseconds: microseconds / 1e6))
def test_a_duration_that_was_formatted_is_read_back(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-9, rel=1e-12)


@given(st.integers(0, 10**12))
def test_a_size_that_was_formatted_is_read_back(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.5, "500ms"), (5, "5s"), (90, "90s"), (600, "10m"), (86400, "1d"), (1.5, "1500ms")]
)
def test_durations_are_shown_in_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
