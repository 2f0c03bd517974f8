from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from monitor.clock import ManualClock, SystemClock, stopwatch
from monitor.runtime.budget import RestartBudget
from monitor.runtime.threads import Heartbeat, Work, Worker, run_in_thread, stop_all
from monitor.values import Moment

LONG = 1000.0
PATIENCE = 10.0


class BrokenError(Exception):
    """What the work of these tests fails with."""


@dataclass
class Diary:
    """Work that writes down what happens to it, and does `todo` in each step."""

    todo: Callable[[int], float]
    lines: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    steps: int = 0

    def start(self) -> None:
        self.lines.append("start")

    def step(self, now: Moment) -> float:
        self.steps += 1
        self.lines.append("step")
        self.threads.add(threading.current_thread().name)
        return self.todo(self.steps)

    def close(self) -> None:
        self.lines.append("close")


Hire = Callable[..., Worker]


@pytest.fixture
def hire() -> Iterator[Hire]:
    hired: list[Worker] = []

    def make(work: Work, **options: object) -> Worker:
        worker = Worker("porch", work, SystemClock(), **options)  # type: ignore[arg-type] # passed on as they are
        hired.append(worker)
        return worker

    yield make
    stop_all(hired, PATIENCE)


def test_work_is_started_stepped_and_closed_on_one_named_thread(hire: Hire) -> None:
    third = threading.Event()

    def todo(step: int) -> float:
        if step == 3:
            third.set()
            return LONG
        return 0.0

    diary = Diary(todo)
    worker = hire(diary)
    worker.start()
    assert third.wait(PATIENCE)
    assert stop_all([worker], PATIENCE) == []
    assert diary.lines == ["start", "step", "step", "step", "close"]
    assert diary.threads == {"porch"}


def test_work_without_start_and_close_is_stepped(hire: Hire) -> None:
    class Bare:
        stepped = threading.Event()

        def step(self, now: Moment) -> float:
            self.stepped.set()
            return LONG

    bare = Bare()
    worker = hire(bare)
    worker.start()
    assert bare.stepped.wait(PATIENCE)
    assert stop_all([worker], PATIENCE) == []


def test_a_wake_cuts_a_rest_short(hire: Hire) -> None:
    first, second = threading.Event(), threading.Event()
    wake = threading.Event()

    def todo(step: int) -> float:
        (first if step == 1 else second).set()
        return LONG

    worker = hire(Diary(todo), wake=wake)
    worker.start()
    assert first.wait(PATIENCE)
    wake.set()
    assert second.wait(PATIENCE)


def test_a_wake_during_a_step_is_not_lost(hire: Hire) -> None:
    wake, second = threading.Event(), threading.Event()

    def todo(step: int) -> float:
        if step == 1:
            wake.set()
        else:
            second.set()
        return LONG

    worker = hire(Diary(todo), wake=wake)
    worker.start()
    assert second.wait(PATIENCE)


def test_a_step_may_ask_for_an_endless_rest(hire: Hire) -> None:
    stepped = threading.Event()

    def todo(step: int) -> float:
        stepped.set()
        return float("inf")

    worker = hire(Diary(todo))
    worker.start()
    assert stepped.wait(PATIENCE)
    assert stop_all([worker], PATIENCE) == []
    assert worker.failures == 0


def test_work_that_fails_is_closed_and_started_again(hire: Hire, caplog: pytest.LogCaptureFixture) -> None:
    well = threading.Event()

    def todo(step: int) -> float:
        if step == 2:
            raise BrokenError("the second step")
        if step == 3:
            well.set()
            return LONG
        return 0.0

    diary = Diary(todo)
    worker = hire(diary, pause=0.0)
    worker.start()
    assert well.wait(PATIENCE)
    assert stop_all([worker], PATIENCE) == []
    assert diary.lines == ["start", "step", "step", "close", "start", "step", "close"]
    assert (worker.failures, worker.failure) == (1, None)
    [record] = caplog.records
    assert "porch failed and starts again" in record.message
    assert record.exc_info
    assert isinstance(record.exc_info[1], BrokenError)


