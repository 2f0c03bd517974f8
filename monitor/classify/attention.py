"""Which squares of a camera's whole picture are looked at while things move in it: the view `motion`.

The square around the movement is looked at. Where a rule saw something there, its square is kept for as long as the rule is ON or on its
way there, for things stand still; what moves elsewhere meanwhile is looked at beside it, and a rule scores what it scores best. So a thing
that walks takes its square along, and a parked car hides no cat. As long as no rule sees anything in what moves, every other look shows
what would be looked at without movement, too: of a thing that fills the picture maybe only a part is seen to move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.classify.resample import Box

MOST = 3
"""Squares looked at in one picture: each costs an inference."""

ALIKE = 0.6
"""Two squares are one and the same from this share of common area (intersection over union) on."""


class Attention:
    """That of one camera. Boxes are squares in pixels of its picture."""

    def __init__(self) -> None:
        self._kept: dict[str, Box] = {}
        self._searched = False

    def squares(self, movement: Box | None, otherwise: Sequence[Box], followed: Mapping[str, float]) -> list[Box]:
        """Give the squares to look at.

        movement: the square around what moves, if anything does. otherwise: what to look at if there is nothing. followed: the rules that
        have an eye on something, each with the score at which it is still there.
        """
        self._kept = {rule: box for rule, box in self._kept.items() if rule in followed}
        squares: list[Box] = []
        for box in [*self._kept.values(), *([movement] if movement else [])]:
            if not any(overlap(box, other) >= ALIKE for other in squares):
                squares.append(box)
        if not self._kept:
            self._searched = bool(movement) and not self._searched
            squares += [] if self._searched else otherwise
        return squares[-MOST:]

    def learn(self, squares: Sequence[Box], scores: Mapping[str, Sequence[float]], followed: Mapping[str, float]) -> None:
        """Keep, for each rule that follows something, the square in which it saw it best. scores: by rule, one for each square."""
        for rule, release in followed.items():
            best = max(range(len(squares)), key=scores[rule].__getitem__)
            if scores[rule][best] >= release:
                self._kept[rule] = squares[best]


def overlap(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union, 0..1."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    common = max(0.0, width) * max(0.0, height)
    return common / (one.width * one.height + other.width * other.height - common)
