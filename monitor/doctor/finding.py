"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. WARNING: the daemon works, but not as well or as long as it should; PROBLEM: something is not done."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. what: was looked at; told: how it is; remedy: what to do, "" if nothing, or if `told` says so already."""

    level: Level
    what: str
    told: str
    remedy: str = ""


def ok(what: str, told: str, remedy: str = "") -> Finding:
    """All is well; remedy: what could still be better."""
    return Finding(Level.OK, what, told, remedy)


def warning(what: str, told: str, remedy: str = "") -> Finding:
    """Something that will be missed some day."""
    return Finding(Level.WARNING, what, told, remedy)


def problem(what: str, told: str, remedy: str = "") -> Finding:
    """Something that is missed now."""
    return Finding(Level.PROBLEM, what, told, remedy)
