"""What can go wrong, by what it means for the person at the keyboard.

A message says what is wrong, where, and what to do. Deeper code only raises; `app.py` has the one table from family to exit code,
and the workers decide what is retried. Anything that is not a `MonitorError` is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MonitorError(Exception):
    """Everything the daemon can explain: shown as one line, without a traceback."""


class UsageError(MonitorError):
    """The command line asks for something that does not make sense."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration.

    where: the dotted path of the key (`cameras.porch.fps`), or "" for the file as a whole. line: 1-based, None if unknown.
    """

    where: str
    message: str
    line: int | None = None


class ConfigError(MonitorError):
    """The configuration is missing, unreadable or invalid. Carries every problem at once."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> list[str]:
        return [": ".join(filter(None, (f"{self.file}:{p.line}" if p.line else self.file, p.where, p.message))) for p in self.problems]


class WeightsError(MonitorError):
    """A model's file is missing, damaged or not what its card says."""


class WeightsRefusedError(MonitorError):
    """`weights import` will not have a file, or `weights quantize` found that its own is not worth keeping."""


class DownloadError(MonitorError):
    """A file could not be fetched: no network, refused, or not what was promised."""


class ModelFaultError(MonitorError):
    """A model gave numbers that are not scores (NaN or infinite). A fault, never a detection."""


class PictureError(MonitorError):
    """An image or a video is missing, or cannot be decoded. `reason`: damaged, format (it is nothing that we read) or size (too large)."""

    def __init__(self, message: str, reason: str = "damaged") -> None:
        super().__init__(message)
        self.reason = reason


class CameraError(MonitorError):
    """A camera cannot be opened or read. `reason` is machine-readable, the message is for people and holds no secret."""

    def __init__(self, message: str, reason: str = "lost") -> None:
        super().__init__(message)
        self.reason = reason


class StorageError(MonitorError):
    """The history cannot be opened, read or written."""


class HistoryRefusedError(StorageError):
    """The history is sound but not ours to write: another run holds it, a newer version wrote it, or it is another program's."""


class BrokerError(MonitorError):
    """The embedded broker cannot be started."""


class BusyError(MonitorError):
    """Too many ask for the same thing, or the daemon stops; to be asked again later."""
