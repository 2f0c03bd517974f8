"""What holds for every test: threads end with the test that started them, and in CI a test with real parts does not skip."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator

import pytest

from monitor.camera.opencv import prepare_opencv

GRACE = 5.0
"""Seconds that all of a test's threads together may take to end; those that do not are named."""


@pytest.fixture(scope="session", autouse=True)
def _opencv_as_the_daemon_has_it() -> None:
    """Set OpenCV up before any test opens a video: it looks at some of its settings once for the whole process."""
    prepare_opencv()


@pytest.fixture(autouse=True)
def _threads_end_with_their_test() -> Iterator[None]:
    # Threads of wider fixtures (a module's broker, say) are older than the test and not its own.
    before = set(threading.enumerate())
    yield
    started = set(threading.enumerate()) - before
    share = GRACE / max(1, len(started))
    for thread in started:
        thread.join(share)
    assert not [thread.name for thread in started if thread.is_alive()], "threads outlived the test that started them"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a `real` test that skips where everything it needs is installed on purpose."""
    report = yield
    if report.skipped and os.environ.get("MONITOR_CI") and item.get_closest_marker("real") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped although MONITOR_CI is set: {call.excinfo.value if call.excinfo else 'no reason'}"
    return report
