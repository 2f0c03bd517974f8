"""What `source:` in the configuration means, worked out without touching a camera.

A source is a stream (RTSP or HTTP), a device (USB, V4L2) or a clip (a file, or a folder of them). Each can be shown: `str()` of it
holds no secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

from pydantic import SecretStr

from monitor.camera.protocol import Fault
from monitor.config.source import SourceKind, check_source, kind_of, without_credentials
from monitor.errors import CameraError

DEMO = Path(__file__).with_name("demo.mp4")
"""The built-in clip behind `source: demo`."""

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Stream:
    """A camera in the network. host: without the brackets of an IPv6 address. path: with its query, as it is requested."""

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    username: str | None = field(default=None, repr=False)
    password: SecretStr | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Host and port as they are written in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def rtsp(self) -> bool:
        """Whether it speaks RTSP; else it speaks HTTP."""
        return self.scheme.startswith("rtsp")

    @property
    def tls(self) -> bool:
        """Whether it is encrypted."""
        return self.scheme.endswith("s")

    @property
    def bare_url(self) -> str:
        """The URL without user name and password. Not for showing: some cameras take a password in the path or the query."""
        return f"{self.scheme}://{self.place}{self.path}"

    @property
    def url(self) -> str:
        """The URL as the decoder needs it, user name and password percent-encoded into it."""
        if self.username is None:
            return self.bare_url
        password = ":" + quote(self.password.get_secret_value(), safe="") if self.password else ""
        return f"{self.scheme}://{quote(self.username, safe='')}{password}@{self.place}{self.path}"

    def __str__(self) -> str:
        """The URL for people: no user, no password."""
        return without_credentials(self.bare_url)


@dataclass(frozen=True, slots=True)
class Device:
    """A USB camera or another V4L2 device."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file, or a folder of videos or of pictures. endless: it starts again at its end whatever the settings say."""

    path: Path
    endless: bool = False

    def __str__(self) -> str:
        return "demo" if self.endless else str(self.path)


Description = Stream | Device | Clip


def parse_source(source: str, username: str | None = None, password: SecretStr | None = None) -> Description:
    """Work out what `source` means. A relative file or folder is taken from the working directory.

    A user name and password may stand in the URL; the ones given here win. Raises CameraError (reason `bad_source`) on a scheme that
    is not allowed and on a URL that cannot be understood; the message repeats no part of a URL that may hold a password.
    """
    try:
        source = check_source(source)
    except ValueError as error:
        raise CameraError(f"the source {error}", Fault.BAD_SOURCE) from None
    match kind_of(source):
        case SourceKind.DEMO:
            return Clip(DEMO, endless=True)
        case SourceKind.INDEX:
            return Device(Path(f"/dev/video{int(source)}"))
        case SourceKind.DEVICE:
            return Device(Path(source))
        case SourceKind.FILE:
            return Clip(Path(source).absolute())
        case SourceKind.URL:
            return _stream(urlsplit(source), username, password)


def _stream(parts: SplitResult, username: str | None, password: SecretStr | None) -> Stream:
    """A stream out of a URL that has been checked."""
    if username is None and parts.username:
        username = unquote(parts.username)
    if password is None and parts.password is not None:
        password = SecretStr(unquote(parts.password))
    if password is not None and username is None:
        raise CameraError("there is a password but no user name; add `username:`", Fault.BAD_SOURCE)
    if username is not None and (":" in username or not username.isprintable()):
        raise CameraError("a user name cannot hold a colon or a control character", Fault.BAD_SOURCE)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Stream(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme], path, username, password)
