"""One camera's view against what it is usually: gone, another one, or blurred."""

from __future__ import annotations

import numpy as np

from monitor.gate.condition.averaging import Mean, Seen
from monitor.gate.condition.scene import Field, Scene, edges
from monitor.gate.condition.sharpness import Focus, Sharpness

_UNLIKE, _LIKE = 0.2, 0.3
"""Likeness below which it is another scene, and from which it is the same. Of photographs that have nothing in common, 99 pairs of 100
stay below 0.1; a truck over half of the picture leaves 0.4."""

_GONE, _BACK = 0.4, 0.6
"""Part of the edges' usual strength below which they are gone, and from which they are there."""

_BLURRED, _SHARP = 0.4, 0.55
"""Part of the usual fine detail below which it is blurred, and from which it is sharp."""

_NEAR = 25.0
"""Levels between two pictures without edges that are the same: a dark night is no white bag."""

_STEADY = 20.0
"""Seconds after which another view is known well enough to tell whether it stays."""

_SETTLED = 3600.0
"""Seconds after which it is the usual one."""


class _Usual:
    """What is usual by day, or at night."""

    def __init__(self, scene: Scene | None = None) -> None:
        self.scene = scene or Scene()
        self.focus = Focus()


class View:
    """Compares pictures with what is usual, and learns it.

    likeness: the part (0..1) of the scene that is what it was, None where that cannot be told; strength: of its edges, in proportion to
    the usual; sharpness: the same of its fine detail. blank: a picture without edges is usual, and this is as bright.
    """

    def __init__(self) -> None:
        self._usual = {False: _Usual(), True: _Usual()}  # by day, at night
        self._other = Scene()  # what is seen instead
        self._night = False
        self._field: Field = np.zeros((2, 1, 1), np.float32)
        self._strength = 0.0
        self._measured: Sharpness | None = None
        self._unmeasured = 0.0
        self._level = 0.0
        self.blank = False
        self.likeness: float | None = None
        self.strength = 1.0
        self.sharpness: float | None = None

    def see(self, mean: Mean, seen: Seen, level: float, measured: Sharpness | None, *, night: bool) -> None:
        """Compare a picture, averaged for seconds. seen: where no mask lies; level: its brightness; measured: its sharpness if it was."""
        self._night, self._level, self._measured = night, level, measured
        self._field, self._strength = edges(mean, seen)
        own, known = self._usual[night].scene, [usual.scene for usual in self._usual.values() if usual.scene.known]
        told = [likeness for scene in known if (likeness := scene.likeness(self._field)) is not None]
        self.blank = own.known and not own.textured and abs(level - own.level) <= _NEAR
        self.likeness = None if self.blank else max(told, default=None)
        usual = own.strength if own.known and own.textured else max((scene.strength for scene in known), default=0.0)
        self.strength = self._strength / usual if usual else 1.0
        if measured is not None:
            self.sharpness = self._usual[night].focus.left(measured) if own.known else None

    @property
    def there(self) -> bool:
        """Whether the usual view is there, however faint."""
        return self.likeness is not None and self.likeness >= _LIKE

    @property
    def recognised(self) -> bool:
        """Whether the usual view is there, and as strong as ever."""
        return self.there and self.strength >= _BACK

    @property
    def gone(self) -> bool | None:
        """Whether hardly any edges are left, and not those that were; None if in doubt."""
        if self._like or self.strength >= _BACK:
            return False
        return True if self.strength < _GONE else None

    @property
    def moved(self) -> bool | None:
        """Whether another view has taken its place and stays; None if in doubt."""
        if self._like or not self._usual[self._night].scene.known:
            return False
        return True if self._unlike and self.strength >= _GONE and self._steady else None

    @property
    def blurred(self) -> bool | None:
        """Whether fine detail is missing while the view is the usual one; None if in doubt."""
        if self.sharpness is None or not self._like or _BLURRED <= self.sharpness < _SHARP:
            return None
        return self.sharpness < _BLURRED

    def learn(self, seconds: float, *, faded: bool) -> None:
        """Let the picture seen last, which stands for so many seconds, become part of what is usual.

        One that is unlike does not, unless it has `faded` to nothing: that is what nights look like here.
        """
        usual = self._usual[self._night]
        self._unmeasured += seconds
        if usual.scene.known and not self._like and not (faded and self._night):
            return
        usual.scene.learn(self._field, self._strength, self._level, seconds)
        if self._measured is not None:
            usual.focus.learn(self._measured, self._unmeasured)
            self._unmeasured = 0.0

    def settle(self, seconds: float) -> bool:
        """Watch another view; tell whether it has stayed for so long that it is the usual one from now on."""
        if self._like or (self._other.learnt and not self._resembles_other):
            self._other = Scene()
        if self._like:
            return False
        self._other.learn(self._field, self._strength, self._level, seconds)
        if self._other.learnt < _SETTLED or self.strength < _GONE:
            return False
        self._usual = {self._night: _Usual(self._other), not self._night: _Usual()}
        self._other = Scene()
        return True

    @property
    def _like(self) -> bool:
        return self.likeness is None or self.likeness >= _LIKE

    @property
    def _unlike(self) -> bool:
        return self.likeness is not None and self.likeness < _UNLIKE

    @property
    def _steady(self) -> bool:
        return self._other.learnt >= _STEADY and self._resembles_other

    @property
    def _resembles_other(self) -> bool:
        return (self._other.likeness(self._field) or 0.0) >= _LIKE
