"""What holds of the queues of pictures, whatever comes and goes."""

from __future__ import annotations

import math
from collections import deque
from itertools import accumulate

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.camera.mailbox import Mailbox
from monitor.camera.ring import Ring
from monitor.values import Frame, Image, Moment
from tests.camera.fake_source import picture
from tests.strategies import quick

NOW = Moment(0.0, 0.0)
NOISE = [np.random.default_rng(shade).integers(0, shade, (48, 64, 3), np.uint8) for shade in (2, 20, 200)]


@quick
@given(size=st.integers(1, 5), puts=st.lists(st.booleans(), max_size=60))
def test_a_mailbox_is_a_queue_of_the_newest_and_counts_the_others(size: int, puts: list[bool]) -> None:
    mailbox, model, lost = Mailbox(size), deque[int](), 0
    for seq, put in enumerate(puts):
        if put:
            mailbox.put(Frame("porch", seq, NOW, picture()))
            model.append(seq)
            lost += len(model) > size
            model = deque(list(model)[-size:])
        else:
            taken = mailbox.take()
            assert (taken.seq if taken else None) == (model.popleft() if model else None)
        assert (len(mailbox), mailbox.dropped) == (len(model), lost)


@quick
@given(
    seconds=st.floats(0, 20),
    fps=st.floats(0.1, 30),
    most_bytes=st.integers(0, 60_000),
    offers=st.lists(st.tuples(st.floats(0, 5), st.sampled_from(NOISE)), max_size=80),
)
def test_a_ring_holds_the_latest_and_neither_more_pictures_nor_more_bytes_than_it_may(
    seconds: float, fps: float, most_bytes: int, offers: list[tuple[float, Image]]
) -> None:
    ring = Ring(seconds, 64, fps, most_bytes)
    times = list(accumulate((gap for gap, _ in offers), initial=1000.0))[1:]
    for mono, (_, image) in zip(times, offers, strict=True):
        ring.offer(image, Moment(mono, 0.0))
        held = ring.between(-math.inf, math.inf)
        assert ring.size == sum(len(still.jpeg) for still in held) <= most_bytes
        assert len(held) <= seconds * fps + 2
        assert [still.at.mono for still in held] == sorted(still.at.mono for still in held)
        assert all(still.at.mono in times for still in held)
