"""Files by local date, `ROOT/YYYY-MM-DD/NAME`: written whole or not at all, and bounded in age, size and what they leave free."""

from __future__ import annotations

import logging
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.clock import iso

log = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_UNFINISHED = ".unfinished"

_SHARE = 10  # one file in so many goes per sweep, at most
_FEWEST = 20
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """keep: seconds; max_size: bytes of all files together; min_free: bytes to be left free on the disk."""

    keep: float
    max_size: int
    min_free: int


class DatedFolder:
    """The files of one kind; others may lie beside them. A disk that refuses is not an error: the log says so once.

    section, what: of the configuration, and what the files are, for the log. name: matches the names of such files.
    """

    def __init__(self, root: Path, section: str, what: str, name: str, limits: Limits) -> None:
        self._root = root
        self._section = section
        self._what = what
        self._name = re.compile(name)
        self._limits = limits
        self._trouble = ""

    def save(self, wall: float, name: str, data: bytes) -> Path | None:
        """Write a file under the date of `wall` (Unix seconds) and give its path, or None if the disk is nearly full, or refuses."""
        path = self._root / iso(wall)[:10] / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(path.parent).free
            if free < self._limits.min_free:
                self._tell(f"fewer than {self._limits.min_free / 1e6:.0f} MB free (snapshots.min_free)")
                return None
            _write(path, data)
        except OSError as error:
            self._tell(error.strerror or str(error))
            return None
        self._tell("")
        return path

    def find(self, name: str) -> Path | None:
        """The file of that name, whatever its date, or None if there is none (any more)."""
        return next(self._root.glob(f"*/{name}"), None)

    def sweep(self, wall: float) -> int:
        """Delete the oldest files past `keep`, beyond `max_size` or in the way of `min_free`, as of `wall` (Unix seconds).

        Returns how many went.

        A part of them per call, at most a tenth, so that a clock that jumped ahead does not take them all before someone
        notices; to be called now and then (every quarter of an hour). Files it cannot delete stay until the next call.
        """
        try:
            found = sorted(self._files())
            total = sum(size for _, _, size in found)
            lacking = self._limits.min_free - shutil.disk_usage(self._root).free if found else 0
            gone = 0
            for written, path, size in found[: min(max(len(found) // _SHARE, _FEWEST), _MOST)]:
                if wall - written <= self._limits.keep and total <= self._limits.max_size and lacking <= 0:
                    break
                path.unlink(missing_ok=True)
                total -= size
                lacking -= size
                gone += 1
            self._tidy(today=iso(wall)[:10])
        except OSError as error:
            log.warning("%s: cannot clear old %s out of %s: %s", self._section, self._what, self._root, error.strerror or error)
            return 0
        return gone

    def _files(self) -> Iterator[tuple[float, Path, int]]:
        """Yield (written, path, bytes) of what is ours here."""
        for file in self._entries():
            if self._name.fullmatch(file.name):
                facts = file.lstat()
                if stat.S_ISREG(facts.st_mode):
                    yield facts.st_mtime, file, facts.st_size

    def _entries(self) -> Iterator[Path]:
        for day in self._days():
            with suppress(FileNotFoundError):  # whoever keeps another kind of file here clears empty days as well
                yield from list(day.iterdir())

    def _days(self) -> list[Path]:
        if not self._root.is_dir():
            return []
        return sorted(day for day in self._root.iterdir() if _DAY.fullmatch(day.name) and day.is_dir() and not day.is_symlink())

    def _tidy(self, today: str) -> None:
        """Remove what a killed run left half written, and days that are empty but today, which is about to be written to."""
        for file in self._entries():
            if file.name.endswith(_UNFINISHED) and self._name.fullmatch(file.name.removesuffix(_UNFINISHED)):
                file.unlink(missing_ok=True)
        for day in self._days():
            if day.name != today:
                with suppress(OSError):  # it is not empty
                    day.rmdir()

    def _tell(self, trouble: str) -> None:
        """Log that files can no longer be kept, or can again, once per change."""
        if trouble != self._trouble:
            if trouble:
                log.warning("%s: no %s are kept in %s: %s", self._section, self._what, self._root, trouble)
            else:
                log.info("%s: %s are kept in %s again", self._section, self._what, self._root)
        self._trouble = trouble


def is_id(alert_id: str) -> bool:
    """Whether an alert's id can be part of a file name, and leads nowhere else."""
    return _ID.fullmatch(alert_id) is not None


def check_id(alert_id: str) -> str:
    """Return an alert's id. Raises ValueError if it cannot be part of a file name."""
    if not is_id(alert_id):
        raise ValueError(f"not an id for a file name: {alert_id!r}")
    return alert_id


def _write(path: Path, data: bytes) -> None:
    """Put a whole file in place or nothing."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
