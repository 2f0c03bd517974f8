"""Where a camera's picture comes from: the forms that `source` may have. Opens nothing."""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from monitor.config.address import check_host
from monitor.config.units import HIDDEN

SCHEMES = ("rtsp", "rtsps", "http", "https")
DEMO = "demo"

_LONGEST_INDEX = 9
"""Digits of a device's number. Linux has 256 video devices, and Python makes no number of thousands of digits."""

_SCHEME = re.compile(r"[A-Za-z0-9+.-]+:")
_HOST_AND_PORT = re.compile(r"(?:[\w.-]*|\[[0-9A-Fa-f:.]*\]):[0-9]{1,6}")
# Many cameras take the password in the path: rtsp://cam/user=admin&password=x&channel=1.sdp
_NAMED = re.compile(r"((?:password|passwd|pass|pwd|token|secret)=)([^&;/#]+)", re.IGNORECASE)
_SPECIAL = "; a user name or password with special characters belongs in `username` and `password`"


class SourceKind(StrEnum):
    """The families of sources."""

    URL = "url"
    INDEX = "index"
    DEVICE = "device"
    DEMO = "demo"
    FILE = "file"


def kind_of(source: str) -> SourceKind:
    """Tell the family of a `source` as configured; what begins with a word and a colon counts as an address."""
    if source == DEMO:
        return SourceKind.DEMO
    if source.isascii() and source.isdecimal():
        return SourceKind.INDEX
    if source.startswith("/dev/"):
        return SourceKind.DEVICE
    return SourceKind.URL if _SCHEME.match(source) else SourceKind.FILE


def check_source(source: str) -> str:
    """Return `source` with its scheme in small letters; raise ValueError saying what it must be. No message holds the value."""
    if not source.strip() or not source.isprintable():
        raise ValueError("must be an address, a device, a file or demo, in printable characters")
    if kind_of(source) is SourceKind.INDEX and len(source) > _LONGEST_INDEX:
        raise ValueError("must be the number of a video device, such as 0")
    return _check_url(source) if kind_of(source) is SourceKind.URL else source


def without_credentials(source: str) -> str:
    """Take user name, password and what looks like one out of a checked `source`."""
    if kind_of(source) is not SourceKind.URL:
        return source
    parts = urlsplit(source)
    return _NAMED.sub(rf"\1{HIDDEN}", parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())


def masked(text: str) -> str:
    """Show of any text only what cannot be a part of an address with a password; in a broken one the password may be anywhere."""
    if not re.search(r"[:@=]", text) or _HOST_AND_PORT.fullmatch(text):
        return text
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text)
    return f"{scheme[0] if scheme else ''}{HIDDEN}"


def secrets_in(source: str) -> list[str]:
    """List the passwords inside a checked `source`, as they stand there and decoded."""
    if kind_of(source) is not SourceKind.URL:
        return []
    found = [urlsplit(source).password or "", *(match[2] for match in _NAMED.finditer(source))]
    return [form for secret in found if secret for form in (secret, unquote(secret))]


def has_login(source: str) -> bool:
    """Tell whether a checked `source` holds a user name or a password."""
    return kind_of(source) is SourceKind.URL and ("@" in urlsplit(source).netloc or bool(_NAMED.search(source)))


def _check_url(source: str) -> str:
    word = source.partition(":")[0].lower()
    if word not in SCHEMES:
        close = difflib.get_close_matches(word, SCHEMES, n=1)
        hint = f"did you mean {close[0]}://?" if close else "a file is written without file://, and as ./NAME if it has a colon"
        raise ValueError(f"must begin with one of {', '.join(f'{known}://' for known in SCHEMES)}; {hint}")
    if re.search(r"\s", source):
        raise ValueError(f"must hold no space{_SPECIAL}")
    try:
        parts = urlsplit(source)
        port_is_good = parts.port != 0
    except ValueError:  # its message may quote a piece of the password
        raise ValueError(f"must be {word}://HOST[:PORT]/PATH with a port from 1 to 65535{_SPECIAL}") from None
    if not port_is_good or not parts.hostname:
        raise ValueError(f"must be {word}://HOST[:PORT]/PATH with a port from 1 to 65535{_SPECIAL}")
    if _has_stray(parts):
        raise ValueError(f"must hold neither @ nor # after the host{_SPECIAL}")
    check_host(parts.hostname)
    return word + source[len(word) :]


def _has_stray(parts: SplitResult) -> bool:
    """Tell whether a password with / ? or # in it has been taken for the path: `rtsp://admin:12/34@cam/`."""
    return bool(parts.fragment) or "@" in parts.path + parts.query
