"""Where the model looks while things move."""

from __future__ import annotations

import pytest

from monitor.classify.attention import MOST, Attention, overlap
from monitor.classify.resample import Box

CENTRE = Box(280, 0, 720, 720)
LEFT, MIDDLE, RIGHT = Box(0, 200, 300, 300), Box(500, 200, 300, 300), Box(980, 200, 300, 300)
CAT = {"cat": 0.35}


def test_without_movement_it_is_what_it_would_be_otherwise() -> None:
    assert Attention().squares(None, [CENTRE], {}) == [CENTRE]


def test_what_moves_is_looked_at() -> None:
    assert Attention().squares(LEFT, [CENTRE], {}) == [LEFT]


def test_as_long_as_nothing_is_seen_in_it_every_other_look_shows_what_it_would_be_otherwise_too() -> None:
    attention = Attention()
    shown = [attention.squares(LEFT, [CENTRE], {}) for _ in range(4)]
    assert shown == [[LEFT], [LEFT, CENTRE]] * 2
    attention.learn([LEFT, CENTRE], {"cat": [0.1, 0.8]}, CAT)
    assert [attention.squares(LEFT, [CENTRE], CAT) for _ in range(2)] == [[CENTRE, LEFT]] * 2


def test_a_square_is_kept_for_as_long_as_a_rule_follows_what_was_seen_there() -> None:
    attention = Attention()
    attention.learn(attention.squares(LEFT, [CENTRE], {}), {"cat": [0.9]}, CAT)
    assert attention.squares(None, [CENTRE], CAT) == [LEFT]
    assert attention.squares(None, [CENTRE], CAT) == [LEFT]
    assert attention.squares(None, [CENTRE], {}) == [CENTRE]
    assert attention.squares(None, [CENTRE], CAT) == [CENTRE], "it was let go"


def test_nothing_is_kept_for_rules_that_follow_nothing() -> None:
    attention = Attention()
    attention.learn(attention.squares(LEFT, [CENTRE], {}), {"cat": [0.9]}, {})
    assert attention.squares(None, [CENTRE], CAT) == [CENTRE]


def test_what_moves_elsewhere_is_looked_at_beside_it() -> None:
    attention = Attention()
    attention.learn([LEFT], {"car": [0.9]}, {"car": 0.3})
    assert attention.squares(RIGHT, [CENTRE], {"car": 0.3}) == [LEFT, RIGHT]


def test_a_thing_that_walks_takes_its_square_along() -> None:
    attention = Attention()
    attention.learn([LEFT], {"cat": [0.9]}, CAT)
    squares = attention.squares(MIDDLE, [CENTRE], CAT)
    attention.learn(squares, {"cat": [0.1, 0.8]}, CAT)
    assert attention.squares(None, [CENTRE], CAT) == [MIDDLE]


def test_a_thing_that_is_seen_nowhere_for_a_moment_is_waited_for_where_it_was() -> None:
    attention = Attention()
    attention.learn([LEFT], {"cat": [0.9]}, CAT)
    attention.learn(attention.squares(RIGHT, [CENTRE], CAT), {"cat": [0.1, 0.2]}, CAT)
    assert attention.squares(None, [CENTRE], CAT) == [LEFT]


def test_each_rule_keeps_its_own_square() -> None:
    attention = Attention()
    both = {"car": 0.3, "cat": 0.35}
    attention.learn([LEFT, RIGHT], {"car": [0.9, 0.1], "cat": [0.1, 0.7]}, both)
    assert attention.squares(None, [CENTRE], both) == [LEFT, RIGHT]
    assert attention.squares(None, [CENTRE], CAT) == [RIGHT]


def test_squares_that_are_nearly_one_are_looked_at_once() -> None:
    attention = Attention()
    attention.learn([LEFT], {"cat": [0.9]}, CAT)
    assert attention.squares(LEFT._replace(x=20), [CENTRE], CAT) == [LEFT]


def test_there_are_never_more_than_a_few_and_what_moves_is_among_them() -> None:
    attention = Attention()
    rules = {f"rule{number}": 0.3 for number in range(6)}
    boxes = [Box(200.0 * number, 0, 100, 100) for number in range(6)]
    scores = {rule: [0.9 if number == place else 0.0 for place in range(6)] for number, rule in enumerate(rules)}
    attention.learn(boxes, scores, rules)
    squares = attention.squares(RIGHT, [CENTRE], rules)
    assert len(squares) == MOST
    assert RIGHT in squares


@pytest.mark.parametrize(
    ("other", "share"),
    [(LEFT, 1.0), (RIGHT, 0.0), (Box(150, 200, 300, 300), 1 / 3), (Box(0, 200, 150, 150), 0.25), (Box(300, 200, 300, 300), 0.0)],
)
def test_overlap_is_the_common_part_of_both(other: Box, share: float) -> None:
    assert overlap(LEFT, other) == pytest.approx(share)
    assert overlap(other, LEFT) == pytest.approx(share)
