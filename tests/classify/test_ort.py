"""Nothing leaves the house."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_runtime_is_told_not_to_report_to_its_maker_before_it_is_loaded() -> None:
    code = (
        "import builtins, os\n"
        "load = builtins.__import__\n"
        "def watch(name, *rest):\n"
        "    if name == 'onnxruntime': print(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "    return load(name, *rest)\n"
        "builtins.__import__ = watch\n"
        "from monitor.classify.ort import onnxruntime\n"
        "onnxruntime()\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    assert told[0] == "1"


def test_it_is_imported_in_one_place_only() -> None:
    users = [
        path for path in (ROOT / "monitor").rglob("*.py") if "import onnxruntime" in path.read_text().replace("ort import onnxruntime", "")
    ]
    assert users == [ROOT / "monitor/classify/ort.py"]
