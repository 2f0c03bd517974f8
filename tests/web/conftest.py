"""The site over a window that tests can look behind, as an open page on loopback and as one that is locked."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from monitor.clock import ManualClock
from monitor.config.schema import WebSettings
from monitor.web.site import make_site
from tests.web.fakes import FakeWindow

TOKEN = "a-token-for-scripts"


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
    settings = WebSettings(password_hash=SecretStr("-"), tokens=[SecretStr(token) for token in tokens])
    return make_site(window, settings, clock, closing).test_client()
