"""A person at the page of a real daemon, with the camera that is built in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from selenium import webdriver

from tests.end_to_end.conftest import Daemon, cut, daemon, settings
from tests.publish.brokers import free_port
from tests.web.browser.conftest import Person
from tests.web.browser.test_page import COLOUR

__all__ = ["daemon"]

pytestmark = [pytest.mark.real, pytest.mark.slow]

CATS = {"tabby", "tiger cat", "Egyptian cat", "Persian cat", "lynx"}


def test_someone_sees_the_camera_what_the_model_makes_of_it_an_alert_that_comes_and_what_is_in_a_photograph(
    daemon: Callable[..., Daemon],
    chrome: webdriver.Chrome,
    tmp_path: Path,
) -> None:
    port = free_port()
    box = daemon(settings({"demo": {"source": "demo"}}, web={"listen": f"127.0.0.1:{port}"}))
    box.line("the page is at")
    visitor = Person(chrome, f"http://127.0.0.1:{port}")
    visitor.look(1280)
    visitor.complaints()
    visitor.open()
    first = visitor.until(lambda: visitor.run(COLOUR))
    visitor.until(lambda: visitor.run(COLOUR) not in (None, first))
    visitor.until(lambda: len(visitor.texts(".card .bars li")) == 5)
    visitor.go("alerts")
    visitor.until(lambda: any(label in text for label in CATS for text in visitor.texts(".episode h3")))
    visitor.until(lambda: visitor.run("return document.querySelector('.episode img')?.naturalWidth") == 960)
    visitor.go("try")
    visitor.find("#file").send_keys(str(photograph(tmp_path / "cat.jpg")))
    visitor.until(lambda: CATS & {text.split("\n")[0] for text in visitor.texts(".result .bars li")})
    assert not visitor.complaints()
    chrome.get("about:blank")
    box.stop(15, 5)


def photograph(target: Path) -> Path:
    """Take the picture of the cat in the demo clip."""
    clip = cv2.VideoCapture(str(cut(target.with_suffix(".avi"), (8, 10))))
    _, image = clip.read()
    clip.release()
    cv2.imwrite(str(target), image)
    return target
