"""How looks become rows of the history."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.clock import ManualClock
from monitor.decide.sightings import SightingJoiner
from monitor.errors import ModelFaultError
from monitor.values import Moment, Prediction, Sighting

TABBY, PUG = 281, 254


def tabby(score: float) -> list[Prediction]:
    return [Prediction("tabby", TABBY, score)]


def joiner() -> SightingJoiner:
    return SightingJoiner("porch", 0.2, "resnet18")


def test_looks_in_a_row_are_one_sighting() -> None:
    clock, rows = ManualClock(wall=1000.0), joiner()
    for score in (0.3, 0.8, 0.5):
        assert rows.look(clock.now(), "frame", tabby(score)) == []
        clock.advance(1)
    assert rows.close() == [Sighting("porch", "frame", "tabby", TABBY, 1000.0, 1002.0, 0.8, 3, None, "resnet18")]


@pytest.mark.parametrize(("gap", "rows_seen"), [(5.0, 1), (5.1, 2)])
def test_gaps_up_to_five_seconds_are_joined(gap: float, rows_seen: int) -> None:
    clock, rows = ManualClock(), joiner()
    finished = rows.look(clock.now(), "frame", tabby(0.9))
    finished += rows.look(clock.advance(gap), "frame", tabby(0.9))
    assert len(finished + rows.close()) == rows_seen


def test_a_look_below_min_score_neither_begins_nor_prolongs_a_sighting() -> None:
    clock, rows = ManualClock(), joiner()
    rows.look(clock.now(), "frame", tabby(0.2))
    rows.look(clock.advance(4), "frame", tabby(0.19))
    (finished,) = rows.look(clock.advance(2), "frame", tabby(0.19))
    assert (finished.looks, finished.last - finished.first) == (1, 0)
    assert rows.close() == []


def test_time_alone_finishes_a_sighting() -> None:
    clock, rows = ManualClock(), joiner()
    rows.look(clock.now(), "frame", tabby(0.9))
    assert rows.tick(clock.advance(5)) == []
    assert len(rows.tick(clock.advance(0.1))) == 1
    assert rows.tick(clock.advance(100)) == []


def test_labels_and_zones_are_kept_apart() -> None:
    clock, rows = ManualClock(), joiner()
    rows.look(clock.now(), "frame", [*tabby(0.9), Prediction("pug", PUG, 0.3)])
    rows.look(clock.now(), "drive", tabby(0.4))
    assert [(row.zone, row.label, row.best_score) for row in rows.close()] == [
        ("frame", "tabby", 0.9),
        ("frame", "pug", 0.3),
        ("drive", "tabby", 0.4),
    ]


def test_a_look_in_one_zone_finishes_what_is_over_in_another() -> None:
    clock, rows = ManualClock(), joiner()
    rows.look(clock.now(), "drive", tabby(0.9))
    assert [row.zone for row in rows.look(clock.advance(6), "frame", tabby(0.9))] == ["drive"]


def test_a_sighting_keeps_the_first_episode_of_its_label() -> None:
    clock, rows = ManualClock(), joiner()
    both = [*tabby(0.9), Prediction("pug", PUG, 0.3)]
    rows.look(clock.now(), "frame", both)
    rows.look(clock.advance(1), "frame", both, {TABBY: "one"})
    rows.look(clock.advance(1), "frame", both, {TABBY: "two"})
    assert [row.episode for row in rows.close()] == ["one", None]


def test_a_wall_clock_set_back_does_not_end_a_sighting_before_it_began() -> None:
    clock, rows = ManualClock(wall=1000.0), joiner()
    rows.look(clock.now(), "frame", tabby(0.9))
    clock.advance(2)
    clock.set_wall(0.0)
    rows.look(clock.now(), "frame", tabby(0.9))
    (row,) = rows.close()
    assert (row.first, row.last) == (1000.0, 1002.0)


@pytest.mark.parametrize("fault", [math.nan, math.inf])
def test_a_fault_is_no_sighting_and_changes_nothing(fault: float) -> None:
    clock, rows = ManualClock(), joiner()
    rows.look(clock.now(), "frame", tabby(0.9))
    with pytest.raises(ModelFaultError):
        rows.look(clock.advance(9), "frame", [*tabby(0.95), Prediction("pug", PUG, fault)])
    (row,) = rows.close()
    assert (row.best_score, row.looks) == (0.9, 1)


@settings(deadline=None)
@given(
    looks=st.lists(
        st.tuples(st.floats(0, 12), st.sampled_from(["frame", "drive"]), st.integers(0, 3), st.floats(0, 1)),
        max_size=60,
    )
)
def test_every_look_at_or_above_min_score_is_in_exactly_one_sighting(looks: list[tuple[float, str, int, float]]) -> None:
    mono, rows = 1000.0, joiner()
    finished: list[Sighting] = []
    for pause, zone, class_id, score in looks:
        mono += pause
        finished += rows.look(Moment(mono, mono), zone, [Prediction(str(class_id), class_id, score)])
    finished += rows.close()
    assert rows.close() == []
    assert sum(row.looks for row in finished) == sum(score >= 0.2 for *_, score in looks)
    assert all(row.first <= row.last and row.best_score >= 0.2 for row in finished)
    for row in finished:
        later = [other.first for other in finished if (other.zone, other.class_id) == (row.zone, row.class_id) and other.first > row.last]
        assert all(first - row.last > 5 - 1e-6 for first in later)
