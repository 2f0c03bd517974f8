"""Whatever a camera answers is a picture or an error in words: in its own time, within its own memory, and without our password in it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from monitor.camera import diagnose, http_get, snapshot
from monitor.camera.diagnose import verdict, why_stream_failed
from monitor.camera.http_get import HttpClient
from monitor.camera.login import authorization
from monitor.camera.protocol import Fault
from monitor.camera.snapshot import SnapshotSource
from monitor.camera.source import Stream, parse_source
from monitor.camera.still import MAX_BYTES
from monitor.errors import CameraError
from tests.camera.http_camera import jpeg
from tests.strategies import TEXTS, damaged, quick

SECRET = "Xq7hunter2Zw"
CHALLENGES = ('Digest realm="cam", nonce="abc", qop="auth", algorithm=SHA-256, opaque="x"', 'Basic realm="cam"', "Bearer")
OURS = ("GET ", "DESCRIBE ", "Host: ", "User-Agent: ", "Accept-Encoding: ", "Authorization: ", "CSeq: ", "Accept: ")


def answer(first: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([first, *headers, "", ""]).encode() + body


RTSP = [
    answer("RTSP/1.0 200 OK", "CSeq: 1", "Content-Type: application/sdp", "Content-Length: 5", body=b"v=0\r\n"),
    *(answer("RTSP/1.0 401 Unauthorized", f"WWW-Authenticate: {challenge}") for challenge in CHALLENGES),
    answer("RTSP/1.0 454 Session Not Found"),
    answer("RTSP/1.0 200 OK", *(f"X-{number}: 1" for number in range(200))),
    answer("RTSP/1.0 200 OK", "X: " + "y" * 16_000),
]
PICTURE = jpeg()
HTTP = [
    answer("HTTP/1.1 200 OK", "Content-Type: image/jpeg", f"Content-Length: {len(PICTURE)}", body=PICTURE),
    answer("HTTP/1.0 200 OK", "Content-Type: image/jpeg", body=PICTURE),
    answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=f"{len(PICTURE):x}\r\n".encode() + PICTURE + b"\r\n0\r\n\r\n"),
    *(answer("HTTP/1.1 401 No", f"WWW-Authenticate: {challenge}", "Content-Length: 0") for challenge in CHALLENGES),
    *(
        answer("HTTP/1.1 302 Found", f"Location: {place}", "Content-Length: 0")
        for place in ("/b", "//cam/b", "http://evil/b", "http://[", "")
    ),
    *(answer(f"HTTP/1.1 {status} X", "Content-Type: text/html", "Content-Length: 2", body=b"hm") for status in (100, 200, 404, 503, 999)),
    *(answer("HTTP/1.1 200 OK", f"Content-Length: {length}", body=b"x" * 100) for length in ("-1", "x", "9" * 30, "9" * 5000)),
    *(
        answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=size + b"\r\n" + b"x" * 100)
        for size in (b"-1", b"-5", b"fffffffffff", b"x")
    ),
    answer("HTTP/1.1 401 No", 'WWW-Authenticate: Digest realm="cam", nonce="a\r\n X-Injected: 1"', "Content-Length: 0"),
    answer("HTTP/1.1 200 OK", *(f"X-{number}: 1" for number in range(200))),
    b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
]


@contextmanager
def camera_that_says(*answers: bytes) -> Iterator[list[bytes]]:
    """Be the camera: each connection is answered with the next of the answers, then with nothing; gives what we were asked."""
    peers: list[socket.socket] = []
    asked: list[bytes] = []
    coming = chain(answers, repeat(b""))

    def connect(_: Stream) -> socket.socket:
        ours, theirs = socket.socketpair()
        theirs.sendall(next(coming))
        theirs.shutdown(socket.SHUT_WR)
        peers.append(theirs)
        return ours

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnose, "connect", connect)
        patch.setattr(http_get, "connect", connect)
        try:
            yield asked
        finally:
            for peer in peers:
                peer.setblocking(False)
                asked.append(peer.recv(1_000_000))
                peer.close()


def stream(scheme: str) -> Stream:
    found = parse_source(f"{scheme}://cam/a?channel=1", "viewer", SecretStr(SECRET))
    assert isinstance(found, Stream)
    return found


def check_words(error: CameraError) -> None:
    assert f"{error}".isprintable()
    assert SECRET not in f"{error}"
    assert error.reason in set(Fault)


def check_requests(asked: list[bytes]) -> None:
    """What a camera says must not become lines of ours."""
    for request in asked:
        lines = [line for line in request.decode().split("\r\n") if line]
        assert all(line.startswith(OURS) and not set(line) & set("\r\n") for line in lines), lines


def ask(client: HttpClient) -> None:
    """Ask for a picture and read what comes; an error must be in words."""
    try:
        response = client.get(5.0)
        assert client.stream.host == "cam"
        check_words(verdict(client.stream, response.status, response.headers))
        assert len(client.read(response, 5000)) <= 5000
    except CameraError as error:
        check_words(error)


@quick
@given(answers=st.lists(st.sampled_from(RTSP) | st.sampled_from(RTSP).flatmap(damaged) | st.binary(max_size=300), min_size=1, max_size=3))
def test_whatever_a_camera_answers_over_rtsp_is_told_in_words(answers: list[bytes]) -> None:
    with camera_that_says(*answers) as asked:
        check_words(why_stream_failed(stream("rtsp"), 0.1, 10.0))
    check_requests(asked)


@quick
@given(answers=st.lists(st.sampled_from(HTTP) | st.sampled_from(HTTP).flatmap(damaged) | st.binary(max_size=300), min_size=1, max_size=3))
def test_whatever_a_camera_answers_over_http_is_an_answer_or_an_error_in_words(answers: list[bytes]) -> None:
    client = HttpClient(stream("http"))
    with camera_that_says(*answers) as asked:
        for _ in range(3):
            ask(client)
        client.close()
    check_requests(asked)


@quick
@given(answers=st.lists(st.sampled_from(HTTP[:3]).flatmap(damaged), min_size=1, max_size=4))
def test_a_source_of_pictures_gives_pictures_or_none_or_an_error(answers: list[bytes]) -> None:
    client = HttpClient(stream("http"))
    with camera_that_says(HTTP[0], *answers), pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "FASTEST", 1e9)
        source = SnapshotSource(client, client.get(5.0), 1e9, 5.0)
        for _ in answers:
            try:
                assert source.grab() is (source.retrieve() is not None)
            except CameraError as error:
                check_words(error)
        source.close()


@pytest.mark.parametrize(
    "said", [answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"-1\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n" * 2000]
)
def test_an_answer_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    came: list[int] = []
    readinto = http_get._Reader.readinto

    def counted(reader: http_get._Reader, buffer: object) -> int | None:
        came.append(readinto(reader, buffer) or 0)
        return came[-1]

    monkeypatch.setattr(http_get._Reader, "readinto", counted)
    monkeypatch.setattr(http_get, "_MOST_BYTES", 20_000)
    client = HttpClient(stream("http"))
    with camera_that_says(said + b"x" * 40_000), pytest.raises(CameraError, match="does not speak HTTP"):
        client.read(client.get(5.0), MAX_BYTES)
    assert sum(came) <= 20_000


@pytest.mark.parametrize("head", [*RTSP, *HTTP])
def test_a_head_cut_at_any_byte_is_told_in_words(head: bytes) -> None:
    for length in range(0, min(len(head), 200), 7):
        client = HttpClient(stream("http"))
        with camera_that_says(head[:length], head[:length]):
            check_words(why_stream_failed(stream("rtsp"), 0.1, 10.0))
            ask(client)
            client.close()


@quick
@given(
    challenges=st.lists(TEXTS | st.sampled_from(CHALLENGES) | TEXTS.map(lambda text: f'Digest realm="{text}", nonce="{text}"'), max_size=3)
)
def test_a_challenge_of_any_text_is_answered_without_the_password_or_not_at_all(challenges: list[str]) -> None:
    headers = [text.encode("latin-1", "replace").decode("latin-1") for text in challenges]  # as they are read
    found = authorization(headers, "GET", "/", "viewer", SECRET)
    assert found is None or SECRET not in found
