from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from monitor.camera.still import MAX_BYTES, codec_of, decode
from tests.camera.fake_source import picture


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, picture())[1].tobytes()


@pytest.mark.parametrize(("suffix", "codec"), [(".jpg", "jpeg"), (".png", "png"), (".webp", ""), (".bmp", "")])
def test_usual_pictures_are_decoded_and_the_two_of_cameras_named(suffix: str, codec: str) -> None:
    image = decode(encoded(suffix))
    assert image is not None
    assert image.shape == (48, 64, 3)
    assert abs(float(image.mean()) - 100) < 2
    assert codec_of(encoded(suffix)) == codec


def test_a_grey_picture_has_three_colours() -> None:
    image = decode(cv2.imencode(".png", np.full((48, 64), 7, np.uint8))[1].tobytes())
    assert image is not None
    assert image.shape == (48, 64, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
def test_a_truncated_picture_is_none_and_nothing_is_printed(suffix: str, capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    data = cv2.imencode(suffix, noise)[1].tobytes()
    assert [decode(data[: len(data) * part // 8]) for part in range(8)] == [None] * 8
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("data", [b"", b"hello", b"<html>", bytes(5000), b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_none(data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    assert decode(data) is None
    assert codec_of(data) in ("", "jpeg", "png")
    assert capfd.readouterr() == ("", "")


def test_a_picture_that_is_too_large_is_none() -> None:
    assert decode(encoded(".jpg") + bytes(MAX_BYTES)) is None
    png, jpeg = encoded(".png"), encoded(".jpg")
    at = jpeg.index(b"\xff\xc0") + 5
    assert decode(png[:16] + struct.pack(">II", 40_000, 25_000) + png[24:]) is None
    assert decode(jpeg[:at] + struct.pack(">HH", 25_000, 40_000) + jpeg[at + 4 :]) is None
