"""Finding a configuration file and reading its text; each way in which that fails has its own sentence."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.errors import ConfigError, Problem

LARGEST = 1024 * 1024
"""Bytes; a configuration of a hundred cameras has about 100 KB."""

SYSTEM_WIDE = Path("/etc/monitor/config.yaml")


def find_config(explicit: Path | None, cwd: Path) -> Path:
    """Return the configuration file: `explicit` as it is, else `config.yaml` in `cwd`, else the system's. ConfigError: there is none."""
    if explicit is not None:
        return explicit
    candidates = (cwd / "config.yaml", SYSTEM_WIDE)
    found = next((path for path in candidates if _exists(path)), None)
    if found is None:
        places = " nor ".join(map(str, candidates))
        raise ConfigError("configuration", [Problem("", f"there is neither {places}; name one with --config FILE")])
    return found


def read_text(path: Path) -> str:
    """Return the text of the file at `path`. ConfigError: it is missing, unreadable, too large or not UTF-8."""
    try:
        with open(path, "rb", opener=_open) as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _failure(path, "there is no such file") from None
    except IsADirectoryError:
        raise _failure(path, "is a folder, not a file") from None
    except PermissionError:
        raise _failure(path, "may not be read by this user; check the owner and mode of the file and its folders") from None
    except OSError as error:
        raise _failure(path, f"cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise _failure(path, f"is larger than {LARGEST // 1024} KB, which no configuration needs; is it the right file?")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _failure(path, "is UTF-16 text; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _failure(path, "is not UTF-8 text; save it as UTF-8", data.count(b"\n", 0, error.start) + 1) from None


def _open(path: str, flags: int) -> int:
    """Open a file, or a pipe that somebody writes to; a pipe that nobody writes to is empty, and not waited for."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return descriptor


def _failure(path: Path, message: str, line: int | None = None) -> ConfigError:
    return ConfigError(str(path), [Problem("", message, line)])


def _exists(path: Path) -> bool:
    """Tell whether something is there, even what may not be looked at: that is better explained than passed over."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
