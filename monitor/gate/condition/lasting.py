"""What counts only once it has lasted: a state that neither a flicker raises nor a flicker ends."""

from __future__ import annotations


class Lasting:
    """Raised by `after` seconds of bad sights in a row, ended by `until` seconds of good ones. Doubtful sights change nothing."""

    def __init__(self, after: float, until: float) -> None:
        self._after = after
        self._until = until
        self._against = 0.0  # seconds of sights that speak against the present state
        self.on = False

    @property
    def quiet(self) -> bool:
        """Whether nothing is wrong and the latest sight did not look like it either."""
        return not self.on and self._against == 0.0

    def see(self, bad: bool | None, seconds: float) -> None:
        """Take note of a sight that stands for the `seconds` since the one before. bad: None if in doubt."""
        if bad is None:
            return
        if bad is self.on:
            self._against = 0.0
            return
        self._against += seconds
        if self._against >= (self._until if self.on else self._after):
            self.on = bad
            self._against = 0.0
