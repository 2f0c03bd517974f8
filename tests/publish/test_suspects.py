"""Who is to blame when the broker hangs up."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator

from monitor.publish.suspects import CALM, STRIKES, TRIALS, Suspects

CAREFUL_AFTER = STRIKES + 1
"""Connections until a message that breaks each is accused."""

KILLED = 3000
"""Brokers that die again and again in the simulation, of ways to die drawn by lot."""


def breaks(suspects: Suspects, *sent: str, after: float = 0.1, answered: str = "state") -> object:
    """Go through one connection on which one message is answered, some are sent as soon as they may, and then it breaks."""
    suspects.connected(0.0)
    if answered:
        suspects.sent(answered, 0.0)
        suspects.answered(answered)
    now = next(now for now in range(60) if suspects.may_go(sent[0], now))
    for what in sent:
        suspects.sent(what, now)
    return suspects.broke(now + after)


def test_a_message_that_breaks_connection_after_connection_is_found_once_it_is_alone() -> None:
    suspects = Suspects()
    for _ in range(STRIKES):
        assert not suspects.careful
        assert breaks(suspects, "poison", "other") is None
    for _ in range(TRIALS):
        assert suspects.careful
        assert breaks(suspects, "poison") is None
    assert breaks(suspects, "poison") == "poison"
    assert not suspects.careful


def test_while_suspicion_lasts_messages_go_one_at_a_time() -> None:
    suspects = Suspects()
    for _ in range(STRIKES):
        breaks(suspects, "poison", "other")
    suspects.connected(0.0)
    suspects.sent("poison", 0.0)
    assert not suspects.may_go("other", 0.0)
    suspects.answered("poison")
    assert suspects.may_go("other", 0.0)


def test_the_accused_waits_for_longer_each_time_and_nobody_else_does() -> None:
    suspects = Suspects()
    for _ in range(CAREFUL_AFTER):
        breaks(suspects, "poison")
    for trial in range(1, TRIALS + 1):
        suspects.connected(100.0)
        assert suspects.may_go("other", 100.0)
        assert not suspects.may_go("poison", 99.9 + CALM * trial)
        assert suspects.may_go("poison", 100.0 + CALM * trial)
        breaks(suspects, "poison")


def test_a_connection_that_breaks_without_the_accused_acquits_it() -> None:
    suspects = Suspects()
    for _ in range(STRIKES + TRIALS):
        breaks(suspects, "alert")
    suspects.connected(0.0)
    suspects.sent("state", 0.0)
    suspects.answered("state")
    assert suspects.broke(CALM) is None
    assert not suspects.careful
    assert suspects.may_go("alert", 0.0)
    assert breaks(suspects, "alert") is None


def test_none_of_several_is_the_culprit() -> None:
    suspects = Suspects()
    for _ in range(STRIKES * 3):
        assert breaks(suspects, "poison", "other") is None


def test_an_answer_clears() -> None:
    suspects = Suspects()
    for _ in range(STRIKES + TRIALS):
        breaks(suspects, "alert")
    suspects.answered("alert")
    assert not suspects.careful
    assert suspects.may_go("alert", 0.0)
    assert breaks(suspects, "alert") is None


def test_only_breaks_in_a_row_count() -> None:
    suspects = Suspects()
    for _ in range(STRIKES * 3):
        assert [breaks(suspects, what) for what in ("alert", "alert", "other")] == [None] * 3
        assert not suspects.careful


def test_a_connection_that_breaks_long_after_a_message_was_sent_does_not_accuse_it() -> None:
    suspects = Suspects()
    for _ in range(STRIKES * 3):
        assert breaks(suspects, "alert", after=2.1) is None
        assert not suspects.careful


def test_a_broker_that_answers_nothing_accuses_nobody() -> None:
    suspects = Suspects()
    for _ in range((STRIKES + TRIALS) * 3):
        assert breaks(suspects, "state", answered="") is None


def test_after_a_culprit_was_found_the_next_one_is_found_too() -> None:
    suspects = Suspects()
    found = [breaks(suspects, poison) for poison in ("one", "two") for _ in range(CAREFUL_AFTER + TRIALS)]
    assert [culprit for culprit in found if culprit] == ["one", "two"]


def found_among(lifetimes: Iterable[float], answer: Callable[[], float], poison: Hashable = None) -> Iterator[Hashable]:
    """Give the culprit, or None, of each connection to a broker that dies after these seconds and takes `answer()` for each message.

    On each connection a few states are told, and then the alerts, which come all the while.
    """
    suspects, alerts, now, number = Suspects(), deque[Hashable](range(5)), 0.0, 5
    for lifetime in lifetimes:
        alerts.extend(range(number, number := number + 5))
        end, queue = now + lifetime, deque[Hashable](["state", "stats", *alerts])
        flying = deque[tuple[Hashable, float]]()
        suspects.connected(now)
        while now < end:
            while queue and len(flying) < 5 and suspects.may_go(queue[0], now):
                what = queue.popleft()
                suspects.sent(what, now)
                flying.append((what, max(now + answer(), flying[-1][1] if flying else 0.0)))
            if not flying:
                now += 0.5
                continue
            what, now = flying.popleft()
            if now >= end or what == poison:
                end = min(now, end)
                break
            suspects.answered(what)
            if what in alerts:
                alerts.remove(what)
        if (culprit := suspects.broke(end)) in alerts:
            alerts.remove(culprit)
        yield culprit
        now = end


def lifetimes(chance: random.Random) -> Iterator[float]:
    """How long the connections to one broker last: at random, or each as long, or nearly."""
    mean, spread = 10 ** chance.uniform(-2.5, 1), chance.choice((0.0, 0.001, 0.1, None))
    for _ in range(30):
        yield chance.expovariate(1 / mean) if spread is None else mean * (1 + chance.uniform(0, spread))


def latency(chance: random.Random) -> Callable[[], float]:
    """How long one broker takes for an answer, in its order: 1 ms to 0.5 s."""
    mean = 10 ** chance.uniform(-3, -0.3)
    return lambda: mean * chance.uniform(0.5, 1.5)


def test_of_thousands_of_brokers_that_die_again_and_again_none_gets_an_innocent_message_accused() -> None:
    chance = random.Random(6)
    accused = [culprit for _ in range(KILLED) for culprit in found_among(lifetimes(chance), latency(chance)) if culprit is not None]
    assert not accused


def test_a_poisonous_alert_is_found_however_long_the_broker_takes() -> None:
    for seed in range(300):
        chance = random.Random(seed)
        found = list(found_among([60.0] * (CAREFUL_AFTER + TRIALS), latency(chance), poison=seed % 9))
        assert [culprit for culprit in found if culprit is not None] == [seed % 9]
