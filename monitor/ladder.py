"""What an error means: is it tried again, is something done without, or does the process end, and with which code?

| what went wrong                                  | where it is caught       | what follows                                              |
|--------------------------------------------------|--------------------------|-----------------------------------------------------------|
| CameraError                                      | the capture's step       | retry with back-off; the camera is offline                |
| the broker is down, silent or refuses            | the publisher's link     | retry with back-off; alerts wait in the outbox            |
| StorageError                                     | record's step, the start | degrade: from bounded memory, and the disk is asked again |
| ModelFaultError                                  | classify's step          | degrade: the frame is passed over, and counted            |
| WeightsError at the start                        | `classify.load`          | degrade to `model.fallback` if it is named, else 69       |
| any MonitorError, OSError, MemoryError at reload | `Service._reload`        | degrade: the old configuration stays                      |
| OSError, MemoryError in the figures              | `Service._report`        | degrade: figures are missing                              |
| anything else in a worker's step                 | `runtime.threads.Worker` | restart after 1 s; more than 5 in 60 s: 70                |
| a capture that hangs                             | `supervision.Captures`   | another takes its place; beyond the budget begin anew     |
| another worker that hangs                        | `reporting`, systemd     | no watchdog: begin anew; else SIGABRT, stacks, restart    |
| anything else                                    | `cli.main`               | the exit code that LADDER gives                           |

systemd starts the service again after every code but 78. Of LADDER the first family that fits counts.
"""

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

SHORTAGES = (OSError, MemoryError)
"""What a system that is out of descriptors, memory or disk raises wherever it likes: never a reason to end a daemon that watches."""

LADDER: list[tuple[type[BaseException], int]] = [
    (ConfigError, CONFIG),
    (UsageError, USAGE),
    (WeightsError, UNAVAILABLE),
    (PictureError, UNAVAILABLE),
    (CameraError, UNAVAILABLE),
    (HistoryRefusedError, UNAVAILABLE),
    (MonitorError, FAILED),  # WeightsRefusedError, DownloadError, StorageError, BrokerError, BusyError, ...
]


def exit_code(error: BaseException) -> int:
    """Give the exit code for an error; what nobody foresaw is a bug of ours."""
    return next((code for family, code in LADDER if isinstance(error, family)), BUG)
