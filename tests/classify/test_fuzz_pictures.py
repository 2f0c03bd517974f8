"""Whatever is in a picture file is a picture or an error in words, and no more memory than the largest picture has."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pil

from monitor.camera import still
from monitor.classify.attention import ALIKE, MOST, Attention, overlap
from monitor.classify.decode import MAX_PIXELS, decode
from monitor.classify.resample import Box
from monitor.classify.view import square_of_movement, squares_of_all
from monitor.errors import PictureError
from monitor.values import Image, Region
from tests.strategies import damaged, quick

ROOT = Path(__file__).parents[2]


def saved(form: str, mode: str = "RGB", size: tuple[int, int] = (48, 32), **options: object) -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Pil.fromarray(noise).convert(mode).save(stream, form, **options)
    return stream.getvalue()


WHOLE = [
    *(saved("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
    *(saved("JPEG", progressive=True), saved("PNG", "RGBA"), saved("PNG", "P"), saved("WEBP"), saved("WEBP", lossless=True)),
    *(saved("WEBP", "RGBA"), saved("GIF"), saved("BMP"), saved("TIFF"), saved("PPM")),
]


def outcome_of(data: bytes) -> Image | None:
    """Decode as `classify` does, and as a camera's picture is; an error must be in words."""
    told = still.decode(data)
    assert told is None or is_picture(told)
    try:
        image = decode(data)
    except PictureError as error:
        words = f"{error}"
    else:
        words = "a picture"
        assert is_picture(image)
        return image
    assert words.isprintable()
    assert len(words) < 300
    return None


def is_picture(image: Image) -> bool:
    height, width = image.shape[:2]
    return image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and 0 < height * width <= MAX_PIXELS


@quick
@given(data=st.sampled_from(WHOLE).flatmap(damaged))
def test_a_damaged_picture_is_a_picture_or_an_error(data: bytes) -> None:
    outcome_of(data)


@quick
@given(start=st.sampled_from([data[:length] for data in WHOLE for length in (0, 4, 12, 30)]), rest=st.binary(max_size=200))
def test_what_only_begins_like_a_picture_is_an_error(start: bytes, rest: bytes) -> None:
    outcome_of(start + rest)


@pytest.mark.parametrize("whole", WHOLE, ids=range(len(WHOLE)))
def test_a_picture_that_ends_at_any_byte_is_no_more_than_one(whole: bytes) -> None:
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        outcome_of(whole[:length])


@pytest.mark.parametrize("size", [(1, 1), (65500, 1), (1, 65500), (7, 3)])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP"])
def test_every_size_that_a_format_knows_is_one(form: str, size: tuple[int, int]) -> None:
    image = still.decode(saved(form, size=size))
    assert image is not None
    assert image.shape == (size[1], size[0], 3)


def png(width: int, height: int) -> bytes:
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    parts = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def frame_of(width: int, height: int) -> bytes:
    """A JPEG's start of frame (ITU T.81, B.2.2) with three colours."""
    return b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + bytes.fromhex("03012200021101031101")


def jpeg(width: int, height: int) -> bytes:
    whole = saved("JPEG")
    at = whole.index(b"\xff\xc0")
    return whole[:at] + frame_of(width, height) + whole[at + 19 :]


