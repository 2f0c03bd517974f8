from __future__ import annotations

import pytest

from monitor import errors, ladder
from monitor.errors import (
    BrokerError,
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
