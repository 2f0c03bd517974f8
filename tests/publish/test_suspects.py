"""Who is to blame when the broker hangs up."""

from __future__ import annotations

from monitor.publish.suspects import STRIKES, Suspects


def breaks(suspects: Suspects, *sent: str, after: float = 0.1, answered: str = "state") -> object:
    """Go through one connection on which one message is answered, some are sent, and then it breaks."""
    if answered:
        suspects.sent(answered, 0.0)
        suspects.answered(answered)
    for what in sent:
        suspects.sent(what, 0.0)
    return suspects.broke(after)


def test_a_message_that_breaks_connection_after_connection_is_found_once_it_is_alone() -> None:
    suspects = Suspects()
    for _ in range(STRIKES):
        assert not suspects.careful
        assert breaks(suspects, "poison", "other") is None
    assert suspects.careful
    assert breaks(suspects, "poison") == "poison"
    assert not suspects.careful


def test_none_of_several_is_the_culprit() -> None:
    suspects = Suspects()
    for _ in range(STRIKES * 3):
        assert breaks(suspects, "poison", "other") is None


def test_an_answer_clears() -> None:
    suspects = Suspects()
    for _ in range(STRIKES):
        breaks(suspects, "alert")
    suspects.sent("alert", 0.0)
    suspects.answered("alert")
    assert not suspects.careful
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
    for _ in range(STRIKES * 3):
        assert breaks(suspects, "state", answered="") is None


def test_after_a_culprit_was_found_the_next_one_is_found_too() -> None:
    suspects = Suspects()
    found = [breaks(suspects, poison) for poison in ("one", "two") for _ in range(STRIKES + 1)]
    assert [culprit for culprit in found if culprit] == ["one", "two"]
