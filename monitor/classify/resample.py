"""Cutting a part out of a picture and bringing it to the model's size, as torchvision's transforms on a PIL picture do.

PIL shrinks with a triangle filter two output pixels wide, placed to a fraction of a pixel; both matter: a crop rounded to whole pixels
and shrunk with INTER_AREA gives other labels on 3 % of photographs. Filtering a whole 1080p picture is slow, so the part is cut first,
brought by a power of two to where a short filter does the rest, and sampled at the exact place. tests/bench/bench_preprocess.py measures
this against the alternatives.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.values import Image

_SHORTEST = 1.75
"""The filter sampled at whole pixels is a fair triangle from about this many pixels per output pixel on."""


class Box(NamedTuple):
    """A part of a picture in pixels; the edges may lie between pixels, and beyond the picture."""

    x: float
    y: float
    width: float
    height: float


def centre_crop(width: int, height: int, resize: int, crop: int) -> Box:
    """Return what torchvision's Resize(`resize`) and CenterCrop(`crop`) keep of a picture, with their roundings."""
    short = min(width, height)
    new_width, new_height = resize * width // short, resize * height // short
    left, top = round((new_width - crop) / 2), round((new_height - crop) / 2)
    across, down = width / new_width, height / new_height
    return Box(left * across, top * down, crop * across, crop * down)


def resample(image: Image, box: Box, width: int, height: int) -> Image:
    """Return the part `box` of `image` as a picture of `width` x `height`; where it leaves the picture, the edge is repeated."""
    image, box = _cut(image, box, margin=2 * max(box.width / width, box.height / height) + 1)
    scale = min(box.width / width, box.height / height)
    if scale > 1:
        image, box, spread = _near(image, box, math.floor(math.log2(scale / _SHORTEST)))
        across, down = (_triangle(pixels, spread) for pixels in (box.width / width, box.height / height))
        image = np.asarray(cv2.sepFilter2D(image, -1, across, down, borderType=cv2.BORDER_REPLICATE), np.uint8)
    # Pixel i covers i..i+1, and OpenCV counts from its middle.
    x_step, y_step = box.width / width, box.height / height
    inverse = np.array([[x_step, 0, box.x + x_step / 2 - 0.5], [0, y_step, box.y + y_step / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, inverse, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _cut(image: Image, box: Box, margin: float) -> tuple[Image, Box]:
    """Cut the whole pixels of `box` and `margin` around it, as far as the picture goes, and say where in them the box is."""
    height, width = image.shape[:2]
    left, top = max(math.floor(box.x - margin), 0), max(math.floor(box.y - margin), 0)
    right, bottom = min(math.ceil(box.x + box.width + margin), width), min(math.ceil(box.y + box.height + margin), height)
    return image[top:bottom, left:right], box._replace(x=box.x - left, y=box.y - top)


def _near(image: Image, box: Box, halvings: int) -> tuple[Image, Box, float]:
    """Halve the picture `halvings` times, or double it if negative, and say how much that has smeared it.

    The smear is the variance of the filter that was applied, in pixels of the new picture squared.
    """
    if halvings == 0:
        return image, box, 0.0
    if halvings < 0:
        doubled = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        return (
            np.asarray(doubled, np.uint8),
            Box(*(2 * side for side in box)),
            4 * 3 / 16,
        )  # every new pixel lies a quarter from an old one: 1/4 * 3/4
    factor = 2**halvings
    height, width = image.shape[0] // factor, image.shape[1] // factor
    halved = cv2.resize(image[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(halved, np.uint8), Box(*(side / factor for side in box)), (1 - factor**-2) / 12


def _triangle(scale: float, spread: float) -> NDArray[np.float32]:
    """Return the triangle of `scale` pixels each side (variance: scale squared / 6), less what `spread` has smeared already."""
    side = math.sqrt(max(scale**2 - 6 * spread, 1.0))
    reach = math.ceil(side) - 1
    weights = 1 - np.abs(np.arange(-reach, reach + 1)) / side
    normed: NDArray[np.float32] = (weights / weights.sum()).astype(np.float32)
    return normed
