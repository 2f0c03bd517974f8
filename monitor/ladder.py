"""The one table from what went wrong to the exit code of the process. The first family that fits counts."""

from __future__ import annotations

from monitor.errors import (
    CameraError,
    ConfigError,
    HistoryRefusedError,
    MonitorError,
    PictureError,
    UsageError,
    WeightsError,
)

DONE = 0
FAILED = 1
USAGE = 2
UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h
BUG = 70  # EX_SOFTWARE
CONFIG = 78  # EX_CONFIG; systemd does not restart on it

LADDER: list[tuple[type[BaseException], int]] = [
    (ConfigError, CONFIG),
    (UsageError, USAGE),
    (WeightsError, UNAVAILABLE),
    (PictureError, UNAVAILABLE),
    (CameraError, UNAVAILABLE),
    (HistoryRefusedError, UNAVAILABLE),
    (MonitorError, FAILED),  # WeightsRefusedError, DownloadError, StorageError, BrokerError, ...
]


def exit_code(error: BaseException) -> int:
    """Give the exit code for an error; what nobody foresaw is a bug of ours."""
    return next((code for family, code in LADDER if isinstance(error, family)), BUG)
