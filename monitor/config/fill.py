"""Values that stand elsewhere: `${NAME}` from the environment, `!file PATH` from a file. Messages never hold what was found there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from monitor.config.faults import plain

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd puts the files of LoadCredential=."""

_LARGEST = 64 * 1024
_REFERENCE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)\}|(\{))")


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Replace each `${NAME}` by that variable and each `$$` by `$`; any other `$` stands for itself.

    ValueError: a variable is not set, or `${` is not followed by a name and `}`.
    """

    def value(match: re.Match[str]) -> str:
        dollar, name, open_brace = match.groups()
        if dollar:
            return "$"
        if open_brace:
            raise ValueError("holds ${ without a variable's name and }; write $${ if the characters themselves are meant")
        if name not in environ:
            raise ValueError(f"needs the environment variable {name}, which is not set; write $${{ if the characters themselves are meant")
        return environ[name]

    return _REFERENCE.sub(value, text)


def content_of(written: str, folder: Path, environ: Mapping[str, str]) -> str:
    """Return the text of a secret's file without the line end at its end.

    A relative path is looked up among systemd's credentials first, then beside the configuration (`folder`). ValueError: there is
    no such file, it cannot be read, or it is no short text.
    """
    path = Path(expand(written, environ))
    homes = [Path(environ[CREDENTIALS]), folder] if environ.get(CREDENTIALS) else [folder]
    shown = plain(written)
    try:
        found = next((home / path for home in homes if (home / path).is_file()), None)
        if found is None:
            raise ValueError(f"needs the file {shown}, which is not there (looked in {' and '.join(map(str, homes))})")
        with found.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise ValueError(f"needs the file {shown}, which cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise ValueError(f"needs a short text, and the file {shown} is larger than {_LARGEST // 1024} KB")
    try:
        text = data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"needs a text, and the file {shown} is not UTF-8") from None
    if not text:
        raise ValueError(f"needs a text, and the file {shown} is empty")
    return text
