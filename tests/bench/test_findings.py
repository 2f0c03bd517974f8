from __future__ import annotations

import pytest

from monitor.bench.findings import fastest, merged, together


@pytest.mark.parametrize(
    ("batch_ms", "frames"),
    [
        ({1: 10.0}, 1),
        ({1: 10.0, 2: 20.0, 4: 40.0}, 1),  # no faster: whoever is asked first would wait for the others
        ({1: 10.0, 2: 15.1, 4: 25.1}, 1),  # faster in all, but on average later
        ({1: 10.0, 2: 15.0, 4: 30.0}, 2),
        ({1: 10.0, 2: 14.0, 4: 25.0}, 4),
    ],
)
def test_frames_share_a_call_only_where_none_is_answered_later_for_it_on_average(batch_ms: dict[int, float], frames: int) -> None:
    assert together(batch_ms) == frames


ROWS = [
    {"engine": "a", "precision": "fp32", "threads": 1, "look_ms": 9.0},
    {"engine": "b", "precision": "fp32", "threads": 1, "look_ms": 8.0},
    {"engine": "c", "precision": "fp32", "threads": 2, "look_ms": 5.0},
    {"engine": "d", "precision": "int8", "threads": 1, "look_ms": 3.0},
    {"engine": "e", "precision": "fp32", "threads": 1, "error": "it is not well"},
]


def test_the_fastest_is_that_of_the_precision_and_threads_that_are_asked_for() -> None:
    found = [fastest(ROWS, precision, threads) for precision, threads in (("fp32", 1), ("fp32", 2), ("int8", 1))]
    assert [row["engine"] for row in found if row] == ["b", "c", "d"]
    assert fastest(ROWS, "int8", 2) is None


def test_the_figures_of_several_rounds_are_their_medians() -> None:
    rounds = [{"version": "1", "look_ms": ms, "batch_ms": {1: ms, 2: 2 * ms}, "bare_ms": None} for ms in (9.0, 1.0, 2.0)]
    assert merged(rounds) == {"version": "1", "look_ms": 2.0, "batch_ms": {1: 2.0, 2: 4.0}, "bare_ms": None}


def test_a_round_that_failed_does_not_count_unless_all_did() -> None:
    assert merged([{"error": "busy"}, {"look_ms": 3.0}]) == {"look_ms": 3.0}
    assert merged([{"error": "busy"}, {"error": "gone"}]) == {"error": "busy"}
