from __future__ import annotations

import builtins
import contextlib
import importlib
import operator
import re

import pytest

from monitor import errors, ladder
from monitor.errors import (
    BrokerError,
    BusyError,
    CameraError,
    ConfigError,
    DownloadError,
    HistoryRefusedError,
    ModelFaultError,
    MonitorError,
    PictureError,
    Problem,
    StorageError,
    UsageError,
    WeightsError,
    WeightsRefusedError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("config.yaml", [Problem("cameras", "is missing")]), 78),
        (UsageError("--top must be at least 1"), 2),
        (WeightsError("missing"), 69),
        (PictureError("truncated"), 69),
        (CameraError("nobody answers"), 69),
        (HistoryRefusedError("another run holds it"), 69),
        (StorageError("disk full"), 1),
        (WeightsRefusedError("HTML"), 1),
        (DownloadError("no network"), 1),
        (ModelFaultError("NaN"), 1),
        (BrokerError("port taken"), 1),
        (BusyError("four others ask"), 1),
        (ValueError("nobody thought of this"), 70),
        (OSError("nor of this"), 70),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_family_of_errors_has_its_exit_code(error: Exception, code: int) -> None:
    assert ladder.exit_code(error) == code


def test_every_error_that_can_be_explained_is_no_bug() -> None:
    families = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MonitorError)]
    assert len(families) > 10
    assert not [each for each in families if ladder.exit_code(each.__new__(each)) == ladder.BUG]


def test_the_table_names_errors_and_places_that_there_are() -> None:
    """The docstring is what people read: a renamed class or function must not leave it behind."""
    assert ladder.__doc__
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in ladder.__doc__.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 10
    for what, where, _ in rows:
        for name in re.findall(r"\b[A-Z]\w+Error\b", what):
            assert hasattr(errors, name) or hasattr(builtins, name), name
        for dotted in re.findall(r"`([\w.]+)`", where):
            assert found(dotted), dotted


def found(dotted: str) -> bool:
    """Tell whether there is such a module, or such a name in the module or class before the last dot."""
    first, _, last = dotted.rpartition(".")
    for module, path in ((f"monitor.{dotted}", ""), (f"monitor.{first}", last), (f"monitor.{first.lower()}", dotted)):
        with contextlib.suppress(ImportError, AttributeError):
            operator.attrgetter(path)(importlib.import_module(module)) if path else importlib.import_module(module)
            return True
    return False
