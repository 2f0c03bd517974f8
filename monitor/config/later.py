"""Keys that are part of the schema but whose part is not built yet. Writing one is no error; it is said once."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config.document import Document
from monitor.config.faults import Where

ANY = "*"

LATER: tuple[tuple[Where, tuple[object, ...]], ...] = (
    (("web",), ()),
    (("cameras", ANY, "motion"), ()),
    (("cameras", ANY, "view"), ("centre", "letterbox")),
)
"""Path (`*`: any key) and the values with which the key already does what it says; so does a section with `enabled: false`."""


def written_too_early(document: Document) -> Iterator[Where]:
    """Yield the path of each key in the file whose part is not built yet."""
    for where in document.lines:
        for pattern, working in LATER:
            if len(where) == len(pattern) and all(wanted in (ANY, part) for wanted, part in zip(pattern, where, strict=True)):
                value = document.value_at(where)
                off = isinstance(value, dict) and (not value or value.get("enabled") is False)
                if value is not None and value not in working and not off:
                    yield where
