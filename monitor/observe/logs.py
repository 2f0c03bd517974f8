"""Where log lines go and what they look like: text for people, priorities for journald, JSON for machines.

Every line passes the redactor and the repeat filter. A log file that cannot be opened or written is no reason to stop watching.
"""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import os
from collections.abc import Iterable, Mapping
from typing import TextIO

from monitor.clock import Clock, iso
from monitor.config.schema import LoggingSettings
from monitor.observe.redact import Redactor
from monitor.observe.repeats import RepeatFilter

log = logging.getLogger(__name__)

FILE_BYTES = 10_000_000
FILES = 5

_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class LineFormatter(logging.Formatter):
    """One record as one line (and a line for each line of a traceback), clean.

    journald: lines begin with `<priority>` and leave out the time, which the journal knows. terminal: for someone who watches: the
    time of day, and neither thread nor module.
    """

    def __init__(self, redactor: Redactor, *, as_json: bool = False, journald: bool = False, terminal: bool = False) -> None:
        super().__init__()
        self._redactor = redactor
        self._as_json = as_json
        self._journald = journald
        self._terminal = terminal

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished text, without a line end."""
        lines = self._json(record) if self._as_json else self._text(record)
        if self._journald:
            prefix = f"<{_PRIORITIES.get(record.levelno, 6)}>"
            lines = [prefix + line for line in lines]
        return "\n".join(lines)

    def _text(self, record: logging.LogRecord) -> list[str]:
        if self._terminal:
            head = f"{iso(record.created)[11:19]} {record.levelname:<7} {self._message(record)}"
        else:
            head = f"[{self._redactor.clean(record.threadName or '?')}] {record.name}: {self._message(record)}"
            if not self._journald:
                head = f"{iso(record.created)} {record.levelname:<7} {head}"
        # The bar keeps a line of a traceback, which may quote anything, from passing for a line of log.
        return [head, *(f"    | {line}" for line in self._traceback(record))]

    def _json(self, record: logging.LogRecord) -> list[str]:
        fields: dict[str, object] = {
            "time": iso(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": self._redactor.clean(record.threadName or "?"),
            "message": self._message(record),
        }
        if trace := self._traceback(record):
            fields["traceback"] = trace
        return [json.dumps(fields)]

    def _message(self, record: logging.LogRecord) -> str:
        repeated = getattr(record, "repeated", 0)
        return self._redactor.clean(record.getMessage()) + (f" (and {repeated} more times)" if repeated else "")

    def _traceback(self, record: logging.LogRecord) -> list[str]:
        text = self.formatException(record.exc_info) if record.exc_info else ""
        return [self._redactor.clean(line) for line in text.splitlines()]


class _Forgiving(logging.Handler):
    """A full disk or a reader that has gone costs lines. A complaint about each would make it worse, and would itself be logged."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Let the line go."""


class Terminal(_Forgiving, logging.StreamHandler[TextIO]):
    """A stream, or else stderr by a descriptor of its own, which stays what it is when descriptor 2 is led elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._own = None if stream else os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace")
        super().__init__(stream or self._own)

    def close(self) -> None:
        """Close the descriptor, with what could not be written lost."""
        super().close()
        if self._own:
            with contextlib.suppress(OSError):
                self._own.close()


class LogFile(_Forgiving, logging.handlers.RotatingFileHandler):
    """The log file."""

    def close(self) -> None:
        """Close the file, with what could not be written lost."""
        with contextlib.suppress(OSError):
            super().close()


class Logs:
    """The daemon's logging while it runs: set up when made, undone by `close`."""

    def __init__(
        self,
        settings: LoggingSettings,
        clock: Clock,
        secrets: Iterable[str] = (),
        env: Mapping[str, str] = os.environ,
        stream: TextIO | None = None,
    ) -> None:
        """Send the daemon's lines from `settings.level` on to `stream` (default stderr) and to the file; others' from warning on.

        secrets: what must never be seen. env: where JOURNAL_STREAM tells that the stream is the journal.
        """
        self._redactor = Redactor(secrets)
        self._clock = clock
        self._as_json = settings.format == "json"
        self._root = logging.getLogger()
        self._ours = logging.getLogger("monitor")
        self._handlers: list[logging.Handler] = []
        self._levels = (self._root.level, self._ours.level)
        self._root.setLevel(logging.WARNING)
        set_level(settings.level)
        terminal = Terminal(stream)
        self._add(terminal, journald=_is_journal(terminal.stream, env), terminal=terminal.stream.isatty())
        if settings.file:
            try:
                settings.file.parent.mkdir(parents=True, exist_ok=True)
                self._add(LogFile(settings.file, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8"))
            except OSError as error:
                log.warning("no log file: %s: %s; lines go to stderr only", settings.file, error.strerror or error)

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on, show none of these secrets either."""
        self._redactor.hide(secrets)

    def close(self) -> None:
        """Flush and close the handlers and put the levels back."""
        for handler in self._handlers:
            self._root.removeHandler(handler)
            handler.close()
        self._handlers.clear()
        self._root.setLevel(self._levels[0])
        self._ours.setLevel(self._levels[1])

    def _add(self, handler: logging.Handler, *, journald: bool = False, terminal: bool = False) -> None:
        handler.setFormatter(LineFormatter(self._redactor, as_json=self._as_json, journald=journald, terminal=terminal))
        handler.addFilter(RepeatFilter(self._clock))
        self._root.addHandler(handler)
        self._handlers.append(handler)


def set_level(level: str) -> None:
    """Log the daemon's lines from `level` on: debug, info, warning or error; from any thread. Raises ValueError for another word."""
    logging.getLogger("monitor").setLevel(level.upper())


def _is_journal(stream: TextIO, env: Mapping[str, str]) -> bool:
    """systemd.exec(5): JOURNAL_STREAM is device:inode of what it connected; a stream sent elsewhere since is not the journal."""
    try:
        facts = os.fstat(stream.fileno())
    except (OSError, ValueError):  # io.UnsupportedOperation is both
        return False
    return env.get("JOURNAL_STREAM") == f"{facts.st_dev}:{facts.st_ino}"
