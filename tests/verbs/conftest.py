"""The command line in the test's own process: what it prints, what it says and its exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from tests.spine import write_colour_model


@dataclass(frozen=True)
class Ran:
    """How a command ended. out: its results; err: what it told the person at the keyboard."""

    code: int
    out: str
    err: str

    def rows(self) -> list[dict[str, Any]]:
        """The results as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in a folder of its own, without settings from outside, and take back what OpenCV is told through the environment."""
    before = dict(os.environ)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_WEIGHTS", raising=False)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `monitor` with these arguments. Whatever went wrong, nobody is shown a traceback."""

    def run_it(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:  # argparse leaves by itself, for --help and wrong usage
            sys.exit(main([str(argument) for argument in arguments]))
        code = left.value.code
        out, err = capsys.readouterr()
        assert isinstance(code, int)
        assert "Traceback" not in out + err
        assert bool(err) or code == 0, "it failed and said nothing"
        return Ran(code, out, err)

    return run_it


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with the model `colours`. Not to be changed."""
    folder = tmp_path_factory.mktemp("models") / "weights"
    write_colour_model(folder)
    return folder


@pytest.fixture
def config(tmp_path: Path, weights: Path) -> Path:
    """A configuration in the working folder: one camera, one rule, the model `colours`."""
    file = tmp_path / "config.yaml"
    file.touch(mode=0o600)
    file.write_text(
        f"""node: box
cameras:
  porch: {{source: demo, fps: 120}}
model: {{name: colours, weights: {weights}}}
rules:
  - {{label: red, hold: 1s, cooldown: 0s}}
mqtt: {{enabled: false}}
"""
    )
    return file
