"""Messages that are said once."""

from __future__ import annotations

from monitor.publish.once import Once

MESSAGES = [("a", b"1"), ("b", b"2")]


def said(once: Once, answers: int) -> list[tuple[str, bytes]]:
    """Send all that is due, of which some are answered."""
    sent = []
    while (message := once.next()) is not None:
        sent.append(message)
        once.sent()
    for _ in range(answers):
        once.answered()
    return sent


def test_nothing_to_say_is_done() -> None:
    assert Once().done
    assert Once().next() is None


def test_each_is_said_once_and_in_order() -> None:
    once = Once(MESSAGES)
    assert said(once, 2) == MESSAGES
    assert said(once, 0) == []


def test_it_is_done_when_all_are_answered_for() -> None:
    once = Once(MESSAGES)
    said(once, 1)
    assert not once.done
    once.answered()
    assert once.done


def test_what_was_not_all_answered_is_all_said_again() -> None:
    once = Once(MESSAGES)
    said(once, 1)
    once.again()
    assert said(once, 1) == MESSAGES
    assert not once.done


def test_what_is_done_is_not_said_again() -> None:
    once = Once(MESSAGES)
    said(once, 2)
    once.again()
    assert once.done
    assert said(once, 0) == []


def test_what_is_forgotten_is_not_said_again() -> None:
    once = Once(MESSAGES)
    said(once, 1)
    once.forget("b")
    assert once.done
    once.again()
    assert said(once, 0) == []
