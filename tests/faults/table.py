"""What came of each fault, from what came of its tests. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.faults.rows import Row

WORST = ("failed", "error", "skipped", "passed")
"""How a test may end, the worst first."""


def worst(ends: Sequence[str]) -> str:
    """The worst of the ends of one test: of its parameters, its set-up and its tearing down."""
    return min(ends, key=WORST.index)


def held(row: Row, ends: Mapping[str, str]) -> str:
    """Say in a word or two whether a fault was held. ends: by node id without parameters, of the tests that ran."""
    if not row.tests:
        return row.instead
    came = [ends.get(f"tests/{test}", "not run") for test in row.tests]
    if "failed" in came or "error" in came:
        return "NOT HELD"
    for lacking in ("skipped", "not run"):
        if lacking in came:
            return lacking if len(set(came)) == 1 else f"held, in part {lacking}"
    return f"held ({row.instead})" if row.instead else "held"


def table(rows: Sequence[Row], ends: Mapping[str, str]) -> list[str]:
    """The lines of the table: number, fault, how it was injected, whether it was held. Markdown, which reads well in a terminal too."""
    cells = [("#", "fault", "injected", "held"), *((row.number, row.fault, row.injected, held(row, ends)) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    rule = "| " + " | ".join("-" * width for width in widths) + " | --- |"

    def text(line: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(line[:3], widths, strict=True)) + f" | {line[3]} |"

    return [text(cells[0]), rule, *map(text, cells[1:])]
