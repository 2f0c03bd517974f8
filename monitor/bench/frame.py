"""The frame that everything is measured with: a moment of the built-in clip in the size of a full-HD camera."""

from __future__ import annotations

import cv2
import numpy as np

from monitor.camera.opencv import open_source, prepare_opencv
from monitor.camera.source import parse_source
from monitor.errors import CameraError
from monitor.values import Image

WIDTH, HEIGHT = 1920, 1080

_AT = 100
"""The frame of the clip: something has come into the picture by then."""


def full_hd_frame() -> Image:
    """Return a frame, 1080 x 1920 x 3 BGR. CameraError if the clip cannot be read."""
    prepare_opencv()
    source = open_source(parse_source("demo"))
    try:
        for _ in range(_AT):
            source.grab()
        image = source.retrieve()
    finally:
        source.close()
    if image is None:
        raise CameraError("the built-in clip cannot be decoded")
    return np.asarray(cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)
