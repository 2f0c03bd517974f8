"""A single picture out of the bytes of a file or an answer, for sources that are made of such."""

from __future__ import annotations

import re

import cv2
import numpy as np

from monitor.values import Image

MAX_BYTES = 16_000_000
"""Of one picture. A 4K camera's are a tenth of that."""

MAX_PIXELS = 50_000_000
"""150 MB decoded; a few kilobytes can claim billions."""

MAX_SCANS = 100
"""Of a JPEG: progressive ones have about ten. Each takes 75 bytes and a pass over all pixels; a megabyte of them takes minutes."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_SCAN = b"\xff\xda"
_JPEG_SIZE = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]\x00.\x08(..)(..)", re.DOTALL)
"""Start of frame (ITU T.81, B.2.2): marker, length, 8 bits a sample, height, width. A thumbnail has one too, and a smaller."""


def decode(data: bytes) -> Image | None:
    """Decode a JPEG, PNG, WebP or BMP to BGR; None if it is none of these, is truncated, or is larger than the limits above."""
    if not 0 < len(data) <= MAX_BYTES or not 0 < _pixels(data) <= MAX_PIXELS:
        return None
    if data.startswith(_JPEG) and data.count(_JPEG_SCAN) > MAX_SCANS:
        return None
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None or image.size == 0 else np.asarray(image, np.uint8)


def codec_of(data: bytes) -> str:
    """Name the kind of picture, "" if it is an unusual one."""
    return "jpeg" if data.startswith(_JPEG) else "png" if data.startswith(_PNG) else ""


def _pixels(data: bytes) -> int:
    """How many pixels it claims to have, 0 if it is none of the four kinds."""
    if data.startswith(_PNG):
        return int.from_bytes(data[16:20]) * int.from_bytes(data[20:24])
    if data.startswith(_JPEG):
        return max((int.from_bytes(height) * int.from_bytes(width) for height, width in _JPEG_SIZE.findall(data)), default=0)
    if data.startswith(b"BM"):
        at, size = (18, 2) if data[14:15] == b"\x0c" else (18, 4)  # OS/2's header has 12 bytes, and shorter numbers
        width, height = (int.from_bytes(data[place : place + size], "little", signed=size == 4) for place in (at, at + size))
        return abs(width * height)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp_pixels(data)
    return 0


def _webp_pixels(data: bytes) -> int:
    """RFC 9649: the canvas, or the only picture without loss (VP8L) or with (VP8)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return (int.from_bytes(data[24:27], "little") + 1) * (int.from_bytes(data[27:30], "little") + 1)
    sides = int.from_bytes(data[21:25] if kind == b"VP8L" else data[26:30], "little")
    if kind == b"VP8L":
        return ((sides & 0x3FFF) + 1) * ((sides >> 14 & 0x3FFF) + 1)
    return (sides & 0x3FFF) * (sides >> 16 & 0x3FFF)
