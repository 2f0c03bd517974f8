from __future__ import annotations

import threading

import pytest

from monitor.clock import ManualClock
from monitor.web.sessions import DAY, IDLE, IN_ALL, LASTS, PER_ADDRESS, SESSIONS, WINDOW, Attempts, Sessions


@pytest.fixture
def sessions(clock: ManualClock) -> Sessions:
    return Sessions(clock)


@pytest.fixture
def attempts(clock: ManualClock) -> Attempts:
    return Attempts(clock)


def test_a_session_is_found_by_its_id_and_by_nothing_else(sessions: Sessions) -> None:
    name = sessions.begin()
    assert sessions.find(name)
    assert not any(sessions.find(other) for other in ("", name[:-1], name + "x", name.swapcase()))


def test_every_session_has_an_id_and_a_csrf_token_that_cannot_be_guessed(sessions: Sessions) -> None:
    names = [sessions.begin() for _ in range(50)]
    tokens = [session.csrf for name in names if (session := sessions.find(name))]
    assert len({*names, *tokens}) == 100
    assert min(map(len, [*names, *tokens])) >= 43  # 256 bits


def test_who_was_not_seen_for_a_week_is_signed_out(sessions: Sessions, clock: ManualClock) -> None:
    name = sessions.begin()
    clock.advance(IDLE - 1)
    assert sessions.find(name)
    clock.advance(IDLE - 1)
    assert sessions.find(name)
    clock.advance(IDLE)
    assert not sessions.find(name)


def test_who_comes_daily_is_signed_out_after_a_month(sessions: Sessions, clock: ManualClock) -> None:
    name = sessions.begin()
    for _ in range(29):
        clock.advance(DAY)
        assert sessions.find(name)
    clock.advance(LASTS - 29 * DAY)
    assert not sessions.find(name)


def test_a_clock_that_is_set_signs_nobody_out(sessions: Sessions, clock: ManualClock) -> None:
    name = sessions.begin()
    clock.set_wall(4_000_000_000.0)
    assert sessions.find(name)


def test_who_signs_out_is_out(sessions: Sessions) -> None:
    name = sessions.begin()
    sessions.end(name)
    sessions.end(name)
    assert not sessions.find(name)


def test_beyond_a_hundred_who_was_not_seen_for_longest_is_signed_out(sessions: Sessions) -> None:
    first, second, *_ = [sessions.begin() for _ in range(SESSIONS)]
    sessions.find(first)
    sessions.begin()
    assert sessions.find(first)
    assert not sessions.find(second)


def test_an_address_may_fail_ten_times_in_ten_minutes(attempts: Attempts, clock: ManualClock) -> None:
    assert [attempts.count("10.0.0.1") for _ in range(PER_ADDRESS)] == [0.0] * PER_ADDRESS
    clock.advance(60.0)
    assert attempts.wait("10.0.0.1") == attempts.count("10.0.0.1") == WINDOW - 60
    assert attempts.count("10.0.0.2") == 0.0
    clock.advance(WINDOW - 60)
    assert attempts.wait("10.0.0.1") == attempts.count("10.0.0.1") == 0.0


def test_whoever_goes_on_trying_waits_no_longer(attempts: Attempts, clock: ManualClock) -> None:
    for _ in range(1000):
        attempts.count("10.0.0.1")
    clock.advance(WINDOW)
    assert attempts.wait("10.0.0.1") == 0.0


def test_all_addresses_together_may_fail_a_hundred_times(attempts: Attempts) -> None:
    waits = [attempts.count(f"10.0.{number // 250}.{number % 250}") for number in range(5000)]
    assert waits.count(0.0) == IN_ALL
    assert attempts.wait("192.168.1.5") == WINDOW
    assert len(attempts._failed) == IN_ALL


def test_who_gets_in_begins_anew_and_nobody_else_does(attempts: Attempts) -> None:
    for address in ("10.0.0.1", "10.0.0.2"):
        for _ in range(PER_ADDRESS):
            attempts.count(address)
    attempts.forget("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 0.0
    assert attempts.wait("10.0.0.2") == WINDOW


def test_many_who_try_at_once_get_no_further(attempts: Attempts) -> None:
    waits: list[float] = []
    together = threading.Barrier(16)

    def attempt() -> None:
        together.wait()
        waits.extend(attempts.count("10.0.0.1") for _ in range(20))

    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert waits.count(0.0) == PER_ADDRESS
