from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from monitor.clock import ManualClock
from monitor.runtime.signals import ONE_PRESS, Request, Signals

PATIENCE = 10.0


@pytest.mark.parametrize(
    ("number", "request_"),
    [(signal.SIGTERM, Request.STOP), (signal.SIGINT, Request.STOP), (signal.SIGHUP, Request.RELOAD)],
)
def test_a_signal_becomes_a_request(number: signal.Signals, request_: Request) -> None:
    with Signals(ManualClock()) as signals:
        os.kill(os.getpid(), number)
        assert signals.wait(PATIENCE) is request_
        assert signals.wait(0) is None


def test_the_old_handlers_come_back() -> None:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with Signals(ManualClock()):
        assert all(signal.getsignal(number) != old for number, old in zip(numbers, before, strict=True))
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_storm_of_reloads_is_one_request_until_it_is_taken() -> None:
    with Signals(ManualClock()) as signals:
        for _ in range(50):
            os.kill(os.getpid(), signal.SIGHUP)
        assert signals.wait(PATIENCE) is Request.RELOAD
        assert signals.wait(0) is None
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.wait(PATIENCE) is Request.RELOAD


def test_the_program_can_ask_too() -> None:
    signals = Signals(ManualClock())
    signals.ask(Request.GIVE_UP)
    assert signals.wait(0) is Request.GIVE_UP


def test_a_stop_signal_delivered_twice_in_a_moment_is_one_wish() -> None:
    clock = ManualClock()
    with Signals(clock) as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        clock.advance(ONE_PRESS / 2)
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.wait(PATIENCE) is Request.STOP
        assert signals.wait(0) is None


def test_a_stop_ends_long_work_that_has_nothing_to_put_in_order() -> None:
    with Signals(ManualClock()) as signals, pytest.raises(SystemExit) as left, signals.leaving():
        os.kill(os.getpid(), signal.SIGTERM)
    assert left.value.code == 0


def test_a_stop_that_the_work_swallowed_is_not_forgotten() -> None:
    with Signals(ManualClock()) as signals:
        with contextlib.suppress(BaseException), signals.leaving():
            os.kill(os.getpid(), signal.SIGTERM)
        assert signals.wait(0) is Request.STOP


def child(body: str) -> subprocess.CompletedProcess[str]:
    code = "import os, signal\nfrom monitor.clock import ManualClock\nfrom monitor.runtime.signals import Signals\n" + textwrap.dedent(body)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)


def test_a_second_stop_signal_leaves_at_once() -> None:
    done = child("""
        clock = ManualClock()
        with Signals(clock):
            os.kill(os.getpid(), signal.SIGTERM)
            clock.advance(1)
            os.kill(os.getpid(), signal.SIGINT)
            print("still here")
    """)
    assert done.returncode == -signal.SIGINT
    assert done.stdout == ""
    assert "second signal: leaving at once" in done.stderr


@pytest.mark.parametrize(("number", "status"), [("SIGUSR1", 0), ("SIGABRT", -signal.SIGABRT)])
def test_stacks_of_all_threads_can_be_had_from_outside(number: str, status: int) -> None:
    done = child(f"""
        def deep_inside():
            os.kill(os.getpid(), signal.{number})
        with Signals(ManualClock()):
            deep_inside()
    """)
    assert done.returncode == status
    assert "in deep_inside" in done.stderr
