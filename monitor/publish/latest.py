"""Retained messages of which only the latest counts, one per topic. Safe to use from several threads."""

from __future__ import annotations

import threading


class LatestOnly:
    """Keeps the latest payload of each topic, and which of them the broker has yet to be told, first come first."""

    def __init__(self) -> None:
        self._payloads: dict[str, bytes] = {}
        self._untold: dict[str, None] = {}
        self._lock = threading.Lock()

    def put(self, topic: str, payload: bytes) -> None:
        """Replace what `topic` says."""
        with self._lock:
            self._payloads[topic] = payload
            self._untold[topic] = None

    def next(self) -> tuple[str, bytes] | None:
        """Give the topic that waits longest and its payload, or None if the broker was told everything."""
        with self._lock:
            topic = next(iter(self._untold), None)
            return None if topic is None else (topic, self._payloads[topic])

    @property
    def all_told(self) -> bool:
        """Whether the broker was told everything."""
        with self._lock:
            return not self._untold

    def again(self, topic: str) -> None:
        """Take it that the broker does not know what `topic` says."""
        with self._lock:
            if topic in self._payloads:
                self._untold[topic] = None

    def told(self, topic: str, payload: bytes) -> None:
        """Note that the broker was told, unless `topic` says something else by now."""
        with self._lock:
            if self._payloads.get(topic) is payload:
                self._untold.pop(topic, None)

    def forget(self, topic: str) -> None:
        """Drop a topic for good."""
        with self._lock:
            self._payloads.pop(topic, None)
            self._untold.pop(topic, None)

    def tell_all_again(self) -> None:
        """Take it that the broker knows nothing, in the order in which the topics first came."""
        with self._lock:
            self._untold = dict.fromkeys(self._payloads)
