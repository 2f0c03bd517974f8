"""How far a long step is, for the person who waits: a bar in place on a terminal, else a line now and then."""

from __future__ import annotations

import sys

WIDTH = 24
"""Characters of the bar."""

LINES = 10
"""How many lines a step may take where they cannot be drawn over."""


class Bar:
    """Shows one thing after the other. To be closed, so that what is printed next begins on a line of its own."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = ""
        self._drawn = 0

    def show(self, what: str, done: int, total: int) -> None:
        """Tell that `done` of `total` are done."""
        share = done / max(total, 1)
        if self._terminal:
            filled = round(WIDTH * share)
            line = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {share:4.0%} {what}"
            if line != self._last:
                sys.stderr.write("\r" + line.ljust(self._drawn))
                self._drawn = len(line)
        else:
            line = f"{what}: {int(share * LINES) * 100 // LINES} %"
            if line != self._last:
                sys.stderr.write(line + "\n")
        self._last = line
        sys.stderr.flush()

    def close(self) -> None:
        """End the line of the bar."""
        if self._terminal and self._drawn:
            sys.stderr.write("\n")
            self._drawn = 0
