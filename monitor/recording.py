"""What was seen, on its way to the disk and from there to the broker. The work of the record thread.

Alerts are committed, together with their messages, before they are sent. A disk that refuses delays the history, never an alert: what
could not be written is kept in bounded memory and written as soon as the disk takes it, and the alerts go out at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from monitor.clock import Clock
from monitor.config.schema import HistorySettings, SnapshotSettings
from monitor.dispatch import Dispatch
from monitor.errors import PictureError, StorageError
from monitor.pipeline import Outcome
from monitor.record.detection_log import DetectionLog, Line, alert_line, camera_line, sighting_line
from monitor.record.snapshots import Snapshots, jpeg, snapshot_url
from monitor.record.store import Batch, History
from monitor.values import Alert, CameraEvent, EventType, Image, Moment, OpenEpisode, Sighting

log = logging.getLogger(__name__)

GATHER = 5.0
"""Seconds over which sightings are gathered into one write, to spare an SD card; an alert is written at once."""

LAST_SEEN = 60.0
"""Seconds between two notes of when open episodes were last seen."""

HOUSEKEEPING = 900.0
"""Seconds between two rounds of retention."""

CAPACITY = 10_000
"""Rows kept in memory while the disk refuses them."""

PICTURES = 16
"""Pictures kept while the record thread is busy; an alert beyond them goes without its own. One 1080p picture is 6 MB."""


@dataclass(slots=True)
class Rows:
    """What waits to be written. The oldest sightings go first when there are too many, alerts last."""

    alerts: list[Alert] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    camera_events: list[CameraEvent] = field(default_factory=list)

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
            self._rows.camera_events += [event for event in outcome.events if isinstance(event, CameraEvent)]
            self.dropped += self._rows.bound(CAPACITY)
            if outcome.picture is not None:
                self._pictures |= dict.fromkeys(alerts, outcome.picture)
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


class Recording:
    """Writes what comes into the inbox, and has its alerts sent. trouble: why the history cannot be written, None while it can."""

    def __init__(
        self,
        inbox: Inbox,
        history: History,
        detection_log: DetectionLog,
        snapshots: Snapshots,
        settings: tuple[HistorySettings, SnapshotSettings],
        clock: Clock,
    ) -> None:
        self.dispatch: Dispatch | None = None  # nobody is told
        self.trouble: str | None = None
        self.dropped = 0
        self._inbox = inbox
        self._history = history
        self._log = detection_log
        self._snapshots = snapshots
        self._keep, self._pictures = settings
        self._clock = clock
        self._unwritten = Rows()
        self._overrides: Overrides = {}
        self._written = float("-inf")
        self._swept = float("-inf")
        self._log_refuses = False

    @property
    def waiting(self) -> int:
        """How many rows are not written yet."""
        return len(self._unwritten)

    def start(self) -> None:
        """Open the history; a disk that refuses it is asked again with every write."""
        try:
            self._history.open()
        except StorageError as error:
            self._note(str(error))

    def step(self, now: Moment) -> float:
        """Write what is due and send the alerts among it."""
        self._write(now, hurry=False)
        if now.mono - self._swept >= HOUSEKEEPING:
            self._swept = now.mono
            self._keep_house(now)
        return 1.0

    def close(self) -> None:
        """Write the rest and record a clean stop."""
        self._write(self._clock.now(), hurry=True)
        try:
            self._history.close()
        except StorageError as error:
            self._note(str(error))

    def _write(self, now: Moment, *, hurry: bool) -> None:
        taken = self._inbox.take()
        fresh = [self._pictured(alert, taken.pictures.get(alert)) for alert in taken.rows.alerts]
        self._unwritten.alerts += fresh
        self._unwritten.sightings += taken.rows.sightings
        self._unwritten.camera_events += taken.rows.camera_events
        self._overrides |= taken.overrides
        for camera, image in taken.asked.items():
            self._show_asked(camera, image)
        self.dropped += self._unwritten.bound(CAPACITY)
        since = now.mono - self._written
        is_due = (len(self._unwritten) + len(self._overrides) > 0 and since >= GATHER) or (
            any(taken.open_episodes.values()) and since >= LAST_SEEN
        )
        if fresh or taken.overrides or is_due or hurry:
            self._written = now.mono
            self._commit(fresh, taken.open_episodes, now)

    def _pictured(self, alert: Alert, image: Image | None) -> Alert:
        """Show the picture of an alert, and give the alert with its URL if it could be saved.

        An end has none: there is nothing to be seen any more, and the camera's latest picture stays that of the thing itself.
        """
        if image is None or alert.event_type is EventType.END or not self._pictures.enabled:
            return alert
        picture = self._encoded(image, f"{alert.id}/{alert.seq} goes without its picture")
        if picture is None:
            return alert
        if self.dispatch:
            self.dispatch.show(alert.place.camera, picture)
        return replace(alert, snapshot=snapshot_url(alert.id, alert.seq)) if self._snapshots.save(alert, picture) else alert

    def _show_asked(self, camera: str, image: Image) -> None:
        if self.dispatch and self._pictures.enabled and (picture := self._encoded(image, f"{camera}: no snapshot")) is not None:
            self.dispatch.show(camera, picture)

    def _encoded(self, image: Image, otherwise: str) -> bytes | None:
        try:
            return jpeg(image, self._pictures.quality)
        except PictureError as error:
            log.error("%s: %s", otherwise, error)
            return None

    def _commit(self, fresh: Sequence[Alert], open_episodes: dict[str, Sequence[OpenEpisode]], now: Moment) -> None:
        rows = self._unwritten
        messages = self.dispatch.compose(fresh, now) if self.dispatch else []
        try:
            self._history.commit(Batch(rows.alerts, rows.sightings, rows.camera_events, open_episodes, messages, self._overrides))
        except StorageError as error:
            self._note(str(error))
            if self.dispatch:
                self.dispatch.refused(messages)
            return
        self._note(None)
        self._unwritten = Rows()
        self._overrides = {}
        if self.dispatch and messages:
            self.dispatch.committed(messages)
        self._append([*map(camera_line, rows.camera_events), *map(sighting_line, rows.sightings), *map(alert_line, rows.alerts)])

    def _append(self, lines: Sequence[Line]) -> None:
        """Copy what was committed into the plain log; lines that it refuses are in the history all the same."""
        try:
            self._log.append(lines)
        except StorageError as error:
            if not self._log_refuses:
                log.warning("%s; the history has what is missing there", error)
            self._log_refuses = True
        else:
            self._log_refuses = False

    def _keep_house(self, now: Moment) -> None:
        try:
            self._history.prune(self._keep.keep, self._keep.max_size)
        except StorageError as error:
            self._note(str(error))
        self._snapshots.sweep(now.wall)

    def _note(self, trouble: str | None) -> None:
        """Say once that the history cannot be written, and once that it can again."""
        if trouble and not self.trouble:
            log.error("%s; detection and alerts go on, rows wait in memory", trouble)
        elif self.trouble and not trouble:
            log.info("the history is written again")
        self.trouble = trouble
