"""The list of faults is whole, and what it says is so."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.faults.rows import ROWS, Row
from tests.faults.table import held, table, worst

TESTS = Path(__file__).parents[1]
A_ROW = Row("1", "fault", "how", "what", ("a.py::test_a", "b.py::test_b"))


def functions(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """The names of the functions that a module defines, also where it defines them under a condition only."""
    for statement in statements:
        match statement:
            case ast.FunctionDef(name):
                yield name
            case ast.If(body=body, orelse=orelse):
                yield from functions([*body, *orelse])


@cache
def defined_in(file: str) -> list[str]:
    """The names of the tests in a file below tests/, as pytest would find them; none if it would not look there."""
    path = TESTS / file
    if not path.is_file() or not path.match("test_*.py"):
        return []
    return [name for name in functions(ast.parse(path.read_text()).body) if name.startswith("test_")]


def test_every_fault_is_there_once() -> None:
    numbers = [row.number for row in ROWS]
    assert numbers == sorted({*map(str, range(1, 48)), "45b"}, key=lambda number: (int(number.rstrip("b")), number))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_every_fault_has_tests_that_exist_or_a_reason(row: Row) -> None:
    assert row.tests or row.instead
    for test in row.tests:
        file, _, name = test.partition("::")
        assert defined_in(file).count(name) == 1, test


def test_only_what_pytest_would_run_counts_as_a_test() -> None:
    module = """
def test_one(): ...
if FULL:
    def test_two():
        def test_within(): ...
else:
    def helper(): ...
text = 'def test_quoted(): ...'
# def test_no_more(): ...
"""
    assert list(functions(ast.parse(module).body)) == ["test_one", "test_two", "helper"]


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("passed", "passed", "held"),
        ("passed", "failed", "NOT HELD"),
        ("error", "skipped", "NOT HELD"),
        ("passed", "skipped", "held, in part skipped"),
        ("skipped", "skipped", "skipped"),
        ("passed", None, "held, in part not run"),
        (None, None, "not run"),
    ],
)
def test_a_fault_is_held_where_all_its_tests_passed(a: str | None, b: str | None, said: str) -> None:
    ends = {f"tests/{test}": end for test, end in zip(A_ROW.tests, (a, b), strict=True) if end}
    assert held(A_ROW, ends) == said


def test_of_a_test_the_worst_end_counts() -> None:
    assert worst(["passed", "failed", "skipped"]) == "failed"


def test_the_table_has_a_line_for_each_fault() -> None:
    assert [line.split("|")[1].strip() for line in table(ROWS, {})[2:]] == [row.number for row in ROWS]


def test_the_readme_shows_the_table() -> None:
    readme = (TESTS.parent / "README.md").read_text()
    shown = readme.partition("## What it withstands")[2].partition("\n## ")[0].splitlines()
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|"))[:3] for line in shown if line.startswith("| ") and line[2].isdigit()]
    assert rows == [(row.number, row.fault, row.injected) for row in ROWS]
