from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from monitor.config.load import Loaded, load
from monitor.errors import ConfigError, Problem

Load = Callable[..., Loaded]
Problems = Callable[..., list[Problem]]


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """Where the configurations of a test lie: readable by their owner only."""
    path = tmp_path / "config.yaml"
    path.touch(mode=0o600)
    return path


@pytest.fixture
def load_text(config_file: Path) -> Load:
    """Load a configuration written as text; environ: the whole environment."""

    def load_it(text: str, environ: Mapping[str, str] | None = None, hostname: str = "pi-garage") -> Loaded:
        config_file.write_text(text, encoding="utf-8")
        return load(config_file, environ=environ or {}, hostname=hostname)

    return load_it


@pytest.fixture
def problems_of(load_text: Load) -> Problems:
    """The problems of a configuration written as text; none if it loads."""

    def collect(text: str, environ: Mapping[str, str] | None = None) -> list[Problem]:
        try:
            load_text(text, environ)
        except ConfigError as error:
            return list(error.problems)
        return []

    return collect
