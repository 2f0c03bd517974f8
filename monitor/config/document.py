"""A YAML text as plain data that still knows the line of each value and how it was written.

Stricter than YAML, because each leniency is a trap in a configuration: only true and false are booleans (off, no and on are
words), there are no octal, sexagesimal or underscored numbers and no dates, a key stands once, and there are no anchors and
aliases: a password such as `&secret` would silently become nothing, and a page of aliases can fill the memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from monitor.config.faults import Fault, Where, plain
from monitor.config.fill import content_of, expand
from monitor.config.syntax import explain_syntax

FILE_TAG = "!file"

_DEEPEST = 30
_TAGGED = "must not begin with ! (only `!file PATH` is known); put it in quotes if it is a value"
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, object] = {
    **dict.fromkeys(("", "~", "null")),
    "true": True,
    "false": False,
    ".nan": float("nan"),
    ".inf": float("inf"),
    "-.inf": float("-inf"),
}

UNKNOWN = object()
"""Stands where a value could not be had: no type accepts it, and what follows from that is not reported a second time."""


class NotYamlError(Exception):
    """The text cannot be read at all. line: 1-based, where it is known."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class Document:
    """What a file says. written: how a value that stands elsewhere is written (`${NAME}`, `!file PATH`)."""

    data: object = None
    lines: dict[Where, int] = field(default_factory=dict)
    written: dict[Where, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line_of(self, where: Where) -> int | None:
        """Return the line of the value at `where`, or of the nearest thing around it that is written."""
        return next((self.lines[where[:end]] for end in range(len(where), -1, -1) if where[:end] in self.lines), None)

    def is_known(self, where: Where) -> bool:
        """Tell whether everything down to `where` could be read; what follows from an unreadable value is not worth a line."""
        return not any(self.value_at(where[:end]) is UNKNOWN for end in range(len(where) + 1))

    def value_at(self, where: Where) -> object:
        """Return the value at `where`, or None where nothing is written."""
        found = self.data
        for part in where:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                return None
        return found


def parse(text: str, folder: Path, environ: Mapping[str, str]) -> Document:
    """Turn YAML into a document; `folder` is where relative `!file` paths begin. Faults of single values are collected in it.

    NotYamlError: the text as a whole is not YAML.
    """
    builder = _Builder(text, folder, environ)
    try:
        builder.run()
    except (yaml.YAMLError, ValueError) as error:  # ValueError: PyYAML's own bug with "\U00110000"
        raise NotYamlError(*explain_syntax(error, text)) from None
    return builder.document


class _Builder:
    """Turns PyYAML's events into data; its composer and constructor, which bring YAML's leniencies, are left out."""

    def __init__(self, text: str, folder: Path, environ: Mapping[str, str]) -> None:
        self.document = Document()
        self._events = yaml.parse(text, yaml.SafeLoader)
        self._folder = folder
        self._environ = environ

    def run(self) -> None:
        """Read the whole text."""
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if self.document.lines:
                    raise NotYamlError("is not YAML: a second document (---); this file holds one", _line(event))
                self.document.data = self._build(next(self._events), ())

    def _build(self, event: yaml.Event, where: Where) -> object:
        """Build the value that begins with `event`."""
        line = _line(event)
        self.document.lines.setdefault(where, line)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise NotYamlError("is not YAML as used here: a value that begins with & or * (anchors and aliases): put it in quotes", line)
        if len(where) > _DEEPEST:
            raise NotYamlError("is not YAML as used here: more levels inside each other than a configuration has", line)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, where)
        value = self._mapping(where) if isinstance(event, yaml.MappingStartEvent) else self._sequence(where)
        tagged = isinstance(event, yaml.CollectionStartEvent) and event.tag is not None
        return self._fault(where, _TAGGED) if tagged else value

    def _sequence(self, where: Where) -> list[object]:
        data: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            data.append(self._build(event, (*where, len(data))))
        return data

    def _mapping(self, where: Where) -> dict[str, object]:
        data: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent) or event.anchor or _unfit(event.value):
                self._build(event, (*where, ""))
                self._build(next(self._events), (*where, ""))
                self.document.faults.append(Fault(where, "has a key that is not plain text", line))
                continue
            following = next(self._events)
            if _at(following) == _at(event, end=True):
                # The word may be what follows the comma of a password: it is not repeated.
                self._build(following, (*where, ""))
                self.document.faults.append(Fault(where, "has a word without a colon: a value with a comma in it must be in quotes", line))
                continue
            key = (*where, event.value)
            first = self.document.lines.setdefault(key, line)
            value = self._build(following, key)
            if event.value in data:
                self.document.faults.append(Fault(key, f"is written twice, in line {first} and line {line}", line))
            else:
                data[event.value] = value
        return data

    def _scalar(self, event: yaml.ScalarEvent, where: Where) -> object:
        if event.tag not in (None, FILE_TAG):
            return self._fault(where, _TAGGED)
        if unfit := _unfit(event.value):
            return self._fault(where, f"must not hold {unfit}")
        value: object = event.value if event.style or event.tag else _typed(event.value)
        if not isinstance(value, str):
            return value
        try:
            found = content_of(value, self._folder, self._environ) if event.tag else expand(value, self._environ)
        except ValueError as error:
            return self._fault(where, f"{error}")
        if event.tag or found != value:
            self.document.written[where] = f"{FILE_TAG} {value}" if event.tag else value
        if unfit := _unfit(found):
            return self._fault(where, f"must not hold {unfit}")
        return found

    def _fault(self, where: Where, message: str) -> object:
        self.document.faults.append(Fault(where, message))
        return UNKNOWN


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _at(event: yaml.Event, *, end: bool = False) -> int | None:
    mark = event.end_mark if end else event.start_mark
    return mark.index if mark else None


def _typed(text: str) -> object:
    """Give a word without quotes its type."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _unfit(text: str) -> str:
    """Name what makes `text` unfit to be stored, sent or printed; "" if it is fit."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        return "bytes or escapes that are not Unicode text"
    controls = [c for c in text if c < " " and c not in "\n\t"]
    return f"the control character {plain(controls[0])}" if controls else ""
