"""What is said of a camera that cannot be opened."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.camera.diagnose import check_device, check_file, connect, why_stream_failed
from monitor.camera.protocol import Fault
from monitor.camera.source import Clip, Device, Stream, parse_source
from monitor.errors import CameraError

MakeServer = Callable[[bytes | None], int]


@pytest.fixture
def answering() -> Iterator[MakeServer]:
    """A server that gives every request the same answer (None: none at all); gives its port."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(listener: socket.socket, answer: bytes | None) -> None:
        held = []
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                break
            if answer is None:
                held.append(client)
                continue
            with client:
                client.recv(4096)
                client.sendall(answer)
        for client in held:
            client.close()

    def make(answer: bytes | None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(listener, answer))
        thread.start()
        listeners.append(listener)
        threads.append(thread)
        return int(listener.getsockname()[1])

    yield make
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join()


def stream(port: int, scheme: str = "rtsp", login: tuple[str, str] | None = None) -> Stream:
    username, password = login or (None, None)
    parsed = parse_source(f"{scheme}://127.0.0.1:{port}/sub?token=abcde", username, SecretStr(password) if password else None)
    assert isinstance(parsed, Stream)
    return parsed


def fault(stream: Stream, waited: float = 0.1) -> tuple[str, str]:
    error = why_stream_failed(stream, waited, 10.0)
    assert "abcde" not in str(error)
    assert "hunter2" not in str(error)
    return error.reason, str(error)


@pytest.mark.parametrize(
    ("head", "reason", "words"),
    [
        ("200 OK\r\nContent-Type: application/sdp", Fault.NOT_VIDEO, "no video that can be decoded"),
        ("401 Unauthorized", Fault.AUTH_FAILED, "asks for a user name and password"),
        ("403 Forbidden", Fault.AUTH_FAILED, "refuses"),
        ("404 Not Found", Fault.NOT_FOUND, "check the path"),
        ("454 Session Not Found", Fault.NOT_FOUND, "check the path"),
        ("453 Not Enough Bandwidth", Fault.BUSY, "too many viewers"),
        ("503 Service Unavailable", Fault.BUSY, "too many viewers"),
        ("500 Oops\x1b[31m", Fault.REJECTED, "answers 500"),
    ],
)
def test_an_answer_is_told_in_words(answering: MakeServer, head: str, reason: Fault, words: str) -> None:
    got, said = fault(stream(answering(f"RTSP/1.0 {head}\r\n\r\n".encode())))
    assert got == reason
    assert words in said
    assert said.isprintable()


def test_a_login_that_is_refused_is_told_from_one_that_is_missing(answering: MakeServer) -> None:
    port = answering(b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="cam", nonce="abc"\r\n\r\n')
    assert fault(stream(port, login=("viewer", "hunter2"))) == (
        Fault.AUTH_FAILED,
        f"127.0.0.1:{port} refuses the user name or password (401)",
    )


def test_a_camera_that_answers_but_took_the_whole_time_sends_no_picture(answering: MakeServer) -> None:
    port = answering(b"RTSP/1.0 200 OK\r\n\r\n")
    assert fault(stream(port), waited=9.9)[0] == Fault.SILENT


def test_a_server_that_says_nothing_is_silent(answering: MakeServer) -> None:
    reason, said = fault(stream(answering(None)))
    assert reason == Fault.SILENT
    assert "does not answer" in said


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"RTSP/1.0 what\r\n\r\n", b"\0" * 40_000])
def test_something_else_at_that_port_is_told(answering: MakeServer, answer: bytes) -> None:
    assert fault(stream(answering(answer)))[0] in (Fault.NOT_VIDEO, Fault.LOST)


def test_tls_towards_a_plain_server_is_told(answering: MakeServer) -> None:
    reason, said = fault(stream(answering(b"RTSP/1.0 200 OK\r\n\r\n"), "rtsps"))
    assert reason == Fault.REJECTED
    assert "try rtsp://" in said


def test_nobody_at_the_port_is_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CameraError, match="connection refused") as refused:
        connect(stream(port))
    assert refused.value.reason == Fault.REFUSED


@pytest.mark.parametrize("host", ["no-such-camera.invalid", "a" * 64 + ".lan"])
def test_a_host_that_nobody_knows_is_told(host: str) -> None:
    with pytest.raises(CameraError, match="not known") as unknown:
        connect(Stream("rtsp", host, 554, "/"))
    assert unknown.value.reason == Fault.UNRESOLVED


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="there is no file") as refused:
        check_file(Clip(tmp_path / "none.mp4"))
    assert refused.value.reason == Fault.MISSING


def failing(number: int) -> Callable[..., int]:
    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("number", "reason", "words"),
    [
        (errno.ENOENT, Fault.MISSING, "plugged in"),
        (errno.EACCES, Fault.FORBIDDEN, "group `video`"),
        (errno.EBUSY, Fault.BUSY, "another program"),
        (errno.ENODEV, Fault.MISSING, "unplug"),
        (errno.EIO, Fault.LOST, "cannot be opened"),
    ],
)
def test_each_trouble_with_a_device_has_its_own_words(monkeypatch: pytest.MonkeyPatch, number: int, reason: Fault, words: str) -> None:
    monkeypatch.setattr(os, "open", failing(number))
    with pytest.raises(CameraError, match=words) as refused:
        check_device(Device(Path("/dev/video0")))
    assert refused.value.reason == reason


def test_a_file_without_permission_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", failing(errno.EACCES))
    with pytest.raises(CameraError, match="no permission") as refused:
        check_file(Clip(Path("/a.mp4")))
    assert refused.value.reason == Fault.FORBIDDEN


def test_a_device_that_is_not_there_is_missing() -> None:
    with pytest.raises(CameraError, match="/dev/video99"):
        check_device(Device(Path("/dev/video99")))
