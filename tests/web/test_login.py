from __future__ import annotations

import logging
import re
import threading

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from monitor.clock import ManualClock
from monitor.config.schema import WebSettings
from monitor.web.sessions import IDLE, IN_ALL, PER_ADDRESS
from monitor.web.site import make_site
from tests.web.conftest import PASSWORD, sign_in
from tests.web.fakes import FakeWindow
from tests.web.test_security import csrf_of


def test_the_right_name_and_password_let_in(locked: FlaskClient) -> None:
    response = sign_in(locked)
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert locked.get("/").status_code == 200
    assert locked.get("/login").headers["Location"] == "/"


@pytest.mark.parametrize(
    ("username", "password"),
    [("admin", "wrong horse"), ("root", PASSWORD), ("", ""), ("Admin", PASSWORD), ("admin", "x" * 5000), ("admin\0", PASSWORD), ("é", "ü")],
)
def test_any_other_does_not_and_is_not_told_which_was_wrong(locked: FlaskClient, username: str, password: str) -> None:
    response = sign_in(locked, username, password)
    assert response.status_code == 401
    assert "The name or the password is wrong." in response.text
    assert not locked.get_cookie("session")
    assert locked.get("/api/status").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(locked: FlaskClient) -> None:
    cookies = sign_in(locked).headers.getlist("Set-Cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("session="))
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(session.split("; "))
    assert "Secure" not in session


def test_over_https_the_cookie_never_travels_in_the_clear(locked: FlaskClient) -> None:
    proxied = {"X-Forwarded-For": "192.168.1.5", "X-Forwarded-Proto": "https"}
    cookies = sign_in(locked, headers=proxied, base_url="https://localhost").headers.getlist("Set-Cookie")
    assert all("Secure" in cookie for cookie in cookies if "Max-Age=0" not in cookie)


@pytest.mark.parametrize("csrf", [None, "", "-", "guess"])
def test_a_form_that_is_not_ours_signs_nobody_in(locked: FlaskClient, csrf: str | None) -> None:
    form = {"username": "admin", "password": PASSWORD} | ({} if csrf is None else {"csrf": csrf})
    assert locked.post("/login", data=form).status_code == 403
    locked.get("/login")
    response = locked.post("/login", data=form)
    assert response.status_code == 403
    assert "Please try again." in response.text
    assert not locked.get_cookie("session")


def test_forms_in_two_windows_both_work(locked: FlaskClient) -> None:
    forms = [re.findall(r'name="csrf" value="([^"]+)"', locked.get("/login").text) for _ in range(2)]
    assert forms[0] == forms[1]
    assert len(forms[0][0]) >= 43


def test_a_cookie_that_somebody_put_there_is_no_markup(locked: FlaskClient) -> None:
    locked.set_cookie("login", '"><script>', path="/login")
    assert "<script>" not in locked.get("/login").text


def test_after_ten_failures_an_address_has_to_wait_whatever_it_says(locked: FlaskClient, clock: ManualClock) -> None:
    for _ in range(PER_ADDRESS):
        assert sign_in(locked, password="wrong horse").status_code == 401
    clock.advance(30.0)
    response = sign_in(locked)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "570"
    assert "Too many attempts failed. Please try again in 10 minutes." in response.text
    assert sign_in(locked, environ_base={"REMOTE_ADDR": "192.168.1.6"}).status_code == 303
    locked.delete_cookie("session")
    clock.advance(570.0)
    assert sign_in(locked).status_code == 303


def test_who_has_to_wait_costs_no_hashing(locked: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def hash_it(password: str, *_: object) -> bytes:
        hashed.append(password)
        return b""

    monkeypatch.setattr("monitor.config.password._scrypt", hash_it)
    for _ in range(PER_ADDRESS + 20):
        sign_in(locked, password="wrong horse")
    assert len(hashed) == PER_ADDRESS


def test_many_addresses_together_have_to_wait_too(locked: FlaskClient) -> None:
    peers = [{"REMOTE_ADDR": f"10.0.0.{number}"} for number in range(1, IN_ALL + 11)]
    codes = [sign_in(locked, password="wrong horse", environ_base=peer).status_code for peer in peers]
    assert (codes.count(401), codes.count(429)) == (IN_ALL, 10)


def test_what_stands_in_a_header_gives_nobody_ten_attempts_more(locked: FlaskClient) -> None:
    codes = [
        sign_in(locked, password="wrong", headers={"X-Forwarded-For": f"10.0.0.{number}, 192.168.1.5"}).status_code
        for number in range(PER_ADDRESS + 1)
    ]
    assert codes[-1] == 429


def test_who_knows_the_password_in_the_end_begins_anew(locked: FlaskClient) -> None:
    for _ in range(3):
        for _ in range(PER_ADDRESS - 1):
            sign_in(locked, password="wrong horse")
        assert sign_in(locked).status_code == 303
        locked.delete_cookie("session")


def test_signing_out_needs_the_token_of_the_page_and_ends_the_session(inside: FlaskClient) -> None:
    session = inside.get_cookie("session")
    assert session
    assert inside.post("/logout").status_code == 403
    assert inside.post("/logout", headers={"X-CSRF-Token": "guess"}).status_code == 403
    assert inside.get("/api/status").status_code == 200
    response = inside.post("/logout", headers=csrf_of(inside))
    assert (response.status_code, response.headers["Location"]) == (303, "/login")
    assert not inside.get_cookie("session")
    inside.set_cookie("session", session.value)
    assert inside.get("/api/status").status_code == 401


def test_the_token_of_one_session_does_not_do_for_another(locked: FlaskClient) -> None:
    sign_in(locked)
    token = csrf_of(locked)
    locked.delete_cookie("session")
    sign_in(locked)
    assert locked.post("/logout", headers=token).status_code == 403


def test_signing_in_again_ends_the_session_before(inside: FlaskClient) -> None:
    before = inside.get_cookie("session")
    assert before
    form = inside.application.test_client()
    assert sign_in(form).status_code == 303
    assert inside.get("/api/status").status_code == 200
    form.delete_cookie("session")
    form.get("/login")
    form.set_cookie("session", before.value)
    csrf = form.get_cookie("login", path="/login")
    assert csrf
    assert form.post("/login", data={"username": "admin", "password": PASSWORD, "csrf": csrf.value}).status_code == 303
    assert inside.get("/api/status").status_code == 401


def test_predicting_needs_the_token_of_the_page(inside: FlaskClient) -> None:
    assert inside.post("/predict").status_code == 403
    assert inside.post("/predict", headers=csrf_of(inside)).status_code == 415


def test_a_session_that_is_over_leads_back_to_the_form(inside: FlaskClient, clock: ManualClock) -> None:
    clock.advance(IDLE)
    assert inside.get("/api/status").status_code == 401
    assert inside.get("/").headers["Location"] == "/login"
    assert sign_in(inside).status_code == 303


def test_an_open_page_has_no_sign_in(client: FlaskClient) -> None:
    assert client.get("/login").headers["Location"] == "/"
    assert sign_in(client).status_code == 403
    assert 'name="signed-in"' not in client.get("/").text


def test_attempts_are_logged_without_what_was_typed(locked: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sign_in(locked, "my-secret-typed-as-a-name", "wrong horse", environ_base={"REMOTE_ADDR": "192.168.1.5"})
    sign_in(locked)
    assert [record.getMessage() for record in caplog.records if record.name == "monitor.web.login"] == [
        "someone at 192.168.1.5 could not sign in: wrong name or password",
        "someone at 127.0.0.1 signed in",
    ]
    assert "secret" not in caplog.text


def test_a_hash_that_is_none_lets_nobody_in_and_says_so(window: FakeWindow, clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    settings = WebSettings(password_hash=SecretStr("correct horse"))
    browser = make_site(window, settings, clock, threading.Event()).test_client()
    assert "nobody can sign in on the page: web.password_hash must be a line that `monitor hash-password` printed" in caplog.text
    assert sign_in(browser).status_code == 401
    assert browser.get("/api/status").status_code == 401
