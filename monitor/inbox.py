"""What was seen, from the classifier to the record thread: bounded, and nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.pipeline import Outcome
from monitor.values import Alert, CameraEvent, CameraProblem, Image, OpenEpisode, Sighting

CAPACITY = 10_000
"""Rows kept in memory while the disk refuses them."""

PICTURES = 16
"""Pictures kept while the record thread is busy; an alert beyond them goes without its own. One 1080p picture is 6 MB."""


@dataclass(slots=True)
class Rows:
    """What waits to be written. The oldest sightings go first when there are too many, alerts last."""

    alerts: list[Alert] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    camera_events: list[CameraEvent | CameraProblem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.alerts) + len(self.sightings) + len(self.camera_events)

    def bound(self, capacity: int) -> int:
        """Drop the oldest rows beyond `capacity` and return how many."""
        excess = before = max(0, len(self) - capacity)
        for rows in (self.sightings, self.camera_events, self.alerts):
            gone = min(excess, len(rows))
            del rows[:gone]
            excess -= gone
        return before - excess


Overrides = dict[tuple[str, str], str | None]
"""(camera, name) -> what was set against the configuration, None for what was taken back."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was in the inbox. pictures: of the alerts among the rows; asked: by camera, wanted by somebody; open_episodes: as now."""

    rows: Rows
    pictures: dict[Alert, Image]
    asked: dict[str, Image]
    overrides: Overrides
    open_episodes: dict[str, Sequence[OpenEpisode]]


class Inbox:
    """What the classifier leaves for the record thread; never makes it wait."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self.dropped = 0
        self._lock = threading.Lock()
        self._rows = Rows()
        self._pictures: dict[Alert, Image] = {}
        self._asked: dict[str, Image] = {}
        self._overrides: Overrides = {}
        self._open: dict[str, Sequence[OpenEpisode]] = {}

    def put(self, outcome: Outcome) -> None:
        """Take over an outcome, from any thread."""
        alerts = [event for event in outcome.events if isinstance(event, Alert)]
        with self._lock:
            self._open[outcome.camera] = outcome.open_episodes
            self._rows.alerts += alerts
            self._rows.sightings += outcome.sightings
            self._rows.camera_events += [event for event in outcome.events if isinstance(event, CameraEvent | CameraProblem)]
            self.dropped += self._rows.bound(CAPACITY)
            self._pictures |= outcome.portraits
            for alert in list(self._pictures)[:-PICTURES]:
                del self._pictures[alert]
            if outcome.snapshot is not None:
                self._asked[outcome.camera] = outcome.snapshot
        if alerts or outcome.snapshot is not None:
            self.wake.set()

    def override(self, camera: str, name: str, value: str | None) -> None:
        """Take over what was set against the configuration, to be kept over a restart; None: what was set is taken back."""
        with self._lock:
            self._overrides[camera, name] = value
        self.wake.set()

    def take(self) -> Taken:
        """Empty the inbox."""
        with self._lock:
            taken = Taken(self._rows, self._pictures, self._asked, self._overrides, dict(self._open))
            self._rows, self._pictures, self._asked, self._overrides = Rows(), {}, {}, {}
            return taken
