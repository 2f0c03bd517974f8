from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.web.browser.conftest import TABS, Visitor

pytestmark = pytest.mark.real

IN_PACKAGE = Path("axe-core/axe.min.js")
CHECK = """
const done = arguments[arguments.length - 1];
axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
  .then(({ violations }) => done(violations.map(({ id, impact, nodes }) => [impact, id, nodes.map(({ html }) => html.slice(0, 200))])))
  .catch((error) => done([["critical", String(error), []]]));
"""


@pytest.fixture(scope="session")
def axe() -> str:
    """Give axe-core's script: of $MONITOR_AXE, or of node's global modules."""
    named = os.environ.get("MONITOR_AXE")
    if named is None and shutil.which("npm"):
        root = subprocess.run(["npm", "root", "--global"], capture_output=True, text=True, check=False, timeout=30).stdout.strip()
        named = str(Path(root) / IN_PACKAGE)
    if named is None or not Path(named).is_file():
        pytest.skip("needs axe-core: `npm install --global axe-core`, or its axe.min.js in $MONITOR_AXE")
    return Path(named).read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_serious_in_any_part(visitor: Visitor, axe: str, scheme: str, width: int) -> None:
    visitor.look(width, scheme)
    visitor.media("prefers-color-scheme", scheme)
    visitor.open()
    visitor.browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
    visitor.find("#overlay-toggle").click()
    for tab in TABS:
        visitor.go(tab)
        visitor.filled(tab)
        assert _serious(visitor) == [], tab


def test_axe_finds_nothing_serious_in_the_sign_in(stranger: Visitor, axe: str) -> None:
    stranger.browser.get(f"{stranger.address}/login")
    stranger.browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
    assert _serious(stranger) == []


def _serious(visitor: Visitor) -> list[str]:
    found = visitor.browser.execute_async_script(CHECK)
    return [json.dumps(violation) for violation in found if violation[0] in ("serious", "critical")]
