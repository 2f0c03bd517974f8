"""When the base topic is another box's."""

from __future__ import annotations

from monitor.publish.rivals import PATIENCE, Rivals

SMALLER, OWN, GREATER = "monitor-a", "monitor-b", "monitor-c"


def beside(box: str, *, online: bool) -> Rivals:
    """A box that came to a broker where this is retained."""
    rivals = Rivals(OWN)
    rivals.connected()
    rivals.state(online=online)
    rivals.info(box, 0.0, retained=True)
    return rivals


def talking() -> Rivals:
    """A box that found the topic free."""
    rivals = Rivals(OWN)
    rivals.connected()
    rivals.talking()
    return rivals


def test_an_empty_topic_is_ours() -> None:
    assert Rivals(OWN).rival(0.0) is None


def test_whoever_comes_second_keeps_silent_whatever_the_ids() -> None:
    for other in (SMALLER, GREATER):
        assert beside(other, online=True).rival(0.0) == other


def test_a_box_that_said_goodbye_is_no_rival() -> None:
    assert beside(GREATER, online=False).rival(0.0) is None


def test_what_an_earlier_run_of_ours_left_is_no_rival() -> None:
    assert beside(OWN, online=True).rival(0.0) is None


def test_a_box_that_goes_offline_leaves_the_topic_to_us() -> None:
    rivals = beside(SMALLER, online=True)
    rivals.state(online=False)
    assert rivals.rival(1.0) is None


def test_a_box_without_a_sign_of_life_counts_as_gone() -> None:
    rivals = beside(SMALLER, online=True)
    assert rivals.rival(PATIENCE) == SMALLER
    assert rivals.rival(PATIENCE + 0.1) is None


def test_each_sign_of_life_counts() -> None:
    rivals = beside(SMALLER, online=True)
    rivals.sign_of_life(PATIENCE)
    assert rivals.rival(2 * PATIENCE) == SMALLER


def test_of_two_that_come_at_once_the_smaller_id_stays() -> None:
    for other, leaves in ((SMALLER, True), (GREATER, False)):
        rivals = talking()
        rivals.info(other, 0.0, retained=False)
        assert rivals.rival(0.0) == (other if leaves else None)


def test_our_own_words_do_not_hide_another_box() -> None:
    rivals = talking()
    rivals.info(SMALLER, 0.0, retained=False)
    rivals.info(OWN, 0.0, retained=False)
    assert rivals.rival(0.0) == SMALLER


def test_a_new_connection_begins_with_nothing_known() -> None:
    rivals = beside(SMALLER, online=True)
    rivals.connected()
    assert rivals.rival(0.0) is None
