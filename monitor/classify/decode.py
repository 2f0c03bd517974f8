"""From a picture file to pixels, whoever made the file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from monitor.classify.header import read_header
from monitor.errors import PictureError
from monitor.values import Image

MAX_BYTES = 64_000_000
"""Of a file."""

MAX_PIXELS = 50_000_000
"""150 MB decoded; a bomb of a few kilobytes can claim billions."""

MAX_SCANS = 100
"""Of a JPEG: progressive ones have about ten. Each takes 75 bytes and a pass over all pixels; a megabyte of them takes minutes."""


def read_image(path: Path) -> Image:
    """Read the picture in a file; PictureError names the file and says what is wrong with it."""
    if not path.is_file():
        raise PictureError(f"{path}: there is no such file")
    try:
        with path.open("rb") as stream:
            return decode(stream.read(MAX_BYTES + 1))
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror}") from error
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from error


def decode(data: bytes) -> Image:
    """Decode a JPEG, PNG, WebP or a GIF's first frame: upright (EXIF), 8 bits, BGR, transparency ignored. PictureError: what is wrong."""
    if len(data) > MAX_BYTES:
        raise PictureError(f"the file is larger than {MAX_BYTES / 1e6:.0f} MB", "size")
    header = read_header(data)
    if header.width * header.height > MAX_PIXELS:
        size = f"{header.width} x {header.height} pixels; at most {MAX_PIXELS / 1e6:.0f} million"
        raise PictureError(f"the picture has {size} are allowed", "size")
    if header.scans > MAX_SCANS:
        raise PictureError(f"the picture is drawn in {header.scans} passes; at most {MAX_SCANS} are allowed", "size")
    if not header.whole:
        raise PictureError("the picture is truncated: the end of the file is missing")
    if header.width == 0 or header.height == 0:
        raise PictureError("the picture is empty: it has no pixels")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError(f"the picture is damaged: {error.err}") from error
    if image is None or image.size == 0:
        raise PictureError("the picture is damaged: it cannot be decoded")
    return np.asarray(image, np.uint8)
