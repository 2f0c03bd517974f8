"""What C libraries write to descriptors 1 and 2."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from monitor.clock import ManualClock, stopwatch
from monitor.runtime.output import LIMIT, LONGEST, WINDOW, Output

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "monitor.runtime.output")


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [(record.levelno, record.getMessage().removeprefix("a library wrote: ")) for record in caplog.records]


def where_they_lead() -> dict[str, str]:
    """All descriptors of this process."""
    return {link.name: str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}


@pytest.mark.parametrize("number", [1, 2])
def test_what_is_written_becomes_lines_of_log(caplog: pytest.LogCaptureFixture, number: int) -> None:
    with Output(ManualClock()):
        os.write(number, b"half a ")
        os.write(number, b"line\n\nterminate called\nno end")
    assert told(caplog) == [(logging.WARNING, text) for text in ("half a line", "terminate called", "no end")]


@pytest.mark.parametrize(
    "line",
    [
        "[h264 @ 0x7f3a5c000b80] error while decoding MB 12 34, bytestream -5",
        "[rtsp @ 0x55] method DESCRIBE failed: 401 Unauthorized",
        "[ WARN:0@12.345] global cap_v4l.cpp:914 open VIDEOIO(V4L2:/dev/video0): can't open camera by index",
        "VIDIOC_QBUF: No such device",
        "Corrupt JPEG data: 4 extraneous bytes before marker 0xd9",
    ],
)
def test_what_is_said_about_a_video_is_for_who_looks_closely(caplog: pytest.LogCaptureFixture, line: str) -> None:
    with Output(ManualClock()):
        os.write(2, f"{line}\n".encode())
    assert told(caplog) == [(logging.DEBUG, line)]


def test_a_flood_of_ever_other_lines_is_a_few_a_minute_and_a_count(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    output = Output(clock)
    with output:
        for number in range(1000):
            os.write(2, b"no luck in block %d\n" % number)
    clock.advance(WINDOW)
    with output:
        os.write(2, b"still none\n")
    assert [text for _, text in told(caplog)[LIMIT:]] == ["libraries wrote 980 lines more", "still none"]


def test_a_line_without_end_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    with Output(ManualClock()):
        for _ in range(6):
            os.write(2, b"x" * 10_000)
    assert told(caplog) == [(logging.WARNING, "x" * LONGEST)]


def test_all_is_as_before_afterwards_and_it_can_be_done_again() -> None:
    before = where_they_lead()
    output = Output(ManualClock())
    for _ in range(3):
        with output:
            assert where_they_lead()["2"] != before["2"]
    assert where_they_lead() == before


def test_a_reader_that_is_held_up_makes_nobody_who_writes_wait(caplog: pytest.LogCaptureFixture) -> None:
    logger, release, held = logging.getLogger("monitor.runtime.output"), threading.Event(), threading.Event()

    def hold(record: logging.LogRecord) -> bool:
        held.set()
        return release.wait(10)

    logger.addFilter(hold)
    try:
        with Output(ManualClock()):
            os.write(2, b"first\n")
            assert held.wait(10)
            with pytest.raises(BlockingIOError):
                fill(2)
            release.set()
    finally:
        logger.removeFilter(hold)


def fill(descriptor: int) -> None:
    """Write four megabytes."""
    for _ in range(1000):
        os.write(descriptor, b"y" * 4096)


def test_a_child_that_outlives_it_does_not_hold_up_the_end() -> None:
    with Output(ManualClock()):
        child = subprocess.Popen(["sleep", "30"])
        began = stopwatch()
    assert stopwatch() - began < 0.4
    child.kill()
    child.wait()


def run_child(body: str) -> subprocess.CompletedProcess[str]:
    head = """
        import ctypes, faulthandler, logging, os, signal, sys
        from contextlib import closing
        from monitor.clock import SystemClock
        from monitor.config.schema import LoggingSettings
        from monitor.observe.logs import Logs
        from monitor.runtime.output import Output
        from monitor.runtime.signals import Signals
        clock = SystemClock()
        quiet = LoggingSettings(file=None, level="warning")
        libc = ctypes.CDLL(None)
    """
    code = textwrap.dedent(head) + textwrap.dedent(body)
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_what_printf_writes_is_a_redacted_line_of_log_and_results_still_reach_stdout() -> None:
    done = run_child("""
        with closing(Logs(quiet, clock, ["hunter2"])), Output(clock):
            libc.printf(b"DESCRIBE rtsp://viewer:hunter2@cam/ and hunter%%32\\n")
            libc.perror(b"from C")
        print("a result")
    """)
    assert (done.returncode, done.stdout) == (0, "a result\n")
    first, second = done.stderr.splitlines()
    assert "WARNING" in first
    assert first.endswith("a library wrote: DESCRIBE rtsp://***@cam/ and ***")
    assert "a library wrote: from C: " in second


@pytest.mark.parametrize("number", ["SIGABRT", "SIGSEGV", "SIGUSR1"])
def test_stacks_still_reach_the_real_stderr(number: str) -> None:
    done = run_child(f"""
        def deep_inside():
            os.kill(os.getpid(), signal.{number})
        with Signals(clock), closing(Logs(quiet, clock)), Output(clock):
            deep_inside()
    """)
    assert done.returncode == (0 if number == "SIGUSR1" else -getattr(__import__("signal"), number))
    assert "in deep_inside" in done.stderr
    assert "a library wrote" not in done.stderr


def test_a_stderr_on_a_full_disk_is_no_reason_to_stop_nor_to_go_round_in_circles() -> None:
    done = run_child("""
        os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
        with closing(Logs(quiet, clock)), Output(clock):
            for number in range(2000):
                logging.getLogger("monitor").warning("line %d", number)
            libc.printf(b"one more\\n")
            began = os.times()
        print("done", os.times().user - began.user < 1)
    """)
    assert (done.returncode, done.stdout) == (0, "done True\n")


def test_a_stderr_that_nobody_reads_any_more_is_no_reason_to_stop() -> None:
    done = run_child("""
        read, write = os.pipe()
        os.dup2(write, 2)
        os.close(write)
        os.close(read)
        with closing(Logs(quiet, clock)), Output(clock):
            logging.getLogger("monitor").warning("anybody there?")
            libc.printf(b"one more\\n")
        print("done")
    """)
    assert (done.returncode, done.stdout) == (0, "done\n")
