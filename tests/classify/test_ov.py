"""OpenVINO does not report either."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.classify.choose import installed

ROOT = Path(__file__).parents[2]


def run(code: str) -> list[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()


def test_it_is_imported_without_the_package_that_reports_to_its_maker() -> None:
    if "openvino" not in installed():
        pytest.skip("openvino is not installed")
    code = (
        "import sys\n"
        "from monitor.classify.ov import openvino\n"
        "print(openvino().__name__)\n"
        "print(*[name for name, module in sys.modules.items() if name.split('.')[0] == 'openvino_telemetry' and module is not None])\n"
    )
    assert run(code) == ["openvino"]


def test_it_is_imported_in_one_place_only() -> None:
    users = [path for path in (ROOT / "monitor").rglob("*.py") if "import openvino" in path.read_text().replace("ov import openvino", "")]
    assert users == [ROOT / "monitor/classify/ov.py"]
