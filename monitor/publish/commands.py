"""What others ask of the daemon over MQTT, read from topics and payloads. Pure.

Whatever arrives becomes a command that makes sense for this configuration, or a `CommandError` that can be answered. Topics hold
slugs, commands hold configured names.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from monitor.config.faults import plain
from monitor.config.slug import slug
from monitor.errors import MonitorError
from monitor.publish.topics import Topics

MAX_PAYLOAD = 4096
"""Bytes of a command's payload."""

MAX_DEPTH = 8
"""Objects and lists within each other in a request."""

MAX_TRANSACTION = 128
"""Characters of a transaction."""

DEFAULT = "default"
"""The threshold that the configuration says."""

LEVELS = ("debug", "info", "warning", "error")
REQUESTS = ("health_check", "info", "reload", "restart", "classify")

Transaction = str | int | float | None
"""What whoever asks knows the answer by."""

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_WORD = re.compile(r"[a-z0-9_]{1,64}")
_TOO_DEEP = f"more than {MAX_DEPTH} objects and lists within each other"


@dataclass(frozen=True, slots=True)
class SetDetect:
    """Look at a camera, or do not."""

    camera: str
    on: bool


@dataclass(frozen=True, slots=True)
class SetThreshold:
    """Move the threshold of a rule on one camera. value: 0 < value <= 1, or None for what the configuration says."""

    camera: str
    rule: str
    value: float | None


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Show a picture of a camera now."""

    camera: str


@dataclass(frozen=True, slots=True)
class SetLogLevel:
    """Log from this level on: one of `LEVELS`."""

    level: str


@dataclass(frozen=True, slots=True)
class Request:
    """Do something and answer. name: one of `REQUESTS`. data: what came with it; of `classify`, `camera` is a configured name."""

    name: str
    transaction: Transaction
    data: Mapping[str, object]


Command = SetDetect | SetThreshold | TakeSnapshot | SetLogLevel | Request


class CommandError(MonitorError):
    """A command that makes no sense; the message is for whoever sent it.

    response: the name under `bridge/response/` where to answer. transaction: to be sent back, None if none could be read.
    """

    def __init__(self, message: str, topic: str, response: str, transaction: Transaction) -> None:
        super().__init__(message)
        self.topic = topic
        self.response = response
        self.transaction = transaction


class CommandReader:
    """Knows which commands there are. rules: the names of each camera's rules, by the camera's name."""

    def __init__(self, topics: Topics, rules: Mapping[str, Collection[str]]) -> None:
        self._topics = topics
        self._cameras = {slug(camera): camera for camera in rules}
        self._rules = {camera: {slug(rule): rule for rule in names} for camera, names in rules.items()}

    def subscriptions(self) -> list[str]:
        """Give the topics on which commands come."""
        base = self._topics.base
        per_camera = [f"{base}/+/detect/set", f"{base}/+/threshold/+/set", f"{base}/+/snapshot/set"]
        return [*per_camera, f"{self._topics.log_level}/set", self._topics.request("+")]

    def read(self, topic: str, payload: bytes) -> Command:
        """Understand a message. Raises CommandError, and nothing else, for one that makes no sense."""
        base = f"{self._topics.base}/"
        levels = topic.removeprefix(base).split("/") if topic.startswith(base) else []
        try:
            return self._command(levels, payload)
        except _RefusedError as refused:
            raise CommandError(str(refused), topic, _response(levels), _transaction_in(payload)) from refused

    def _command(self, levels: list[str], payload: bytes) -> Command:
        if len(payload) > MAX_PAYLOAD:
            raise _RefusedError(f"too large: {len(payload)} bytes, and a command has at most {MAX_PAYLOAD}")
        match levels:
            case ["bridge", "log_level", "set"]:
                return SetLogLevel(_one_of(_text(payload).lower(), LEVELS, "log level"))
            case ["bridge", "request", name]:
                return self._request(name, payload)
            case [camera, "detect", "set"]:
                return SetDetect(self._camera(camera), _switch(_text(payload)))
            case [camera, "threshold", rule, "set"]:
                name = self._camera(camera)
                return SetThreshold(name, _one_of(rule, self._rules[name], f"rule of {name}"), _threshold(_text(payload)))
            case [camera, "snapshot", "set"]:
                return TakeSnapshot(self._camera(camera))
        raise _RefusedError("there is no such command")

    def _camera(self, level: str) -> str:
        return _one_of(level, self._cameras, "camera")

    def _request(self, name: str, payload: bytes) -> Request:
        _one_of(name, REQUESTS, "request")
        data = dict(_object(payload))
        sent = data.pop("transaction", None)
        transaction = _transaction(sent)
        if transaction is None and sent is not None:
            raise _RefusedError(f"`transaction` must be a string or a number of at most {MAX_TRANSACTION} characters")
        if name == "classify":
            camera = data.get("camera")
            if not isinstance(camera, str):
                raise _RefusedError(f'needs {{"camera": NAME}}, one of: {_listed(self._rules)}')
            data["camera"] = camera if camera in self._rules else self._camera(camera)
        return Request(name, transaction, data)


class _RefusedError(ValueError):
    """What is wrong with a command."""


def _one_of(given: str, known: Mapping[str, str] | tuple[str, ...], what: str) -> str:
    """Give what is known by this word."""
    if given not in known:
        names = known.values() if isinstance(known, Mapping) else known
        raise _RefusedError(f"no {what} '{plain(given)}'; there are: {_listed(names)}")
    return known[given] if isinstance(known, Mapping) else given


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _text(payload: bytes) -> str:
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        raise _RefusedError("must be text in UTF-8") from None


def _switch(text: str) -> bool:
    if text.upper() not in ("ON", "OFF"):
        raise _RefusedError(f"must be ON or OFF, not '{plain(text)}'")
    return text.upper() == "ON"


def _threshold(text: str) -> float | None:
    if text.lower() == DEFAULT:
        return None
    if not _DECIMAL.fullmatch(text) or not 0 < float(text) <= 1:
        raise _RefusedError(f"a threshold is a number above 0 and at most 1, such as 0.5, or the word {DEFAULT}; not '{plain(text)}'")
    return float(text)


def _object(payload: bytes) -> Mapping[str, object]:
    """Read a JSON object; nothing at all is an empty one."""
    text = _text(payload) or "{}"
    try:
        content = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise _RefusedError(_TOO_DEEP) from None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _RefusedError(f"a request is empty or a JSON object such as {{}}, not '{plain(text)}'")
    if _is_deep(content):
        raise _RefusedError(_TOO_DEEP)
    return content


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _is_deep(content: object) -> bool:
    layer = [content]
    for _ in range(MAX_DEPTH):
        layer = [inner for outer in layer for inner in _within(outer) if isinstance(inner, dict | list)]
    return bool(layer)


def _within(content: object) -> Iterable[object]:
    if isinstance(content, dict):
        return content.values()
    return content if isinstance(content, list) else ()


def _response(levels: list[str]) -> str:
    match levels:
        case ["bridge", "request", name]:
            return name if _WORD.fullmatch(name) else "unknown"
        case [*_, "set"]:
            return "set"
    return "unknown"


def _transaction_in(payload: bytes) -> Transaction:
    """Give what a refused command is answered with: its transaction, if it has a sensible one."""
    try:
        return _transaction(_object(payload).get("transaction")) if len(payload) <= MAX_PAYLOAD else None
    except _RefusedError:
        return None


def _transaction(sent: object) -> Transaction:
    """Give a transaction that may be sent back, None for anything else."""
    if isinstance(sent, bool) or not isinstance(sent, str | int | float) or len(str(sent)) > MAX_TRANSACTION:
        return None
    return sent
