"""A headless Chromium at a page that waitress serves: started once for all tests of this folder, as that takes seconds."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from monitor.clock import SystemClock
from monitor.config.password import PasswordHash
from monitor.config.schema import WebSettings
from monitor.runtime.threads import Worker, stop_all
from monitor.web.server import Server
from tests.web.browser.window import BusyWindow

PATIENCE = 15.0
CHEAP = 2**4
"""scrypt's n of a password that only tests know."""
TABS = {
    "live": ".card h3",
    "alerts": ".episode",
    "history": "#history-rows tr",
    "health": ".thing",
    "settings": ".tree code",
    "try": ".drop label",
}
"""The parts of the page, each with what it has once it has been filled."""


@pytest.fixture(scope="session")
def chrome() -> Iterator[webdriver.Chrome]:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en-GB"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield started
    started.quit()


@dataclass
class Person:
    """Someone at the page, with what they see and do."""

    browser: webdriver.Chrome
    address: str

    def open(self, tab: str = "live") -> None:
        """Load the page anew, with one part of it in view."""
        self.browser.get("about:blank")
        self.browser.get(f"{self.address}/#{tab}")
        self.until(lambda: self.texts("#connection") == ["live"])

    def go(self, tab: str) -> None:
        """Go to another part of the page."""
        self.find(f'nav a[href="#{tab}"]').click()
        self.until(lambda: self.find(f"#{tab}").is_displayed())

    def filled(self, tab: str) -> None:
        """Wait until a part of the page has something to show."""
        self.until(lambda: self.texts(TABS[tab]))

    def until(self, true: Callable[[], Any]) -> Any:
        """Wait until something is so, and give it."""
        wait = WebDriverWait(self.browser, PATIENCE, poll_frequency=0.05, ignored_exceptions=[StaleElementReferenceException])
        return wait.until(lambda _: true())

    def find(self, css: str) -> WebElement:
        """Give the first element that matches."""
        return self.browser.find_element(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """Give what the elements that match say, as far as they are to be seen."""
        found = self.browser.find_elements(By.CSS_SELECTOR, css)
        return [element.text for element in found if element.is_displayed()]

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script and give what it returns."""
        return self.browser.execute_script(script, *arguments)

    def look(self, width: int, scheme: str = "light", height: int = 900) -> None:
        """Have a window of a size in CSS pixels (a phone if it is narrower than 500), in a light or dark scheme."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.media("prefers-color-scheme", scheme)

    def media(self, feature: str, value: str) -> None:
        """Have the system say something of what its user likes."""
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": feature, "value": value}]})

    def complaints(self) -> list[str]:
        """Give what the browser complained of since the last time: broken scripts, blocked content, missing files."""
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]


@dataclass
class Visitor(Person):
    """Someone at a page behind which there is no daemon."""

    window: BusyWindow
    worker: Worker

    def restart(self, meanwhile: Callable[[], Any]) -> None:
        """Stop the server, do something, and start another one at the same address."""
        assert stop_all([self.worker], PATIENCE) == []
        meanwhile()
        settings = WebSettings(listen=self.address.removeprefix("http://"))
        self.worker = Worker("web", Server(self.window, settings, SystemClock()), SystemClock())
        self.worker.start()


@contextlib.contextmanager
def visiting(chrome: webdriver.Chrome, folder: Path, settings: WebSettings) -> Iterator[Visitor]:
    """Have someone at a page of their own, at a free port of this machine; what they had set is undone afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    window, clock = BusyWindow(folder), SystemClock()
    server = Server(window, settings.model_copy(update={"listen": listen}), clock)
    visitor = Visitor(chrome, f"http://{listen}", window, Worker("web", server, clock))
    visitor.worker.start()
    try:
        visitor.until(lambda: _answers(listen))
        visitor.look(1280)
        visitor.complaints()
        yield visitor
    finally:
        chrome.delete_all_cookies()
        chrome.get("about:blank")
        assert stop_all([visitor.worker], PATIENCE) == []


@pytest.fixture
def visitor(chrome: webdriver.Chrome, tmp_path: Path) -> Iterator[Visitor]:
    """Give someone at an open page."""
    with visiting(chrome, tmp_path, WebSettings()) as found:
        yield found


@pytest.fixture
def stranger(chrome: webdriver.Chrome, tmp_path: Path) -> Iterator[Visitor]:
    """Give someone, not signed in, at a page that `admin` with "correct horse" may open."""
    with visiting(chrome, tmp_path, WebSettings(password_hash=SecretStr(str(PasswordHash.of("correct horse", CHEAP))))) as found:
        yield found


def _answers(listen: str) -> bool:
    host, port = listen.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