def test_work_that_keeps_failing_is_given_up_and_the_supervisor_is_told(hire: Hire) -> None:
    told: list[Worker] = []
    given_up = threading.Event()

    def on_give_up(worker: Worker) -> None:
        told.append(worker)
        given_up.set()

    def todo(step: int) -> float:
        raise BrokenError(f"step {step}")

    diary = Diary(todo)
    worker = hire(diary, pause=0.0, on_give_up=on_give_up, budget=RestartBudget(limit=2))
    worker.start()
    assert given_up.wait(PATIENCE)
    assert worker.join(PATIENCE)
    assert told == [worker]
    assert str(worker.failure) == "step 3"
    assert worker.failures == 3
    assert diary.lines == ["start", "step", "close"] * 3


def test_a_start_that_fails_is_closed_too(hire: Hire) -> None:
    given_up = threading.Event()

    class Unopened(Diary):
        def start(self) -> None:
            super().start()
            raise BrokenError("no such device")

    diary = Unopened(lambda step: 0.0)
    worker = hire(diary, on_give_up=lambda worker: given_up.set(), budget=RestartBudget(limit=0))
    worker.start()
    assert given_up.wait(PATIENCE)
    assert diary.lines == ["start", "close"]


def test_a_worker_that_pauses_after_a_failure_stops_at_once(hire: Hire, caplog: pytest.LogCaptureFixture) -> None:
    failed = threading.Event()

    def todo(step: int) -> float:
        failed.set()
        raise BrokenError("once")

    worker = hire(Diary(todo), pause=LONG)
    worker.start()
    assert failed.wait(PATIENCE)
    assert stop_all([worker], PATIENCE) == []


def test_a_failure_while_stopping_is_logged_and_ends_the_worker(hire: Hire, caplog: pytest.LogCaptureFixture) -> None:
    stepped = threading.Event()

    class Stubborn(Diary):
        def close(self) -> None:
            raise BrokenError("disk gone")

    def todo(step: int) -> float:
        stepped.set()
        return LONG

    worker = hire(Stubborn(todo))
    worker.start()
    assert stepped.wait(PATIENCE)
    assert stop_all([worker], PATIENCE) == []
    assert [record.message for record in caplog.records] == ["porch failed while it was stopping"]


def test_stragglers_are_named_within_one_common_deadline(hire: Hire, caplog: pytest.LogCaptureFixture) -> None:
    release, stuck = threading.Event(), threading.Barrier(3)

    def todo(step: int) -> float:
        stuck.wait(PATIENCE)
        release.wait(PATIENCE)
        return LONG

    hung = [hire(Diary(todo)) for _ in range(2)]
    fine = hire(Diary(lambda step: LONG))
    for worker in (*hung, fine):
        worker.start()
    stuck.wait(PATIENCE)
    begun = stopwatch()
    with caplog.at_level(logging.WARNING):
        assert stop_all([*hung, fine], 1) == ["porch", "porch"]
    assert stopwatch() - begun < 1.9  # one after the other they would take 2
    assert "still running 1 s after being told to stop: porch, porch" in caplog.text
    release.set()
    assert stop_all(hung, PATIENCE) == []


def test_a_worker_that_never_began_can_be_stopped() -> None:
    worker = Worker("porch", Diary(lambda step: LONG), ManualClock())
    assert stop_all([worker], PATIENCE) == []


def test_a_heartbeat_tells_a_stuck_step_from_a_rest() -> None:
    running = Heartbeat(begun=100.0, due=None)
    assert running.late(Moment(mono=145.0, wall=0)) == 45.0
    resting = Heartbeat(begun=100.0, due=400.0)
    assert resting.late(Moment(mono=399.0, wall=0)) == 0.0
    assert resting.late(Moment(mono=410.0, wall=0)) == 10.0


def test_the_heartbeat_shows_a_step_that_hangs(hire: Hire) -> None:
    inside, release = threading.Event(), threading.Event()

    def todo(step: int) -> float:
        inside.set()
        release.wait(PATIENCE)
        return LONG

    worker = hire(Diary(todo))
    worker.start()
    assert inside.wait(PATIENCE)
    assert worker.heartbeat.due is None
    release.set()


def test_a_main_loop_of_a_library_runs_on_a_named_daemon_thread() -> None:
    seen: list[tuple[str, bool]] = []

    def target() -> None:
        thread = threading.current_thread()
        seen.append((thread.name, thread.daemon))

    run_in_thread("broker", target).join(PATIENCE)
    assert seen == [("broker", True)]


def test_a_failing_main_loop_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def target() -> None:
        raise BrokenError("port taken")

    run_in_thread("broker", target).join(PATIENCE)
    [record] = caplog.records
    assert record.message == "broker failed"
    assert record.exc_info
