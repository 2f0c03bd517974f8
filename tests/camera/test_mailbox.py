"""The newest frames win, and what is lost is counted."""

from __future__ import annotations

import threading

import pytest

from monitor.camera.mailbox import Mailbox
from monitor.values import Frame, Moment
from tests.camera.fake_source import picture


def frame(seq: int) -> Frame:
    return Frame("porch", seq, Moment(0.0, 0.0), picture())


def taken(mailbox: Mailbox) -> list[int]:
    return [frame.seq for frame in iter(mailbox.take, None)]


def test_frames_come_out_in_the_order_in_which_they_went_in() -> None:
    mailbox = Mailbox(3)
    for seq in range(3):
        mailbox.put(frame(seq))
    assert taken(mailbox) == [0, 1, 2]
    assert mailbox.dropped == 0


def test_a_full_mailbox_drops_the_oldest_and_counts_it() -> None:
    mailbox = Mailbox(2)
    for seq in range(5):
        mailbox.put(frame(seq))
    assert len(mailbox) == 2
    assert taken(mailbox) == [3, 4]
    assert mailbox.dropped == 3


def test_an_empty_mailbox_gives_nothing_and_does_not_wait() -> None:
    assert Mailbox(1).take() is None


def test_one_signal_tells_of_many_mailboxes() -> None:
    signal = threading.Event()
    porch, garden = Mailbox(1, signal), Mailbox(1, signal)
    garden.put(frame(7))
    assert signal.is_set()
    signal.clear()
    assert (taken(porch), taken(garden)) == ([], [7])


def test_a_mailbox_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Mailbox(0)


def test_frames_are_neither_lost_nor_doubled_between_threads() -> None:
    mailbox, total = Mailbox(4), 5000
    seen: list[int] = []

    def consume() -> None:
        while not seen or seen[-1] < total - 1:
            mailbox.signal.wait(1)
            mailbox.signal.clear()
            seen.extend(taken(mailbox))

    consumer = threading.Thread(target=consume)
    consumer.start()
    for seq in range(total):
        mailbox.put(frame(seq))
    consumer.join(10)
    assert seen == sorted(set(seen))
    assert len(seen) + mailbox.dropped == total
