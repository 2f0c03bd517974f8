"""A clock, and logging that is put back after each test."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import ManualClock
from monitor.config.schema import LoggingSettings
from monitor.observe.logs import Logs

SetUp = Callable[..., io.StringIO]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def set_up(clock: ManualClock) -> Iterator[SetUp]:
    """Sets logging up as `Logs` does and gives the stream that it writes to; settings may be named."""
    made: list[Logs] = []

    def make(file: Path | None = None, level: str = "info", secrets: tuple[str, ...] = (), **settings: Any) -> io.StringIO:
        stream = io.StringIO()
        changes = {"file": file, "level": level, **settings}
        made.append(Logs(LoggingSettings().model_copy(update=changes), clock, secrets=secrets, env={}, stream=stream))
        return stream

    yield make
    for logs in made:
        logs.close()


@pytest.fixture
def log() -> logging.Logger:
    """A logger of a room of ours."""
    return logging.getLogger("monitor.some.room")
