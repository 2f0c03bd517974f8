from __future__ import annotations

import http.client
import logging
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import flask
import pytest

from monitor.clock import Clock, ManualClock, SystemClock, stopwatch
from monitor.config.schema import WebSettings
from monitor.runtime.threads import Worker, stop_all
from monitor.web import channel, patience, server
from monitor.web.server import Server
from monitor.web.site import make_site
from monitor.web.window import Pictures, Window
from tests.web.fakes import FakeWindow

PATIENCE = 20.0


class Camera:
    """Gives a large picture whenever one is asked for."""

    def __init__(self, picture: bytes) -> None:
        self._picture = picture

    def next(self, timeout: float) -> bytes | None:
        return self._picture


class Endless(FakeWindow):
    @contextmanager
    def watch(self, camera: str) -> Iterator[Pictures]:
        yield Camera(self.pictures[0] + b"\0" * 50_000)


@dataclass
class Served:
    """A server that runs."""

    port: int
    worker: Worker

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def get(self, path: str) -> http.client.HTTPResponse:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: bytes | None = None) -> http.client.HTTPResponse:
        """Send a request; whoever reads the answer to its end leaves no socket behind."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, body, {"Connection": "close"})
        return connection.getresponse()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path, free_port: int, caplog: pytest.LogCaptureFixture) -> Iterator[Served]:
    caplog.set_level(logging.INFO)
    clock = SystemClock()
    worker = Worker("web", Server(Endless(tmp_path), WebSettings(listen=f"127.0.0.1:{free_port}"), clock), clock)
    worker.start()
    wait_for(lambda: "the page is at" in caplog.text)
    yield Served(free_port, worker)
    assert stop_all([worker], PATIENCE) == []


def wait_for(true: Callable[[], object]) -> None:
    """Wait until something has happened on another thread."""
    end = stopwatch() + PATIENCE
    while not true():
        assert stopwatch() < end, "it never happened"
        threading.Event().wait(0.01)


def helpers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("waitress")]


def is_closed(client: socket.socket) -> bool:
    """Tell whether the other side has hung up, within the patience of a test."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_the_page_is_served_and_says_nothing_of_the_server(served: Served) -> None:
    with served.get("/api/status") as response:
        assert response.status == 200
        assert b"cameras" in response.read()
        assert response.headers["Server"] is None
        assert response.headers["Via"] is None


def test_it_ends_within_a_second_with_streams_open_and_leaves_no_thread(served: Served) -> None:
    streams = [served.get("/api/cameras/porch/stream.mjpg"), served.get("/api/events")]
    assert all(stream.status == 200 and stream.read(20) for stream in streams)
    assert len(helpers()) == server.THREADS
    began = stopwatch()
    assert stop_all([served.worker], PATIENCE) == []
    assert stopwatch() - began < 1.2
    assert helpers() == []
    for stream in streams:
        stream.close()


