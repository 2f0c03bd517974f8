"""Where the capture thread leaves frames and the classifier fetches them: bounded, and the newest win."""

from __future__ import annotations

import threading
from collections import deque

from monitor.values import Frame


class Mailbox:
    """At most `size` frames of one camera; a frame too many pushes the oldest out, and is counted.

    signal: set with every frame put in. One consumer of many mailboxes shares it among them: wait for it, clear it, then empty
    them all.
    """

    def __init__(self, size: int, signal: threading.Event | None = None) -> None:
        if size < 1:
            raise ValueError(f"a mailbox needs room for at least one frame, not {size}")
        self._frames: deque[Frame] = deque(maxlen=size)
        self._lock = threading.Lock()
        self._dropped = 0
        self.signal = signal or threading.Event()

    def put(self, frame: Frame) -> None:
        """Leave a frame; never waits."""
        with self._lock:
            self._dropped += len(self._frames) == self._frames.maxlen
            self._frames.append(frame)
        self.signal.set()

    def take(self) -> Frame | None:
        """Fetch the oldest frame that is left, None if there is none; never waits."""
        with self._lock:
            return self._frames.popleft() if self._frames else None

    @property
    def dropped(self) -> int:
        """How many frames were pushed out unseen."""
        return self._dropped

    def __len__(self) -> int:
        return len(self._frames)
