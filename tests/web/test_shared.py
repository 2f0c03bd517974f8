from __future__ import annotations

from itertools import count

from monitor.clock import ManualClock
from monitor.web.shared import Shared


def test_all_who_ask_within_the_interval_get_what_was_made_once(clock: ManualClock) -> None:
    numbers = count()
    shared = Shared(lambda: next(numbers), 0.5, clock)
    assert [shared.get(), shared.get()] == [0, 0]
    clock.advance(0.49)
    assert shared.get() == 0
    clock.advance(0.01)
    assert [shared.get(), shared.get()] == [1, 1]
