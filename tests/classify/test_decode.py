from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from monitor.classify.decode import decode, read_image
from monitor.errors import PictureError


def noise(width: int = 60, height: int = 40) -> Pil.Image:
    return Pil.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8))


def saved(image: Pil.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def png(width: int, height: int, pixels: bytes, depth: int = 8, colour: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


LOSSLESS = {"PNG": {}, "WEBP": {"lossless": True}}
FORMATS = ["JPEG", "PNG", "WEBP", "GIF"]


@pytest.mark.parametrize("form", LOSSLESS)
def test_pixels_come_out_as_they_went_in_as_bgr(form: str) -> None:
    image = noise()
    assert (decode(saved(image, form, **LOSSLESS[form]))[:, :, ::-1] == np.asarray(image)).all()


@pytest.mark.parametrize("form", FORMATS)
def test_the_four_formats_are_read(form: str) -> None:
    image = decode(saved(noise(), form))
    assert image.shape == (40, 60, 3)
    assert image.dtype == np.uint8


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_of_an_animation_the_first_frame_is_read(form: str) -> None:
    first, second = (Pil.new("RGB", (30, 20), (value,) * 3) for value in (10, 200))
    assert decode(saved(first, form, save_all=True, append_images=[second])).mean() == pytest.approx(10, abs=2)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_upright(form: str) -> None:
    exif = Pil.Exif()
    exif[0x0112] = 6
    assert decode(saved(noise(60, 40), form, exif=exif)).shape == (60, 40, 3)


def test_grey_transparent_palette_and_cmyk_pictures_become_bgr() -> None:
    for mode, form in (
        ("L", "PNG"),
        ("L", "JPEG"),
        ("LA", "PNG"),
        ("RGBA", "PNG"),
        ("RGBA", "WEBP"),
        ("P", "PNG"),
        ("1", "PNG"),
        ("CMYK", "JPEG"),
    ):
        assert decode(saved(noise().convert(mode), form)).shape == (40, 60, 3), (mode, form)


def test_cmyk_colours_are_kept() -> None:
    image = decode(saved(Pil.new("RGB", (32, 32), (200, 30, 90)).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(image.reshape(-1, 3).mean(axis=0) - (90, 30, 200)).max() < 6


def test_sixteen_bits_become_eight() -> None:
    row = b"\0" + struct.pack(">3H", 0xFFFF, 0x8000, 0x0000)
    assert decode(png(1, 1, row, depth=16)).tolist() == [[[0, 0x80, 0xFF]]]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (65500, 1), (1, 4000)])
def test_odd_sizes_are_read(width: int, height: int) -> None:
    for form in ("PNG", "JPEG"):
        assert decode(saved(Pil.new("RGB", (width, height)), form)).shape == (height, width, 3)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.98])
def test_a_truncated_picture_is_an_error_and_not_half_a_picture(form: str, kept: float) -> None:
    whole = saved(noise(200, 100), form)
    with pytest.raises(PictureError, match=r"truncated|damaged"):
        decode(whole[: int(len(whole) * kept)])


def test_a_truncated_jpeg_with_a_whole_thumbnail_in_it_is_truncated_all_the_same() -> None:
    thumbnail = saved(noise(16, 16), "JPEG")
    whole = saved(noise(200, 100), "JPEG", comment=thumbnail, progressive=True)
    assert decode(whole).shape == (100, 200, 3)
    with pytest.raises(PictureError, match="truncated"):
        decode(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "web page"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"BM" + bytes(100), "not a JPEG"),
        (bytes(100), "not a JPEG"),
        (png(0, 5, b"\0" * 5), "no pixels"),
        (b"\xff\xd8\xff\xd9", "no pixels"),
        (png(60_000, 60_000, bytes(1000), depth=1, colour=0), "60000 x 60000"),
        (png(50, 50, b"\0" * 20), "damaged"),
    ],
)
def test_what_is_no_good_picture_is_refused_in_words(data: bytes, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        decode(data)


def test_the_error_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "page.jpg"
    file.write_text("<html>")
    with pytest.raises(PictureError, match=r"page\.jpg: it is a web page"):
        read_image(file)
    with pytest.raises(PictureError, match=r"nothing\.jpg: there is no such file"):
        read_image(tmp_path / "nothing.jpg")
    with pytest.raises(PictureError, match="no such file"):
        read_image(tmp_path)


def test_a_bomb_costs_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    file.write_bytes(png(30_000, 30_000, bytes(30_000 * 90), depth=8, colour=0))
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from monitor.classify.decode import read_image; from monitor.errors import PictureError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: read_image(Path(sys.argv[1]))\n"
        "except PictureError: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True, cwd=root)
    assert int(run.stdout) < 20_000
    assert run.stderr == ""
