from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.card import Preprocessing
from monitor.classify.preprocess import Square, see, to_batch
from monitor.classify.resample import Box, centre_crop, resample
from monitor.values import Image

STANDARD = Preprocessing()


def scene(width: int, height: int) -> Image:
    """Smooth shapes with some sharp edges, the same in fractions of the picture whatever its size."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x + 0.5) / width, (y + 0.5) / height
    waves = [128 + 100 * np.sin(9 * x + 4 * y), 128 + 100 * np.cos(7 * y), 255 * ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1)]
    return np.stack(waves, axis=-1).astype(np.uint8)


def transformed(image: Image, preprocessing: Preprocessing = STANDARD) -> NDArray[np.float32]:
    """What torchvision's transforms make of the picture."""
    from PIL import Image as Pil

    from monitor.classify.architectures import build

    build("resnet18", 2)  # makes torchvision importable
    from torchvision import transforms

    steps = transforms.Compose(
        [
            transforms.Resize(preprocessing.resize),
            transforms.CenterCrop(preprocessing.crop),
            transforms.ToTensor(),
            transforms.Normalize(preprocessing.mean, preprocessing.std),
        ]
    )
    tensor: NDArray[np.float32] = steps(Pil.fromarray(np.ascontiguousarray(image[:, :, ::-1]))).numpy()
    return tensor


@pytest.mark.parametrize(
    ("width", "height"),
    [(1920, 1080), (1280, 720), (640, 480), (640, 360), (500, 375), (375, 500), (256, 256), (200, 150), (97, 101), (2592, 1944)],
)
def test_a_picture_comes_out_as_torchvision_would_have_it(width: int, height: int) -> None:
    image = scene(width, height)
    difference = np.abs(to_batch([Square(image)], STANDARD)[0] - transformed(image))
    assert difference.mean() < 0.01  # of numbers around -2..2; one step of 255 is 0.017
    assert np.quantile(difference, 0.99) < 0.15


@pytest.mark.parametrize(
    ("width", "height"), [(2592, 1944), (1920, 1080), (1280, 720), (640, 480), (640, 360), (500, 375), (300, 280), (200, 150)]
)
def test_detail_is_kept_and_smoothed_as_torchvision_does(width: int, height: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    ours, theirs = to_batch([Square(noise)], STANDARD)[0], transformed(noise)
    assert ours.std() / theirs.std() == pytest.approx(1, abs=0.07)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.96


def test_the_input_is_rgb_normalised_contiguous_and_float32() -> None:
    blue = np.zeros((300, 400, 3), np.uint8)
    blue[:, :, 0] = 255
    batch = to_batch([Square(blue)], STANDARD)
    assert batch.shape == (1, 3, 224, 224)
    assert batch.dtype == np.float32
    assert batch.flags.c_contiguous
    wanted = [(value - mean) / std for value, mean, std in zip((0, 0, 1), STANDARD.mean, STANDARD.std, strict=True)]
    np.testing.assert_allclose(batch[0, :, 100, 100], wanted, atol=1e-5)


def test_the_cards_own_sizes_and_normalisation_are_used() -> None:
    half = Preprocessing(resize=300, crop=300, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    batch = to_batch([Square(np.full((600, 800, 3), 255, np.uint8))], half)
    assert batch.shape == (1, 3, 300, 300)
    np.testing.assert_allclose(batch, 1, atol=1e-5)


@pytest.mark.parametrize(("width", "height"), [(500, 375), (375, 500), (1920, 1080), (333, 1001), (1, 1), (65500, 1)])
def test_the_centre_crop_has_torchvisions_roundings(width: int, height: int) -> None:
    short, long = min(width, height), max(width, height)
    new_long = int(256 * long / short)
    x, y, across, down = centre_crop(width, height, 256, 224)
    offset = round((new_long - 224) / 2.0) * long / new_long
    wanted = (offset, 16 * short / 256) if width > height else (16 * short / 256, offset)
    assert (x, y) == pytest.approx(wanted)
    assert min(across, down) == pytest.approx(short * 224 / 256)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 1), (1, 3), (65500, 1), (1, 5000), (3000, 20)])
def test_pictures_of_any_shape_can_be_seen(width: int, height: int) -> None:
    image = np.full((height, width, 3), 77, np.uint8)
    assert (see(Square(image), STANDARD) == 77).all()
    side = max(width, height)
    letterbox = Box((width - side) / 2, (height - side) / 2, side, side)
    assert see(Square(image, letterbox), STANDARD).shape == (224, 224, 3)


def test_a_box_is_seen_without_a_further_crop() -> None:
    image = np.zeros((600, 800, 3), np.uint8)
    image[100:400, 200:500] = 255
    assert (see(Square(image, Box(200, 100, 300, 300)), STANDARD) == 255).mean() > 0.98


def test_what_is_around_a_box_does_not_leak_into_it_beyond_its_edge() -> None:
    image = np.zeros((1200, 1200, 3), np.uint8)
    image[100:1000, 100:1000] = 255
    seen = see(Square(image, Box(100, 100, 900, 900)), STANDARD)
    assert (seen[2:-2, 2:-2] == 255).all()


def test_a_fraction_of_a_pixel_counts() -> None:
    ramp = np.tile(np.arange(0, 240, 4, dtype=np.uint8)[np.newaxis, :, np.newaxis], (60, 1, 3))
    moved = resample(ramp, Box(10.5, 10, 40, 40), 20, 20).astype(int) - resample(ramp, Box(10, 10, 40, 40), 20, 20)
    assert (moved[2:-2, 2:-2] == 2).all()


def test_fine_patterns_do_not_alias() -> None:
    chequers = ((np.indices((1080, 1920)).sum(axis=0) % 2) * 255).astype(np.uint8)
    seen = see(Square(cv2.merge([chequers] * 3)), STANDARD)
    assert 117 <= seen.min() <= seen.max() <= 138
