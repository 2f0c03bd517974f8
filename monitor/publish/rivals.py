"""Whether another box speaks on our base topic. Pure.

Two boxes that publish over each other make every dashboard lie, so the one that comes second keeps silent. The other one is known by the
retained `bridge/info` and believed to live while the retained `bridge/state` says online; but a broker that was killed may remember a
box that is long gone, so after a while without a sign of life we take its place. Of two that come at once the smaller id stays.
"""

from __future__ import annotations

PATIENCE = 150.0
"""Seconds without a message of the other box after which it counts as gone; it tells its health every 60."""


class Rivals:
    """What is known of another box since the connection stands. own: our id."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._other: str | None = None
        self._heard = 0.0
        self._online = False
        self._came_second = True

    def connected(self) -> None:
        """Begin anew: nothing is known."""
        self._other = None
        self._online = False
        self._came_second = True

    def talking(self) -> None:
        """Note that we speak: whoever was here before us is gone, and another box is one that came at the same time or later."""
        self._came_second = False
        self._other = None

    def info(self, box: str, now: float, *, retained: bool) -> None:
        """Take in a `bridge/info` of the box with this id."""
        if box == self._own:
            if retained:
                self._other = None
            return
        self._other = box
        self._heard = now
        self._online = self._online or not retained

    def state(self, *, online: bool) -> None:
        """Take in a `bridge/state`; while we are silent it is the other's."""
        self._online = online

    def sign_of_life(self, now: float) -> None:
        """Take in anything else that only a box that lives says."""
        self._heard = now

    def rival(self, now: float) -> str | None:
        """Give the id of the box to which we must leave the topic, or None if it is ours."""
        if self._other is None or not self._online or now - self._heard > PATIENCE:
            return None
        return self._other if self._came_second or self._other < self._own else None
