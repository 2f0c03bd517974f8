"""Whose turn it is. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping

from monitor.outgoing import Outgoing


def take_turns(lines: Mapping[str, Iterator[Outgoing]], last: str, limit: int) -> list[Outgoing]:
    """Take at most `limit` messages from the heads of the cameras' lines, one of each in turn; `last`: the camera served last."""
    cameras = sorted(lines)
    first = bisect_right(cameras, last)
    turns = deque(cameras[first:] + cameras[:first])
    taken: list[Outgoing] = []
    while turns and len(taken) < limit:
        camera = turns.popleft()
        message = next(lines[camera], None)
        if message is not None:
            taken.append(message)
            turns.append(camera)
    return taken