def test_it_ends_quickly_though_a_viewer_takes_nothing(served: Served) -> None:
    with served.connect() as viewer:
        viewer.sendall(b"GET /api/cameras/porch/stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_for(lambda: len(viewer.recv(1000)) == 1000)
        # More than all buffers between us hold is on its way by now, or soon.
        threading.Event().wait(0.3)
        began = stopwatch()
        assert stop_all([served.worker], PATIENCE) == []
        assert stopwatch() - began < 1.2
    assert helpers() == []


def test_a_port_that_is_taken_is_told_once_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        page = Server(FakeWindow(tmp_path), WebSettings(listen=listen), clock)
        with closing(page):
            page.start()
            assert page.step(clock.now()) == server.RETRY
            assert [record.levelname for record in caplog.records] == ["ERROR"]
            assert f"the page cannot be served at {listen} (web.listen): another program listens there" in caplog.text
            assert helpers() == []
            other.close()
            caplog.set_level(logging.INFO)
            assert page.step(clock.now()) == 0.0
            assert f"the page is at http://{listen}/" in caplog.text


def test_a_page_that_listens_everywhere_is_told_by_the_name_of_the_machine(
    tmp_path: Path, free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = WebSettings().model_copy(update={"listen": f"0.0.0.0:{free_port}"})
    with closing(Server(FakeWindow(tmp_path), settings, ManualClock())) as page:
        page.start()
    assert caplog.messages == [f"the page is at http://{socket.gethostname()}:{free_port}/"]


@pytest.mark.parametrize(("listen", "words"), [("192.0.2.1:8080", "no such address"), ("no-such-host.invalid:8080", "(web.listen): ")])
def test_an_address_that_is_not_ours_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, listen: str, words: str) -> None:
    settings = WebSettings(listen="127.0.0.1:8080").model_copy(update={"listen": listen})
    page = Server(FakeWindow(tmp_path), settings, ManualClock())
    with closing(page):
        page.start()
    assert words in caplog.text


def test_it_can_be_started_again_and_whoever_was_served_is_served_again(tmp_path: Path, free_port: int) -> None:
    page = Server(FakeWindow(tmp_path), WebSettings(listen=f"127.0.0.1:{free_port}"), SystemClock())
    for _ in range(2):
        with closing(page):
            page.start()
            with socket.create_connection(("127.0.0.1", free_port), PATIENCE) as client:
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                client.setblocking(False)
                assert b"200 OK" in stepped(page, client)
    assert helpers() == []


def test_streams_are_told_of_a_stop_and_not_after_the_next_start(tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[threading.Event] = []

    def site(window: Window, settings: WebSettings, clock: Clock, ending: threading.Event) -> flask.Flask:
        told.append(ending)
        return make_site(window, settings, clock, ending)

    monkeypatch.setattr(server, "make_site", site)
    page = Server(FakeWindow(tmp_path), WebSettings(listen=f"127.0.0.1:{free_port}"), ManualClock())
    for _ in range(2):
        with closing(page):
            page.start()
            assert not told[0].is_set()
        assert told[0].is_set()
    assert len(told) == 1


def stepped(page: Server, client: socket.socket) -> bytes:
    """Step a server until it has answered."""
    end = stopwatch() + PATIENCE
    while stopwatch() < end:
        page.step(SystemClock().now())
        try:
            return client.recv(65536)
        except BlockingIOError:
            continue
    raise AssertionError("no answer")


@pytest.mark.parametrize(
    ("host", "addresses"), [("localhost", ["127.0.0.1"]), ("[::1]", ["::1"]), ("[::]", ["::1", "127.0.0.1"]), ("0.0.0.0", ["127.0.0.1"])]
)
def test_it_listens_on_ipv6_too(tmp_path: Path, free_port: int, host: str, addresses: list[str]) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    settings = WebSettings(listen="127.0.0.1:1").model_copy(update={"listen": f"{host}:{free_port}"})
    page = Server(FakeWindow(tmp_path), settings, SystemClock())
    with closing(page):
        page.start()
        for address in addresses:
            with socket.create_connection((address, free_port), PATIENCE) as client:
                client.sendall(b"GET /api/status HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n")
                client.setblocking(False)
                assert b"200 OK" in stepped(page, client)


def test_clients_that_never_finish_a_request_are_dropped_and_keep_nobody_out(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = [served.connect() for _ in range(server.THREADS * 3)]
    try:
        for client in slow:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        with served.get("/api/status") as response:
            assert response.status == 200
            response.read()
        monkeypatch.setattr(patience, "HEAD", 0.0)
        assert all(is_closed(client) for client in slow)
    finally:
        for client in slow:
            client.close()


def test_a_viewer_who_takes_nothing_is_dropped(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with served.connect() as viewer:
        viewer.sendall(b"GET /api/cameras/porch/stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert viewer.recv(1000)
        monkeypatch.setattr(patience, "STALLED", 0.6)
        threading.Event().wait(2.0)
        viewer.settimeout(PATIENCE)
        taken = 0
        try:
            while data := viewer.recv(1_000_000):
                taken += len(data)
                assert taken < 50_000_000, "the stream goes on"
        except ConnectionResetError:
            pass


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        (b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n", b"413", b"a picture may have 8 MB"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", b"431", b"the headers are too large"),
        (b"POST /predict HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", b"501", b"chunked"),
        (b"nonsense\r\n\r\n", b"400", b"not HTTP"),
    ],
)
def test_what_reaches_no_page_is_refused_in_our_words_and_under_our_headers(
    served: Served, sent: bytes, status: bytes, words: bytes
) -> None:
    with served.connect() as client:
        client.sendall(sent)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.split()[1] == status
    assert words in answer
    assert b"Content-Security-Policy: default-src 'self'" in answer
    assert b"waitress" not in answer


def test_many_who_send_pictures_at_once_do_not_take_the_memory(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "TOGETHER", 399_999)
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 400000\r\n\r\n"
    with served.connect() as first, served.connect() as second:
        for client in (first, second):
            client.sendall(head + b"x" * 200_000)
        (refused,), _, _ = select.select([first, second], [], [], PATIENCE)
        answer = everything(refused)
        # Hung up on with bytes still on their way, a client may see that before it sees the answer.
        assert answer.startswith(b"HTTP/1.1 503") or not answer
        other = second if refused is first else first
        other.sendall(b"x" * 200_000)
        assert everything(other).startswith(b"HTTP/1.1 415")


def everything(client: socket.socket) -> bytes:
    """Read until the other side hangs up; what was lost when it did so is lost."""
    answer = b""
    try:
        while data := client.recv(65536):
            answer += data
    except ConnectionResetError:
        pass
    return answer


def test_one_address_cannot_take_all_connections(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "PER_ADDRESS", 3)
    clients = [served.connect() for _ in range(3)]
    with served.connect() as one_more:
        assert is_closed(one_more)
    clients.pop().close()
    wait_for(lambda: serves(served))
    for client in clients:
        client.close()


def serves(served: Served) -> bool:
    try:
        with served.get("/healthz") as response:
            return response.read() != b""
    except (http.client.RemoteDisconnected, ConnectionError):
        return False


def test_that_requests_wait_is_said_once_in_ten_minutes() -> None:
    clock = ManualClock()
    seldom = server._Seldom(clock)
    record = logging.LogRecord("waitress.queue", logging.WARNING, "", 0, "Task queue depth is %d", (3,), None)
    assert seldom.filter(record)
    assert record.getMessage() == "more is asked of the page than its threads can answer at once; 3 requests wait"
    clock.advance(599.0)
    assert not seldom.filter(record)
    clock.advance(1.0)
    assert seldom.filter(record)


def test_viewers_who_come_and_go_leave_no_line_in_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    with served.get("/api/cameras/porch/stream.mjpg") as stream:
        stream.read(20)
    with served.get("/healthz") as response:
        response.read()
    stop_all([served.worker], PATIENCE)
    assert caplog.records == []


def test_a_closed_server_may_be_closed_again(tmp_path: Path) -> None:
    page = Server(FakeWindow(tmp_path), WebSettings(), ManualClock())
    page.close()
    page.close()
    assert helpers() == []
