"""The site over a window that tests can look behind, as an open page on loopback and as one that is locked."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from monitor.clock import ManualClock
from monitor.config.password import PasswordHash
from monitor.config.schema import WebSettings
from monitor.web.site import make_site
from tests.web.fakes import FakeWindow

TOKEN = "a-token-for-scripts"
PASSWORD = "correct horse"
HASH = str(PasswordHash.of(PASSWORD, n=2**4))
"""Cheap, so that tests that sign in are quick."""


@pytest.fixture
def window(tmp_path: Path) -> FakeWindow:
    return FakeWindow(tmp_path)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def closing() -> threading.Event:
    """Set by a server that stops."""
    return threading.Event()


@pytest.fixture
def tokens() -> list[str]:
    """Give the bearer tokens that `locked` accepts."""
    return [TOKEN]


@pytest.fixture
def client(window: FakeWindow, clock: ManualClock, closing: threading.Event) -> FlaskClient:
    """Give a browser at an open page: no password is set, and the caller is this machine."""
    return make_site(window, WebSettings(), clock, closing).test_client()


@pytest.fixture
def locked(window: FakeWindow, clock: ManualClock, closing: threading.Event, tokens: list[str]) -> FlaskClient:
    """Give a browser, not signed in, at a page that `admin` with "correct horse" may open."""
    settings = WebSettings(password_hash=SecretStr(HASH), tokens=[SecretStr(token) for token in tokens])
    return make_site(window, settings, clock, closing).test_client()


@pytest.fixture
def inside(locked: FlaskClient) -> FlaskClient:
    """Give the browser of somebody who has signed in."""
    assert sign_in(locked).status_code == 303
    return locked


def sign_in(browser: FlaskClient, username: str = "admin", password: str = PASSWORD, **request: Any) -> TestResponse:
    """Fill in the form and send it. request: what else there is to it, for werkzeug's test client."""
    browser.get("/login", **request)
    cookie = browser.get_cookie("login", path="/login")
    form = {"username": username, "password": password, "csrf": cookie.value if cookie else ""}
    return browser.post("/login", data=form, **request)
