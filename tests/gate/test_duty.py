"""How many looks a second each camera may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.gate.duty import SHARE, SLOWEST, Cost, Demand, allowances, share


def wanting(fps: float, cost: float, wanted: float | None = None) -> Demand:
    return Demand(fps, fps if wanted is None else wanted, cost)


def busy(demands: dict[str, Demand], allowed: dict[str, float]) -> float:
    """The part of the time that the classifier is busy if each camera takes what it wants and may have."""
    return sum(min(demand.wanted, allowed[name]) * demand.cost for name, demand in demands.items())


def test_cameras_that_fit_have_what_is_configured() -> None:
    assert allowances({"porch": wanting(5, 0.02), "yard": wanting(10, 0.02)}, SHARE) == {"porch": 5, "yard": 10}


def test_too_much_is_shared_evenly() -> None:
    allowed = allowances({name: wanting(5, 0.1) for name in "abcdefgh"}, SHARE)
    assert list(allowed.values()) == [pytest.approx(0.7 / 0.8)] * 8


def test_who_wants_little_leaves_the_rest_to_the_others() -> None:
    allowed = allowances({"slow": wanting(1, 0.1), "fast": wanting(25, 0.1), "faster": wanting(30, 0.1)}, SHARE)
    assert allowed == {"slow": 1, "fast": pytest.approx(3), "faster": pytest.approx(3)}


def test_a_quiet_camera_costs_the_others_nothing_and_may_look_as_often_as_they_when_something_moves() -> None:
    allowed = allowances({"quiet": wanting(5, 0.2, wanted=0.1), "busy": wanting(5, 0.2)}, SHARE)
    assert allowed == {"quiet": pytest.approx(3.4), "busy": pytest.approx(3.4)}


def test_quiet_cameras_are_not_slowed() -> None:
    assert allowances({name: wanting(5, 0.2, wanted=0.1) for name in "abc"}, SHARE) == dict.fromkeys("abc", 5)


def test_a_camera_keeps_a_look_every_five_seconds_unless_it_is_to_have_fewer() -> None:
    allowed = allowances({"a": wanting(5, 30.0), "rare": wanting(0.05, 30.0)}, SHARE)
    assert allowed == {"a": SLOWEST, "rare": 0.05}


def test_looks_that_cost_nothing_are_not_limited() -> None:
    assert allowances({"a": wanting(5, 0.0)}, SHARE) == {"a": 5}
    assert allowances({}, SHARE) == {}


@given(
    st.dictionaries(
        st.text(max_size=3),
        st.builds(lambda fps, part, cost: Demand(fps, fps * part, cost), st.floats(0.5, 120), st.floats(0.01, 1), st.floats(0.001, 0.05)),
        max_size=10,
    ),
    st.floats(0.1, 0.7),
)
def test_the_classifier_is_never_busier_than_it_may_be_but_for_what_each_camera_keeps(demands: dict[str, Demand], part: float) -> None:
    allowed = allowances(demands, part)
    floor = sum(SLOWEST * demand.cost for demand in demands.values())
    assert busy(demands, allowed) <= part * (1 + 1e-9) + floor
    for name, demand in demands.items():
        assert SLOWEST <= allowed[name] <= demand.fps


@pytest.mark.parametrize(
    ("temperature", "throttled", "part"),
    [
        (None, None, 1.0),
        (40.0, False, 1.0),
        (75.0, None, 1.0),
        (80.0, None, 2 / 3),
        (85.0, None, 1 / 3),
        (110.0, False, 1 / 3),
        (40.0, True, 0.5),
        (None, True, 0.5),
        (85.0, True, 1 / 6),
    ],
)
def test_a_board_that_is_hot_or_throttled_gets_less_to_do(temperature: float | None, throttled: bool | None, part: float) -> None:
    assert share(temperature, throttled) == pytest.approx(SHARE * part)


def test_the_cost_of_a_look_is_not_known_before_one() -> None:
    cost = Cost()
    cost.measure(0, 0.0)
    assert cost.seconds is None


def test_the_cost_of_a_look_follows_what_is_measured_and_no_single_measurement() -> None:
    cost = Cost()
    cost.measure(10, 0.2)
    assert cost.seconds == pytest.approx(0.02)
    cost.measure(1, 1.0)
    assert (cost.seconds or 1.0) < 0.5
    for _ in range(20):
        cost.measure(5, 0.2)
        cost.measure(0, 0.0)
    assert cost.seconds == pytest.approx(0.04, rel=0.05)
