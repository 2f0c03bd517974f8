"""A thing wrong with a configuration, while it still knows its place as a path of keys and list positions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Where = tuple[str | int, ...]
"""The way from the top of the file to a value: `("cameras", "porch", "fps")`, `("rules", 0, "label")`."""

LONGEST_SHOWN = 60
"""Characters of a value or name that a message repeats: enough to find it again, however long it is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place. line: 1-based, where it is not simply the line of the key."""

    where: Where
    message: str
    line: int | None = None


class SectionFaultsError(ValueError):
    """Keys of one section that do not go together: (key, message) pairs."""

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{key} {message}" for key, message in self.faults))


def plain(text: str) -> str:
    """Make `text` fit for a terminal: one line, nothing invisible, not endless."""
    cut = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def dotted(where: Where) -> str:
    """Write a path as people do: `cameras.porch.zones.drive[0][1]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{plain(part)}" for part in where).removeprefix(".")
