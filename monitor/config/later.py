"""Sections that are part of the schema but whose part is not built yet. Writing one is no error; it is said once."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config.document import Document
from monitor.config.faults import Where

LATER: tuple[Where, ...] = (("web",),)


def written_too_early(document: Document) -> Iterator[Where]:
    """Yield the path of each section in the file whose part is not built yet, unless it is empty or has `enabled: false`."""
    for where in LATER:
        value = document.value_at(where) if where in document.lines else None
        if value and not (isinstance(value, dict) and value.get("enabled") is False):
            yield where
