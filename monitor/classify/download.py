"""Downloading one known file over HTTP, resumable: its size and SHA-256 are known before it is asked for.

What has arrived stays in FILE.part, which a later call goes on with. Whatever a server, proxy or captive portal answers, nothing is placed
under the file's name but the file.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from monitor import __version__
from monitor.classify.atomic import place
from monitor.classify.checksum import sha256_of
from monitor.errors import DownloadError

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes in all) as a download goes on."""

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as lost."""

ATTEMPTS = 3
"""Connections for one call: a cut line is taken up again, a file that turned out wrong is begun anew."""

_PIECE = 1 << 16


def download(url: str, path: Path, size: int, sha256: str, progress: Progress, timeout: float = TIMEOUT) -> None:
    """Fetch `url` to `path`; DownloadError says what came instead of the file. size: bytes, exactly. timeout: seconds without a byte."""
    part = path.with_name(path.name + ".part")
    for _ in range(ATTEMPTS):
        begun = part.stat().st_size if part.exists() else 0
        if begun > size:
            part.unlink()  # of another file
            begun = 0
        if begun < size:
            _fetch_rest(url, part, begun, size, progress, timeout)
        if part.stat().st_size < size:
            continue
        if sha256_of(part) == sha256:
            place(part, path)
            return
        part.unlink()
        if not begun:
            raise DownloadError(f"{url}: the file that came has another SHA-256 than the one its card names; it was not kept")
    raise DownloadError(f"{url}: the connection ended {ATTEMPTS} times before the whole file was here; the next try goes on from there")


def _fetch_rest(url: str, part: Path, begun: int, size: int, progress: Progress, timeout: float) -> None:
    """Append to `part` what the server gives from byte `begun` on, or begin anew where it gives the whole file."""
    try:
        with _open(url, begun, timeout) as answer:
            start = _start(answer, begun)
            _refuse_other_content(url, answer, start, size)
            with part.open("r+b" if start else "wb") as stream:
                stream.seek(start)
                _copy(answer, stream, start, size, progress)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not begun:
            raise DownloadError(f"{url}: the server answered {error.code} {error.reason}") from error
        part.unlink()
        _fetch_rest(url, part, 0, size, progress, timeout)
    except (ConnectionError, TimeoutError) as error:
        raise DownloadError(f"{url}: {_why(error)}") from error
    except http.client.HTTPException as error:
        raise DownloadError(f"{url}: what answers there does not speak HTTP") from error
    except urllib.error.URLError as error:
        raise DownloadError(f"{url}: {_why(error.reason)}") from error


def _open(url: str, begun: int, timeout: float) -> http.client.HTTPResponse:
    """Ask for `url` from byte `begun` on, through the proxies of the environment, with nothing but HTTP and HTTPS."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", f"monitor/{__version__}")] + ([("Range", f"bytes={begun}-")] if begun else [])
    answer: http.client.HTTPResponse = opener.open(url, timeout=timeout)
    return answer


def _start(answer: http.client.HTTPResponse, begun: int) -> int:
    """Return at which byte of the file the answer begins: servers may ignore the range that was asked for."""
    named = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return begun if answer.status == http.client.PARTIAL_CONTENT and named and int(named[1]) == begun else 0


def _refuse_other_content(url: str, answer: http.client.HTTPResponse, start: int, size: int) -> None:
    if answer.headers.get_content_type() in {"text/html", "application/xhtml+xml"}:
        raise DownloadError(f"{url}: a web page came instead of the file; a sign-in page or a proxy may be in between")
    if answer.length is not None and start + answer.length != size:
        raise DownloadError(f"{url}: the server offers {start + answer.length:,} bytes, but the file has {size:,}; it is another file")


def _copy(answer: http.client.HTTPResponse, stream: BinaryIO, start: int, size: int, progress: Progress) -> None:
    done = start
    progress(done, size)
    while piece := _next_piece(answer):
        done += len(piece)
        if done > size:
            raise DownloadError(f"{answer.url}: more came than the {size:,} bytes of the file; it is another file")
        stream.write(piece)
        progress(done, size)


def _next_piece(answer: http.client.HTTPResponse) -> bytes:
    """Read on; b"" at the end, however the connection ended: whether the file is whole is told by its size."""
    try:
        return answer.read(_PIECE)
    except (http.client.IncompleteRead, OSError):
        return b""


def _why(reason: object) -> str:
    """Put the reason of a failed connection into words."""
    if isinstance(reason, socket.gaierror):
        return f"the host's name cannot be found ({reason.strerror}); this machine may be offline"
    if isinstance(reason, ssl.SSLError):
        return f"the connection is not to be trusted ({reason.reason}); the clock may be wrong, or a proxy in between"
    if isinstance(reason, TimeoutError):
        return "there was no answer in time"
    if isinstance(reason, ConnectionRefusedError):
        return "the connection was refused"
    return str(getattr(reason, "strerror", None) or reason)
