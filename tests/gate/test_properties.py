"""What holds of the looks that a camera gets, whatever it and the others do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.gate.duty import SHARE, SLOWEST, Demand, allowances, share
from monitor.gate.skip import SkipPolicy
from tests.strategies import quick

FASTEST = 20.0
STEPS = st.tuples(st.floats(0, 3), st.sampled_from(["frame"] * 6 + ["allow", "rest", "missing"]), st.floats(0.2, FASTEST))


@quick
@given(fps=st.floats(0.2, FASTEST), steps=st.lists(STEPS, max_size=150))
def test_whatever_is_allowed_meanwhile_there_are_never_more_looks_than_the_most_that_was(
    fps: float, steps: list[tuple[float, str, float]]
) -> None:
    policy, mono, most, wanted = SkipPolicy(1, fps), 1000.0, fps, list[float]()
    for seq, (gap, what, number) in enumerate(steps):
        mono += gap / FASTEST
        if what == "allow":
            policy.allow(number)
            most = max(most, number)
        elif what == "rest":
            policy.rest(number / FASTEST)
        elif what == "frame" and policy.wants(seq, mono):
            wanted.append(mono)
    for place, first in enumerate(wanted):
        for count, last in enumerate(wanted[place:], 1):
            # One slot may be filled late and the last one early, as without any changes.
            assert count <= (last - first) * most + 2.2


DEMANDS = st.builds(
    lambda fps, part, cost: Demand(fps, fps * part, cost), st.floats(0.01, 120), st.floats(0, 1), st.floats(0, 0.05) | st.floats(0, 10)
)


@quick
@given(
    demands=st.dictionaries(st.integers(0, 20).map(str), DEMANDS, max_size=12),
    temperature=st.none() | st.floats(-50, 150),
    throttled=st.none() | st.booleans(),
)
def test_what_cameras_take_of_their_allowances_is_within_the_share_of_any_board(
    demands: dict[str, Demand], temperature: float | None, throttled: bool | None
) -> None:
    part = share(temperature, throttled)
    assert 0 < part <= SHARE
    allowed = allowances(demands, part)
    assert allowed.keys() == demands.keys()
    busy = sum(min(demand.wanted, allowed[name]) * demand.cost for name, demand in demands.items())
    assert busy <= part * (1 + 1e-6) + sum(min(SLOWEST, demand.fps) * demand.cost for demand in demands.values())
    assert all(min(SLOWEST, demand.fps) <= allowed[name] <= demand.fps for name, demand in demands.items())


@quick
@given(demands=st.lists(DEMANDS, min_size=2, max_size=8))
def test_the_order_of_cameras_gives_nobody_more(demands: list[Demand]) -> None:
    there = allowances({f"{place}": demand for place, demand in enumerate(demands)}, SHARE)
    back = allowances({f"{place}": demands[place] for place in reversed(range(len(demands)))}, SHARE)
    assert all(abs(there[name] - back[name]) <= 1e-9 * there[name] for name in there)
