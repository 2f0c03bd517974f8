"""Why a rule is as it is, in words for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.values import Place

if TYPE_CHECKING:
    from tests.decide.conftest import Stage


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("-", "nothing was looked at yet"),
        ("49", "0.49 is below 0.50"),
        ("49 90", "1 of 2 looks at or above 0.50"),
        ("90 80", "0.80 is not below 0.35"),
        ("90 90 20 20", "0.20 is below 0.35: OFF in 3 s if it stays away"),
        ("90 90 10*6", "0.10 is below 0.50"),
        ("90 90 10*6 90 90", "there, but silent for 57 s more: it was here a moment ago"),
        ("90 90 !black", "unknown until the next look"),
    ],
)
def test_a_rule_says_why_it_is_as_it_is(stage: type[Stage], script: str, reason: str) -> None:
    played: Any = stage()
    played.play(script)
    assert played.decider.reasons(played.clock.now()) == {Place("porch", "frame", "cat"): reason}
