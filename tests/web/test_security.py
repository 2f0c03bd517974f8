"""What nobody gets who should not, over every route there is."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from monitor.clock import ManualClock
from monitor.config.schema import WebSettings
from monitor.web.guard import UNGUARDED
from monitor.web.headers import HEADERS
from monitor.web.sessions import PER_ADDRESS
from monitor.web.site import make_site
from tests.web.conftest import HASH, PASSWORD, TOKEN, sign_in
from tests.web.fakes import FakeWindow

EXAMPLES = {"camera": "porch", "alert_id": "20260921T141320Z-porch-cat-1", "seq": "0", "name": "style.css"}
SECRETS = ("porch", "yard", "tabby", "cat", "resnet18", "monitor-shed")
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
]
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FRAME = LINK | {"Sec-Fetch-Dest": "iframe"}


def routes(client: FlaskClient) -> list[tuple[str, str]]:
    """Every method and path that the site knows, with an example for each part that varies."""
    rules = [(method, rule.rule) for rule in client.application.url_map.iter_rules() for method in rule.methods or ()]
    found = [(method, re.sub(r"<(?:\w+:)?(\w+)>", lambda match: EXAMPLES[match[1]], path)) for method, path in rules]
    assert len(found) > 20
    return sorted(found)


def says(response: TestResponse) -> str:
    """The sentence that a refusal consists of."""
    assert response.json is not None
    assert list(response.json) == ["error"]
    return str(response.json["error"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def csrf_of(client: FlaskClient) -> dict[str, str]:
    """The header that a page sends along, as the page has it."""
    match = re.search(r'<meta name="csrf" content="([^"]+)">', client.get("/").text)
    assert match
    return {"X-CSRF-Token": match[1]}


def test_strangers_get_the_sign_in_its_style_and_the_health_and_nothing_else(locked: FlaskClient) -> None:
    for method, path in routes(locked):
        if path in UNGUARDED and method != "POST":
            continue
        response = locked.open(path, method=method)
        expected = {"/": 303, "/login": 403}.get(path, 401)
        assert response.status_code == expected, (method, path)
        assert not any(secret in response.text for secret in SECRETS), (method, path)
    assert locked.get("/nothing/here").status_code == 401


def test_what_strangers_do_get_tells_them_nothing(locked: FlaskClient) -> None:
    for path in UNGUARDED:
        response = locked.get(path)
        assert response.status_code == 200, path
        if path != "/static/style.css":
            assert not any(secret in response.text for secret in SECRETS), path


def test_strangers_are_told_the_way(locked: FlaskClient) -> None:
    assert locked.get("/").headers["Location"] == "/login"
    response = locked.get("/api/status")
    assert "sign in at /login, or send one of web.tokens" in says(response)


def test_whoever_signed_in_gets_everything(inside: FlaskClient) -> None:
    for method, path in routes(inside):
        if method == "GET" and not path.endswith(("stream.mjpg", "/events")):
            with inside.get(path) as response:
                assert response.status_code in (200, 303), path


def test_on_an_open_page_this_machine_gets_everything(client: FlaskClient) -> None:
    for method, path in routes(client):
        if method == "GET" and not path.endswith(("stream.mjpg", "/events")):
            with client.get(path) as response:
                assert response.status_code in (200, 303), path


@pytest.mark.parametrize("way", [{"environ_base": {"REMOTE_ADDR": "192.168.1.5"}}, {"headers": {"X-Forwarded-For": "192.168.1.5"}}])
def test_an_open_page_is_for_this_machine_only(client: FlaskClient, way: dict[str, Any]) -> None:
    for method, path in routes(client):
        response = client.open(path, method=method, **way)
        assert response.status_code == 403, (method, path)
    assert "web.password_hash" in says(client.get("/", **way))


@pytest.mark.parametrize("headers", FOREIGN)
def test_pages_of_other_sites_get_nothing_of_an_open_page(client: FlaskClient, headers: dict[str, str]) -> None:
    for method, path in routes(client):
        response = client.open(path, method=method, headers=headers)
        assert response.status_code == 403, (method, path)
        assert not any(secret in response.text for secret in SECRETS)


@pytest.mark.parametrize("headers", [*FOREIGN, LINK])
def test_pages_of_other_sites_change_nothing_whoever_is_signed_in(inside: FlaskClient, headers: dict[str, str]) -> None:
    token = csrf_of(inside)
    for path in ("/logout", "/login", "/predict"):
        assert inside.post(path, headers=headers | token).status_code == 403, path
        assert inside.post(path, headers=headers | bearer(TOKEN)).status_code == 403, path
    assert inside.get("/api/status").status_code == 200


def test_a_link_on_another_site_leads_to_the_page(client: FlaskClient, locked: FlaskClient) -> None:
    assert client.get("/", headers=LINK).status_code == 200
    assert client.get("/api/status", headers=LINK).status_code == 403
    assert locked.get("/", headers=LINK).status_code == 303
    assert locked.get("/login", headers=LINK).status_code == 200


def test_no_other_site_has_the_page_in_a_frame(client: FlaskClient, locked: FlaskClient) -> None:
    assert client.get("/", headers=FRAME).status_code == 403
    assert locked.get("/login", headers=FRAME).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "", "localhost, evil.example"])
def test_another_name_than_ours_gets_nothing(client: FlaskClient, inside: FlaskClient, host: str) -> None:
    for browser in (client, inside):
        for method, path in routes(browser):
            response = browser.open(path, method=method, headers={"Host": host})
            assert response.status_code == 421, (method, path)
    assert f"asked for as {host!r}; if that name is right, add it to web.allowed_hosts" in says(client.get("/", headers={"Host": host}))


def test_a_name_that_is_allowed_is_ours(window: FakeWindow, clock: ManualClock) -> None:
    settings = WebSettings(allowed_hosts=["cam.example.org"], listen="porch.lan:8080", password_hash=SecretStr(HASH))
    browser = make_site(window, settings, clock, threading.Event()).test_client()
    assert browser.get("/healthz", headers={"Host": "cam.example.org:443"}).status_code == 200
    assert browser.get("/healthz", headers={"Host": "porch.lan:8080"}).status_code == 200
    assert browser.get("/", headers={"Host": "example.org"}).status_code == 421


def test_every_answer_is_hardened_and_nothing_but_the_pages_own_files_is_kept(client: FlaskClient, locked: FlaskClient) -> None:
    for browser in (client, locked):
        for method, path in [*routes(browser), ("GET", "/nothing"), ("GET", "/static/nothing.js")]:
            response = browser.open(path, method=method)
            assert {name: response.headers[name] for name in HEADERS} == HEADERS, (method, path)
            kept = path == "/static/style.css" and response.status_code == 200 and method != "OPTIONS"
            assert kept or response.headers["Cache-Control"] == "no-store", (method, path)
            response.close()


def test_the_policy_allows_no_script_in_a_page_and_no_frame_around_it() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert all(part in policy for part in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"))


def test_a_token_looks_at_everything_and_changes_nothing(locked: FlaskClient) -> None:
    for method, path in routes(locked):
        response = locked.open(path, method=method, headers=bearer(TOKEN))
        if method == "POST":
            assert response.status_code == (415 if path == "/predict" else 403), path
        else:
            assert response.status_code in (200, 303), (method, path)
        response.close()
    assert "a token may look" in says(locked.post("/logout", headers=bearer(TOKEN)))


@pytest.mark.parametrize(
    "value",
    [
        *("", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer \udcff"),
        f"Bearer {TOKEN.upper()}",
    ],
)
def test_another_token_opens_nothing(locked: FlaskClient, value: str) -> None:
    response = locked.get("/api/status", environ_overrides={"HTTP_AUTHORIZATION": value})
    assert response.status_code == 401
    assert "web.tokens" in says(response)


def test_whoever_tries_tokens_is_told_to_wait_and_the_right_one_waits_too(locked: FlaskClient, clock: ManualClock) -> None:
    for _ in range(PER_ADDRESS):
        assert locked.get("/api/status", headers=bearer("guess")).status_code == 401
    response = locked.get("/api/status", headers=bearer(TOKEN))
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "600"
    assert says(response) == "too many wrong tokens came from here; try again in 10 minutes"
    assert locked.get("/api/status", headers=bearer(TOKEN), environ_base={"REMOTE_ADDR": "192.168.1.5"}).status_code == 200
    clock.advance(600.0)
    assert locked.get("/api/status", headers=bearer(TOKEN)).status_code == 200


def test_with_tokens_alone_scripts_get_in_and_people_are_told_what_is_missing(window: FakeWindow, clock: ManualClock) -> None:
    settings = WebSettings(listen="0.0.0.0:8080", tokens=[SecretStr(TOKEN)])
    browser = make_site(window, settings, clock, threading.Event()).test_client()
    assert browser.get("/api/status", headers=bearer(TOKEN)).status_code == 200
    assert browser.get("/healthz").status_code == 200
    for path in ("/", "/login", "/api/status"):
        response = browser.get(path)
        assert response.status_code == 401, path
        assert "set web.password_hash (`monitor hash-password`) to sign in on the page" in says(response)
    assert browser.post("/login", data={"username": "admin", "password": ""}).status_code == 401


def test_only_a_picture_may_be_large(client: FlaskClient) -> None:
    large, too_large = (client.post("/predict", data=upload(b"x" * size), content_type=MULTIPART) for size in (8_000_000, 9_000_000))
    assert (large.status_code, too_large.status_code) == (415, 413)
    client.get("/login")
    assert client.post("/login", data={"csrf": "x" * 100_000}).status_code == 413


MULTIPART = "multipart/form-data; boundary=x"


def upload(content: bytes) -> bytes:
    """A form with a file, as a browser sends it."""
    return b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n' + content + b"\r\n--x--\r\n"


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/static/../site.py", "/static/%2e%2e/site.py"])
def test_what_is_not_there_is_said_in_a_sentence(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert says(response)


def test_what_is_asked_in_the_wrong_way_is_told_the_right_one(client: FlaskClient) -> None:
    response = client.post("/api/status")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert says(response) == "this address is not asked in this way; /api/openapi.json says how"


def test_a_bug_is_said_without_a_traceback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeWindow):
        def config(self) -> dict[str, object]:
            raise RuntimeError("a secret of the inside")

    browser = make_site(Broken(tmp_path), WebSettings(), ManualClock(), threading.Event()).test_client()
    response = browser.get("/api/config")
    assert response.status_code == 500
    assert says(response) == "this is a bug; the log of the daemon says more"
    assert "a secret of the inside" in caplog.text


def test_a_session_does_not_outlive_the_server(inside: FlaskClient, window: FakeWindow, clock: ManualClock) -> None:
    cookie = inside.get_cookie("session")
    assert cookie
    again = make_site(window, WebSettings(password_hash=SecretStr(HASH)), clock, threading.Event()).test_client()
    again.set_cookie("session", cookie.value)
    assert again.get("/api/status").status_code == 401
    assert sign_in(again, password=PASSWORD).status_code == 303
