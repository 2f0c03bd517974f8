"""What a picture file says of itself in its first bytes: enough to refuse it before its pixels cost memory.

Decoders take a truncated file for a picture with a grey end, or write to stderr; so whether the file has its end is looked up here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from monitor.errors import PictureError

_JPEG_MARKER = re.compile(rb"\xff+([^\x00\x01\xff\xd0-\xd7])")
"""A marker that a length follows, or the end (ITU T.81, B.1.1.3): 01 and the restarts D0 to D7 stand alone, 00 stuffs an FF in a scan."""
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame; these three are tables
_JPEG_SCAN = 0xDA
_JPEG_END = 0xD9


class Header(NamedTuple):
    """The size in pixels as stored, whether the file ends where a whole one does, and in how many passes a JPEG is drawn."""

    width: int
    height: int
    whole: bool
    scans: int = 1


def read_header(data: bytes) -> Header:
    """Read the header of a JPEG, PNG, WebP or GIF; PictureError says what else `data` is."""
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Header(int.from_bytes(data[16:20]), int.from_bytes(data[20:24]), b"IEND\xaeB`\x82" in data[-4096:])
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Header(*_webp_size(data), whole=len(data) >= int.from_bytes(data[4:8], "little") + 8)
    if data.startswith((b"GIF87a", b"GIF89a")):
        width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
        return Header(width, height, data.rstrip(b"\0").endswith(b";"))
    raise PictureError(_what_else(data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()), "format" if data else "damaged")


def _what_else(start: bytes) -> str:
    if not start:
        return "the file is empty"
    if b"<svg" in start:
        return "an SVG is a drawing without pixels; convert it to PNG"
    if start.startswith(b"<"):
        return "it is a web page or other text, not a picture"
    return "it is not a JPEG, PNG, WebP or GIF"


def _jpeg(data: bytes) -> Header:
    """Walk the segments, across scans, to the end marker; a thumbnail's own markers lie inside a segment."""
    width = height = scans = 0
    at = 2
    while marker := _JPEG_MARKER.search(data, at):
        kind = marker[1][0]
        if kind == _JPEG_END:
            return Header(width, height, True, scans)
        scans += kind == _JPEG_SCAN
        at = marker.end()
        if kind in _SIZE_MARKERS and not (width or height):  # the decoder goes by the first of them
            height, width = int.from_bytes(data[at + 3 : at + 5]), int.from_bytes(data[at + 5 : at + 7])
        at += int.from_bytes(data[at : at + 2])
    return Header(width, height, False, scans)


def _webp_size(data: bytes) -> tuple[int, int]:
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L":
        sides = int.from_bytes(data[21:25], "little")
        return (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
