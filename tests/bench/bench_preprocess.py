"""Ways of bringing a picture to the model's size, compared: cost, and how near they come to torchvision's transforms on a PIL picture.

Run by hand: `python tests/bench/bench_preprocess.py [--photos DIR --weights DIR]`. With a folder of photographs and one of weights the
labels of EfficientNet-Lite0 are compared as well. One core; medians of 15 runs, because anything may run beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from monitor.classify.card import Preprocessing, shipped_cards
from monitor.classify.decode import read_image
from monitor.classify.engines.onnxruntime import OnnxRuntimeEngine
from monitor.classify.export import export
from monitor.classify.preprocess import Square, see, to_batch
from monitor.classify.resample import Box, centre_crop
from monitor.clock import stopwatch
from monitor.values import Image

SIZES = [(1920, 1080), (1280, 720), (640, 480), (640, 360)]
RUNS = 15
SIDE, RESIZE = 224, 256
STANDARD = Preprocessing()


def ours(image: Image) -> Image:
    """What the daemon does."""
    return see(Square(image), STANDARD)


def whole_pixels(image: Image) -> Image:
    """The centre crop, rounded to whole pixels."""
    height, width = image.shape[:2]
    side = round(min(width, height) * SIDE / RESIZE)
    left, top = (width - side) // 2, (height - side) // 2
    return image[top : top + side, left : left + side]


def shrink(image: Image, side: int, interpolation: int) -> Image:
    """Resize to a square with OpenCV."""
    return np.asarray(cv2.resize(image, (side, side), interpolation=interpolation), np.uint8)


def reference(image: Image) -> Image:
    """torchvision's Resize and CenterCrop, which PIL does."""
    height, width = image.shape[:2]
    short = min(width, height)
    resized = Pil.fromarray(image).resize((RESIZE * width // short, RESIZE * height // short), Pil.Resampling.BILINEAR)
    left, top = round((resized.width - SIDE) / 2), round((resized.height - SIDE) / 2)
    return np.asarray(resized.crop((left, top, left + SIDE, top + SIDE)))


def cropped_reference(image: Image) -> Image:
    """PIL again, but only the part that is kept."""
    x, y, width, height = centre_crop(image.shape[1], image.shape[0], RESIZE, SIDE)
    return np.asarray(Pil.fromarray(image).resize((SIDE, SIDE), Pil.Resampling.BILINEAR, box=(x, y, x + width, y + height)))


WAYS: Mapping[str, Callable[[Image], Image]] = {
    "PIL, whole picture (reference)": reference,
    "PIL, crop first": cropped_reference,
    "ours": ours,
    "INTER_AREA": lambda image: shrink(whole_pixels(image), SIDE, cv2.INTER_AREA),
    "INTER_LINEAR to 448, INTER_AREA": lambda image: shrink(shrink(whole_pixels(image), 2 * SIDE, cv2.INTER_LINEAR), SIDE, cv2.INTER_AREA),
    "INTER_LINEAR": lambda image: shrink(whole_pixels(image), SIDE, cv2.INTER_LINEAR),
}


def milliseconds(way: Callable[[Image], Image], image: Image) -> float:
    """The median time of a way."""
    times = []
    for _ in range(RUNS):
        start = stopwatch()
        way(image)
        times.append((stopwatch() - start) * 1000)
    return statistics.median(times)


def measure_cost(photo: Image) -> None:
    """Print what each way takes at the sizes that cameras have, and how many times the reference's speed that is."""
    sys.stdout.write(f"{'median ms (times as fast as the reference)':<42}" + "".join(f"{f'{w}x{h}':>16}" for w, h in SIZES) + "\n")
    pictures = [np.asarray(cv2.resize(photo, size), np.uint8) for size in SIZES]
    baseline = [milliseconds(reference, picture) for picture in pictures]
    for name, way in WAYS.items():
        times = [milliseconds(way, picture) for picture in pictures]
        cells = "".join(f"{f'{time:.2f} ({slow / time:.1f})':>16}" for time, slow in zip(times, baseline, strict=True))
        sys.stdout.write(f"{name:<42}{cells}\n")


def measure_agreement(photos: list[Image], weights: Path) -> None:
    """Print how far each way is from the reference: in grey levels, in labels and in the score of the reference's label."""
    card = shipped_cards()["efficientnet_lite0"]
    engine = OnnxRuntimeEngine(export(card, weights), threads=1)

    def scores(pictures: list[Image]) -> NDArray[np.float32]:
        whole = Box(0, 0, SIDE, SIDE)
        rows = [engine.run(to_batch([Square(picture, whole)], card.preprocessing))[0] for picture in pictures]
        odds = np.exp(np.stack(rows) - np.max(rows, axis=1, keepdims=True))
        shares: NDArray[np.float32] = odds / odds.sum(axis=1, keepdims=True)
        return shares

    wanted = [reference(photo) for photo in photos]
    right = scores(wanted)
    best, rows = right.argmax(axis=1), np.arange(len(photos))
    sys.stdout.write(f"\n{f'{len(photos)} photographs':<42}{'grey levels off':>16}{'same top-1':>16}{'score off':>16}\n")
    for name, way in WAYS.items():
        pictures = [way(photo) for photo in photos]
        off = np.mean([np.abs(picture.astype(int) - target).mean() for picture, target in zip(pictures, wanted, strict=True)])
        given = scores(pictures)
        same, difference = (given.argmax(axis=1) == best).mean(), np.abs(given - right)[rows, best].mean()
        sys.stdout.write(f"{name:<42}{off:>16.2f}{same:>16.1%}{difference:>16.4f}\n")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--weights", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    photos = [read_image(file) for file in sorted(args.photos.iterdir())] if args.photos else []
    noise = np.random.default_rng(0).integers(0, 256, (270, 480, 3), dtype=np.uint8)
    measure_cost(photos[0] if photos else noise)
    if photos and args.weights:
        measure_agreement(photos, args.weights)


if __name__ == "__main__":
    main()