def passes(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    whole = saved("JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * count + b"\xff\xd9"


def bmp(width: int, height: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHI", 1100, 0, 0, 1078)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, 0, 0, 0, 256, 0)
        + bytes(1050)
    )


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + b"\x2c" + bytes(4) + b"\1\0\1\0\0\2\2\x44\1\0;"


def webp(width: int, height: int) -> bytes:
    content = b"WEBPVP8L" + struct.pack("<IBI", 10, 0x2F, (width - 1) | (height - 1) << 14) + b"\x07\x10\x11\x11\x88\x88\xfe\x07\0"
    return b"RIFF" + struct.pack("<I", len(content)) + content


BOMBS = {
    "PNG": png(30_000, 30_000),
    "JPEG": jpeg(20_000, 20_000),
    "JPEG with a small frame behind the large one": jpeg(20_000, 20_000)[:-2] + frame_of(1, 1) + b"\xff\xd9",
    "JPEG with a marker that has no length": jpeg(20_000, 20_000).replace(b"\xff\xd8", b"\xff\xd8\xff\xfe\0\2\xff\1\2\0", 1)
    + bytes(600)
    + frame_of(1, 1)
    + b"\xff\xd9",
    "BMP": bmp(30_000, 30_000),
    "BMP upside down": bmp(30_000, -30_000),
    "GIF": gif(30_000, 30_000),
    "WebP": webp(16_000, 16_000),
    "PGM": b"P5 30000 30000 255\n" + bytes(1000),
    "JPEG of a thousand passes": passes(1000),
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' width='100000' height='100000'/>",
}
MEASURE = """
import resource, sys
from monitor.camera import still
from monitor.classify.decode import decode
from monitor.errors import PictureError

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = peak()
for size in sys.argv[1].split(","):
    data = sys.stdin.buffer.read(int(size))
    assert still.decode(data) is None, f"{data[:20]} is a picture"
    try:
        decode(data)
    except PictureError:
        continue
    raise AssertionError(f"{data[:20]} is a picture")
print(peak() - before)
"""


def test_no_bomb_costs_memory() -> None:
    sizes = ",".join(str(len(data)) for data in BOMBS.values())
    run = subprocess.run([sys.executable, "-c", MEASURE, sizes], input=b"".join(BOMBS.values()), capture_output=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr.decode()
    assert int(run.stdout) < 30_000  # KB


@pytest.mark.parametrize("make", [png, jpeg, bmp, gif, webp])
def test_the_size_that_a_bomb_claims_is_where_the_decoder_looks_for_it(make: object) -> None:
    assert callable(make)
    small, large = make(64, 48), make(8_000, 8_000)
    assert len(small) == len(large)
    assert still.decode(large) is None
    with pytest.raises(PictureError):
        decode(large)


def test_a_progressive_picture_has_passes_enough() -> None:
    assert still.decode(passes(50)) is not None
    assert decode(passes(50)).shape == (32, 48, 3)


# Attention


SIDES = st.integers(16, 4000)
PARTS = st.floats(0, 1)
RULES = 5


@st.composite
def regions(draw: st.DrawFn) -> Region:
    x, y = draw(PARTS), draw(PARTS)
    return Region(
        x, y, draw(st.floats(0, min(1 - x, 0.2)) | st.floats(0, 1 - x)), draw(st.floats(0, min(1 - y, 0.2)) | st.floats(0, 1 - y))
    )


LOOKS = st.lists(st.tuples(st.none() | regions(), st.lists(st.integers(0, MOST + 1), min_size=RULES, max_size=RULES)), max_size=30)


def inside(box: Box, width: int, height: int) -> bool:
    slack = 1e-6 * max(width, height)
    return min(box.x, box.y) >= -slack and box.x + box.width <= width + slack and box.y + box.height <= height + slack


@quick
@given(width=SIDES, height=SIDES, looks=LOOKS)
def test_there_are_one_to_three_squares_inside_the_picture_and_what_moves_is_in_them(
    width: int, height: int, looks: list[tuple[Region | None, list[int]]]
) -> None:
    """Each look tells what moves, and for each rule the square in which it sees something (beyond the last: in none, and it lets go)."""
    attention = Attention()
    followed: dict[str, float] = {}
    otherwise = squares_of_all(width, height)[:1]
    for movement, seen_in in looks:
        box = square_of_movement(movement, width, height) if movement else None
        squares = attention.squares(box, otherwise, followed)
        assert 1 <= len(squares) <= MOST
        assert all(inside(square, width, height) for square in squares)
        assert box is None or any(overlap(box, square) >= ALIKE for square in squares)
        followed = {f"rule{rule}": 0.35 for rule, place in enumerate(seen_in) if place <= MOST}
        scores = {name: [0.9 * (seen_in[int(name[-1])] == place) for place in range(len(squares))] for name in followed}
        attention.learn(squares, scores, followed)
