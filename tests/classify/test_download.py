from __future__ import annotations

import hashlib
import http.server
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.classify.download import download
from monitor.errors import DownloadError

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Site:
    """A web server whose manners can be spoiled. asked: the Range header of each request, "" for none."""

    content: bytes = CONTENT
    ranges: bool = True
    status: int | None = None
    kind: str = "application/octet-stream"
    length: bool = True
    cuts: list[int] = field(default_factory=list)  # bytes after which each of the first connections ends
    redirect: str | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A well-behaved site on loopback."""
    monkeypatch.setenv("no_proxy", "*")
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            site.asked.append(wanted)
            if site.redirect or site.status:
                self.send_response(302 if site.redirect else site.status or 500)
                self.send_header("Location", site.redirect or "")
                self.end_headers()
                return
            begin = int(re.findall(r"\d+", wanted)[0]) if wanted and site.ranges else 0
            if begin >= len(site.content):
                self.send_response(416)
                self.end_headers()
                return
            body = site.content[begin:]
            self.send_response(206 if begin else 200)
            self.send_header("Content-Type", site.kind)
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(site.content) - 1}/{len(site.content)}")
            if site.length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: site.cuts.pop(0)] if site.cuts else body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}/model.pth"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url: str, path: Path, timeout: float = 10) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    download(url, path, len(CONTENT), SHA256, lambda done, total: told.append((done, total)), timeout)
    return told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.pth"


def test_a_file_arrives_whole_with_its_progress_and_nothing_beside_it(site: Site, path: Path) -> None:
    told = fetch(site.url, path)
    assert path.read_bytes() == CONTENT
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)
    assert [found.name for found in path.parent.iterdir()] == ["model.pth"]


def test_a_cut_connection_is_taken_up_where_it_ended(site: Site, path: Path) -> None:
    site.cuts = [100_000, 50_000]
    told = fetch(site.url, path)
    assert path.read_bytes() == CONTENT
    assert site.asked == ["", "bytes=100000-", "bytes=150000-"]
    assert told == sorted(told)


@pytest.mark.parametrize("length", [True, False])
def test_a_line_that_keeps_breaking_is_given_up_and_the_next_call_goes_on(site: Site, path: Path, length: bool) -> None:
    site.length = length
    site.cuts = [100_000, 0, 1000]
    with pytest.raises(DownloadError, match=r"ended 3 times.*next try goes on"):
        fetch(site.url, path)
    assert not path.exists()
    fetch(site.url, path)
    assert path.read_bytes() == CONTENT
    assert site.asked[-1] == "bytes=101000-"


def test_a_server_that_ignores_ranges_is_read_from_the_start(site: Site, path: Path) -> None:
    site.ranges = False
    path.with_name("model.pth.part").write_bytes(CONTENT[:70_000])
    assert fetch(site.url, path)[0] == (0, len(CONTENT))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("size", [10, 70_000, len(CONTENT), len(CONTENT) + 1])
def test_the_remains_of_another_file_are_thrown_away(site: Site, path: Path, size: int) -> None:
    path.with_name("model.pth.part").write_bytes(b"?" * size)
    fetch(site.url, path)
    assert path.read_bytes() == CONTENT
    assert len(list(path.parent.iterdir())) == 1


def test_remains_that_are_already_whole_need_no_connection(path: Path) -> None:
    path.with_name("model.pth.part").write_bytes(CONTENT)
    fetch("http://127.0.0.1:1/", path)
    assert path.read_bytes() == CONTENT


def test_a_range_that_the_server_calls_unsatisfiable_leads_to_a_new_start(site: Site, path: Path) -> None:
    path.with_name("model.pth.part").write_bytes(CONTENT[:-1])
    site.content = CONTENT[:1000]
    with pytest.raises(DownloadError, match="offers 1,000 bytes"):
        fetch(site.url, path)
    assert site.asked == [f"bytes={len(CONTENT) - 1}-", ""]


@pytest.mark.parametrize(
    ("manners", "complaint"),
    [
        ({"status": 404}, "404 Not Found"),
        ({"status": 403}, "403 Forbidden"),
        ({"status": 500}, "500 Internal"),
        ({"status": 416}, "416 "),
        ({"kind": "text/html; charset=utf-8", "content": b"<html>"}, "web page"),
        ({"content": CONTENT[:-1]}, "offers 511,999 bytes"),
        ({"content": CONTENT + b"x"}, "offers 512,001 bytes"),
        ({"content": CONTENT * 10, "length": False}, "more came than the 512,000 bytes"),
        ({"content": CONTENT[:-1] + b"!"}, "another SHA-256"),
        ({"redirect": "file:///etc/passwd"}, "302"),
        ({"redirect": "ftp://127.0.0.1/x"}, "unknown url type"),
    ],
)
def test_whatever_comes_instead_of_the_file_is_told_and_not_kept(
    site: Site, path: Path, manners: dict[str, object], complaint: str
) -> None:
    for name, value in manners.items():
        setattr(site, name, value)
    with pytest.raises(DownloadError, match=complaint):
        fetch(site.url, path)
    assert not path.exists()
    site.__init__(url=site.url)  # type: ignore[misc]  # the same site on a good day
    fetch(site.url, path)
    assert path.read_bytes() == CONTENT


def test_a_sign_in_page_does_not_spoil_what_has_arrived(site: Site, path: Path) -> None:
    part = path.with_name("model.pth.part")
    part.write_bytes(CONTENT[:70_000])
    site.kind = "text/html"
    with pytest.raises(DownloadError, match="web page"):
        fetch(site.url, path)
    assert part.read_bytes() == CONTENT[:70_000]


def test_redirects_are_followed(site: Site, path: Path) -> None:
    class Moved(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(301)
            self.send_header("Location", site.url)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Moved) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        fetch(f"http://127.0.0.1:{server.server_port}/", path)
        thread.join()
    assert path.read_bytes() == CONTENT


def test_a_refused_connection_is_told(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(DownloadError, match=rf"127\.0\.0\.1:{port}.*refused"):
        fetch(f"http://127.0.0.1:{port}/model.pth", path)


def test_an_unknown_host_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DownloadError, match="name cannot be found"):
        fetch("http://no-such-host.invalid/model.pth", path)


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_a_host_that_does_not_answer_as_a_web_server_is_told(path: Path, monkeypatch: pytest.MonkeyPatch, greeting: bytes) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(greeting)
                connection.recv(65536)
                silence.wait(5)

        silence = threading.Event()
        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(DownloadError, match="speak HTTP" if greeting else "no answer in time"):
            fetch(f"http://127.0.0.1:{server.getsockname()[1]}/", path, timeout=0.2)
        silence.set()
        thread.join()


def test_a_certificate_that_proves_nothing_is_told(path: Path, site: Site) -> None:
    with pytest.raises(DownloadError, match="not to be trusted"):
        fetch(site.url.replace("http:", "https:"), path)


def test_only_http_is_spoken(path: Path) -> None:
    with pytest.raises(DownloadError, match="unknown url type"):
        fetch("file:///etc/passwd", path)
