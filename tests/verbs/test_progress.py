from __future__ import annotations

import sys
from io import StringIO

import pytest

from monitor.verbs.progress import LINES, WIDTH, Bar


class Stream(StringIO):
    """A stderr that says whether it is a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def shown(monkeypatch: pytest.MonkeyPatch, *steps: tuple[str, int, int], terminal: bool) -> str:
    """What is written for these steps, each (what, done, total)."""
    stream = Stream(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    bar = Bar()
    for step in steps:
        bar.show(*step)
    bar.close()
    return stream.getvalue()


def test_on_a_terminal_the_bar_is_drawn_in_place_and_ended_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, ("reading", 0, 4), ("reading", 1, 4), ("reading", 4, 4), terminal=True)
    assert text == (
        f"\r[{'.' * WIDTH}]   0% reading\r[{'#' * (WIDTH // 4)}{'.' * (WIDTH - WIDTH // 4)}]  25% reading\r[{'#' * WIDTH}] 100% reading\n"
    )


def test_a_shorter_line_leaves_nothing_of_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _, long, short = shown(monkeypatch, ("reading pictures", 1, 2), ("all", 1, 2), terminal=True).split("\r")
    assert len(short.rstrip("\n")) == len(long)
    assert short.rstrip().endswith("50% all")


def test_what_has_not_changed_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, *[("reading", number, 100_000) for number in range(100)], terminal=True).count("\r") == 1


def test_elsewhere_there_is_a_line_for_each_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, *[("reading", number, 1000) for number in range(1001)], terminal=False)
    assert text.splitlines() == [f"reading: {10 * tenth} %" for tenth in range(LINES + 1)]
    assert "\r" not in text


def test_each_thing_has_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, ("one", 0, 9), ("two", 1, 9), ("three", 9, 9), terminal=False)
    assert text == "one: 0 %\ntwo: 10 %\nthree: 100 %\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_to_do_is_no_error_and_nothing_shown_writes_nothing(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    assert "0" in shown(monkeypatch, ("reading", 0, 0), terminal=terminal)
    assert shown(monkeypatch, terminal=terminal) == ""


def test_after_a_message_the_bar_begins_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)
    bar = Bar()
    bar.show("reading", 1, 2)
    bar.close()
    stream.write("left out\n")
    bar.show("reading", 2, 2)
    bar.close()
    bar.close()
    first, second = stream.getvalue().split("left out\n")
    assert first.endswith("reading\n")
    assert second.endswith("100% reading\n")
