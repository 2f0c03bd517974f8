"""`POST /predict` with the pictures of friends and of strangers."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from monitor.errors import PictureError
from monitor.web.predict import MAX_BYTES
from monitor.web.window import Answer
from tests.web.fakes import FakeWindow, jpeg

Upload = tuple[str, bytes]


def part(name: str, content: bytes = b"", head: str = "") -> bytes:
    """Give a part of a form whose boundary is xx."""
    return f'--xx\r\nContent-Disposition: form-data; name="{name}"{head}\r\n\r\n'.encode() + content + b"\r\n"


def send_raw(client: FlaskClient, body: bytes, content_type: str = "multipart/form-data; boundary=xx", query: str = "") -> TestResponse:
    """Send a body as it is."""
    return client.post(f"/predict{query}", data=body, content_type=content_type)


def send(client: FlaskClient, *files: Upload, field: str = "file", query: str = "") -> TestResponse:
    """Send files as a form."""
    parts = [part(field, content, f'; filename="{name}"') for name, content in files]
    return send_raw(client, b"".join(parts) + b"--xx--\r\n", query=query)


def error(response: TestResponse, status: int) -> str:
    """Give the sentence of a refusal."""
    assert response.status_code == status, response.text
    body = response.get_json()
    assert list(body) == ["error"]
    sentence: str = body["error"]
    return sentence


def png(width: int, height: int, rows: int = 1) -> bytes:
    """Give a black grey-scale PNG; `rows` of it are there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = zlib.compress(bytes((width + 1) * rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Give an image as a file."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture
def decoded(window: FakeWindow, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Collect the shapes of the pictures that reach the model."""
    from monitor.classify.decode import decode

    shapes: list[tuple[int, ...]] = []
    predict = window.predict

    def remember(picture: bytes, top: int) -> Answer:
        found = predict(picture, top)
        shapes.append(decode(picture).shape)
        return found

    monkeypatch.setattr(window, "predict", remember)
    return shapes


@pytest.mark.parametrize("field", ["file", "image"])
def test_a_picture_gets_its_labels_in_percent(client: FlaskClient, field: str) -> None:
    assert send(client, ("cat.jpg", jpeg()), field=field).get_json() == {
        "predictions": [
            {"label": "tabby", "class_id": 281, "probability": 91.23},
            {"label": "tiger cat", "class_id": 282, "probability": 6.0},
            {"label": "Egyptian cat", "class_id": 285, "probability": 1.0},
        ],
        "model": "resnet18",
        "elapsed_ms": 21.5,
    }


def test_as_many_labels_come_as_are_asked_for(client: FlaskClient) -> None:
    found = send(client, ("cat.jpg", jpeg()), query="?top=1").get_json()
    assert [one["label"] for one in found["predictions"]] == ["tabby"]


@pytest.mark.parametrize("top", ["0", "21", "-1", "NaN", "3.0", "many"])
def test_a_bad_top_is_told(client: FlaskClient, top: str) -> None:
    assert error(send(client, ("cat.jpg", jpeg()), query=f"?top={top}"), 400) == "`top` must be a whole number from 1 to 20"


def test_several_are_answered_one_by_one_and_a_bad_one_costs_the_others_nothing(client: FlaskClient) -> None:
    found = send(client, ("a.jpg", jpeg()), ("notes.txt", b"hello"), ("b.jpg", jpeg())).get_json()
    assert [one["file"] for one in found] == ["a.jpg", "notes.txt", "b.jpg"]
    assert ["predictions" in one for one in found] == [True, False, True]
    assert found[1] == {"file": "notes.txt", "error": "it is not a JPEG, PNG, WebP or GIF"}


def test_no_file_is_told_with_what_to_do(client: FlaskClient) -> None:
    for body in (b"--xx--\r\n", part("file", b"text") + b"--xx--\r\n", part("file", b"", '; filename=""') + b"--xx--\r\n"):
        assert "curl -F file=@cat.jpg" in error(send_raw(client, body), 400)
    assert "there is no picture" in error(send(client, ("cat.jpg", jpeg()), field="picture"), 400)


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/json", "application/x-www-form-urlencoded", "", "no/\x01such"])
def test_what_is_no_form_with_files_is_told(client: FlaskClient, content_type: str) -> None:
    assert "multipart/form-data" in error(send_raw(client, jpeg(), content_type), 415)


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 400, "the file is empty"),
        (b"hello", 415, "it is not a JPEG, PNG, WebP or GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "SVG"),
        (b"<!doctype html>", 415, "web page"),
        (jpeg()[:-100], 400, "truncated"),
        (png(2, 2)[:-8], 400, "truncated"),
        (png(0, 1), 400, "empty"),
    ],
)
def test_what_is_wrong_with_a_picture_is_told(client: FlaskClient, content: bytes, status: int, words: str) -> None:
    assert words in error(send(client, ("cat.jpg", content)), status)


def test_a_decompression_bomb_is_refused_by_its_head(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*asked: object) -> None:
        raise AssertionError("its pixels were unpacked")

    monkeypatch.setattr(cv2, "imdecode", never)
    bomb = png(30_000, 30_000, rows=300)
    assert len(bomb) < 20_000
    assert "at most 50 million" in error(send(client, ("bomb.png", bomb)), 413)


def test_a_picture_of_one_line_is_a_picture(client: FlaskClient, decoded: list[tuple[int, ...]]) -> None:
    assert send(client, ("line.png", png(65_500, 1))).status_code == 200
    assert send(client, ("line.png", png(1, 65_500, rows=65_500))).status_code == 200
    assert decoded == [(1, 65_500, 3), (65_500, 1, 3)]


def test_a_cmyk_jpeg_a_rotated_one_a_webp_and_a_gif_are_pictures(client: FlaskClient, decoded: list[tuple[int, ...]]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = Image.new("RGB", (40, 20), "red")
    pictures = [
        saved(Image.new("CMYK", (40, 20)), "JPEG"),
        saved(plain, "JPEG", exif=exif),
        saved(plain, "WEBP"),
        saved(plain, "GIF", save_all=True, append_images=[Image.new("RGB", (40, 20), "blue")]),
    ]
    for picture in pictures:
        assert send(client, ("picture", picture)).status_code == 200
    assert decoded == [(20, 40, 3), (40, 20, 3), (20, 40, 3), (20, 40, 3)]


def test_eight_pictures_and_eight_megabytes_are_the_most(client: FlaskClient, window: FakeWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "predict", lambda picture, top: Answer([], "resnet18", 1.0))
    half = bytes(MAX_BYTES // 2)
    assert len(send(client, *[("a.jpg", b"x")] * 8).get_json()) == 8
    assert "at most 8 pictures, 8 MB" in error(send(client, *[("a.jpg", b"x")] * 9), 413)
    assert send(client, ("a.jpg", half), ("b.jpg", half)).status_code == 200
    assert "8 MB" in error(send(client, ("a.jpg", half), ("b.jpg", half + b"x")), 413)
    assert "8 MB" in error(send(client, ("a.jpg", bytes(20_000_000))), 413)


def test_what_has_no_length_is_read_no_further_than_allowed(client: FlaskClient) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            start = part("file", b"", '; filename="a.jpg"') if not self.given else b""
            some = (start + b"x" * 65_536)[: len(buffer)]
            buffer[: len(some)] = some
            self.given += len(some)
            return len(some)

    stream = Endless()
    response = client.post(
        "/predict",
        content_type="multipart/form-data; boundary=xx",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input": io.BufferedReader(stream), "wsgi.input_terminated": True},
    )
    assert "8 MB" in error(response, 413)
    assert stream.given < 9_000_000


def test_uploads_never_touch_the_disk(client: FlaskClient, window: FakeWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*asked: object, **how: object) -> None:
        raise AssertionError("an upload was put on the disk")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, never)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", never)
    monkeypatch.setattr(window, "predict", lambda picture, top: Answer([], "resnet18", len(picture)))
    assert send(client, ("a.jpg", bytes(5_000_000))).get_json()["elapsed_ms"] == 5_000_000


def test_nobody_is_kept_waiting_while_others_ask(client: FlaskClient, window: FakeWindow) -> None:
    window.busy = True
    for files in ([("a.jpg", jpeg())], [("a.jpg", jpeg())] * 2):
        response = send(client, *files)
        assert "try again" in error(response, 503)
        assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (jpeg(), "multipart/form-data"),
        (jpeg(), "multipart/form-data; boundary="),
        (jpeg(), "multipart/form-data; boundary=xx"),
        (b"", "multipart/form-data; boundary=xx"),
        (part("file", jpeg(), '; filename="a.jpg"'), "multipart/form-data; boundary=xx"),
        (b"--xx\r\n\r\n\r\n--xx--\r\n", "multipart/form-data; boundary=xx"),
        (b"--xx\r\nContent-Disposition\r\n\r\nx\r\n--xx--\r\n", "multipart/form-data; boundary=xx"),
        (b"--xx\r\n" + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\nx\r\n--xx--\r\n", "multipart/form-data; boundary=xx"),
        (part("file", jpeg(), '; filename="a.jpg"') + b"--xx--\r\n", f"multipart/form-data; boundary={'y' * 5000}"),
        (part("\xff\xfe", jpeg()) + b"--xx--\r\n", "multipart/form-data; boundary=xx; charset=utf-16"),
    ],
)
def test_a_damaged_form_is_refused_in_words(client: FlaskClient, body: bytes, content_type: str) -> None:
    response = send_raw(client, body, content_type)
    assert response.status_code in (400, 413), response.text
    assert response.get_json()["error"]


@pytest.mark.parametrize(
    "make", [lambda: part("a", b"x"), lambda: part("file", b"x", '; filename="a.jpg"'), lambda: part("file", b"", '; filename=""')]
)
def test_a_thousand_parts_are_refused(client: FlaskClient, make: Callable[[], bytes]) -> None:
    assert "at most 8 pictures" in error(send_raw(client, make() * 1000 + b"--xx--\r\n"), 413)


def test_a_long_text_among_the_files_is_refused(client: FlaskClient) -> None:
    body = part("note", b"x" * 600_000) + part("file", jpeg(), '; filename="a.jpg"') + b"--xx--\r\n"
    assert error(send_raw(client, body), 413)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\boot.ini", "a\0.jpg", "/dev/null", "<img src=x>", "\u202egpj.exe", "x" * 5000]
)
def test_a_name_is_said_back_and_used_for_nothing_else(client: FlaskClient, window: FakeWindow, name: str) -> None:
    before = sorted(window.folder.rglob("*"))
    response = send(client, (name.replace("\\", "\\\\"), jpeg()), ("b.jpg", jpeg()))
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert [one["file"] for one in response.get_json()] == [name, "b.jpg"]
    assert sorted(window.folder.rglob("*")) == before


def test_pictures_of_noise_are_answered_with_labels_or_with_words(client: FlaskClient) -> None:
    noise = np.random.default_rng(7)
    for start in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x20\0\0\0WEBPVP8 ", b"GIF89a", b""):
        for length in (0, 1, 20, 500):
            response = send(client, ("noise", start + noise.bytes(length)))
            assert response.status_code in (200, 400, 413, 415)


def test_what_a_picture_is_refused_for_has_a_status() -> None:
    from monitor.web.predict import _STATUS

    assert PictureError("").reason in _STATUS
