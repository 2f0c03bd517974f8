"""A small checkout, installed and set up, in which the real Makefile and scripts run without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STUB = """\
import signal
import sys

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("stub", *sys.argv[1:], flush=True)
if sys.argv[1:2] == ["run"]:
    signal.sigwait([signal.SIGINT])
    print("ended", flush=True)
"""

Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The repository's Makefile and scripts around a stub of the program, with a .venv as `make setup` leaves it."""
    here = tmp_path / "checkout"
    shutil.copytree(ROOT / "systemd", here / "systemd")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy2(ROOT / name, here)
    (here / "monitor").mkdir()
    (here / "monitor" / "__init__.py").touch()
    (here / "monitor" / "__main__.py").write_text(STUB)
    (here / "weights").mkdir()
    (here / "weights" / "resnet18.onnx").write_bytes(b"a model")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", here / ".venv"], check=True)
    packages = next((here / ".venv" / "lib").glob("python*")) / "site-packages"
    (packages / "__editable__.monitor-0.1.0.pth").write_text(f"{here}\n")
    (packages / "numpy.py").write_text("'a dependency'\n")
    program = here / ".venv" / "bin" / "monitor"
    program.write_text(f'#!/bin/sh\nexec {here}/.venv/bin/python -m monitor "$@"\n')
    program.chmod(0o755)
    for stamp in (".installed", ".weights"):
        (here / ".venv" / stamp).touch()
    return here


@pytest.fixture
def clean() -> dict[str, str]:
    """The environment without what a make that runs these tests would hand down to the make under test."""
    handed_down = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "DESTDIR", "ARGS"}
    return {key: value for key, value in os.environ.items() if key not in handed_down}


@pytest.fixture
def make(checkout: Path, clean: dict[str, str]) -> Make:
    """Run make in the checkout."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**clean, **(env or {})}
        return subprocess.run(["make", *arguments], cwd=checkout, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run
