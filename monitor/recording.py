"""What was seen, on its way to the disk and from there to the broker. The work of the record thread.

Alerts are committed, together with their messages, before they are sent. A disk that refuses delays the history, never an alert: what
could not be written is kept in bounded memory and written as soon as the disk takes it, and the alerts go out at once.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from monitor.clock import Clock
from monitor.config.schema import HistorySettings, SnapshotSettings
from monitor.dispatch import Dispatch
from monitor.errors import PictureError, StorageError
from monitor.inbox import CAPACITY, Inbox, Overrides, Rows
from monitor.record.detection_log import DetectionLog, Line, alert_line, camera_line, sighting_line
from monitor.record.room import SHORT, Room
from monitor.record.snapshots import Snapshots, jpeg, snapshot_url
from monitor.record.store import Batch, History
from monitor.values import Alert, Image, Moment, OpenEpisode

log = logging.getLogger(__name__)

GATHER = 5.0
"""Seconds over which sightings are gathered into one write, to spare an SD card; an alert is written at once."""

LAST_SEEN = 60.0
"""Seconds between two notes of when open episodes were last seen."""

HOUSEKEEPING = 900.0
"""Seconds between two rounds of retention."""

RECENT = 20
"""Alerts that are at hand for whoever looks on."""

HURRY = 60.0
"""The same while the disk is full."""


class Recording:
    """Writes what comes into the inbox, and has its alerts sent. room: on the disk of the history, if not as usual.

    recent: the newest alerts, with the addresses of their pictures.
    """

    def __init__(
        self,
        inbox: Inbox,
        history: History,
        detection_log: DetectionLog,
        snapshots: Snapshots,
        settings: tuple[HistorySettings, SnapshotSettings],
        clock: Clock,
        room: Room | None = None,
    ) -> None:
        self.dispatch: Dispatch | None = None  # nobody is told
        self.recent: deque[Alert] = deque(maxlen=RECENT)
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
        self._refusal: str | None = None
        self._shortage: str | None = None
        self._room = room or Room(self._keep.path)

    @property
    def trouble(self) -> str | None:
        """Why the history is not written, or not all of it; None while it is."""
        return self._refusal or self._shortage

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
        self._look_for_room()
        self._write(now, hurry=False)
        if now.mono - self._swept >= (HURRY if self._room.full else HOUSEKEEPING):
            self._swept = now.mono
            self._keep_house()
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
        # A history that was refused is tried again though there may be nothing to write: it is to be known when that is over.
        waits = self._refusal is not None or len(self._writable()) + len(self._overrides) > 0
        is_due = (waits and since >= GATHER) or (any(taken.open_episodes.values()) and since >= LAST_SEEN)
        if fresh or taken.overrides or is_due or hurry:
            self._written = now.mono
            self._commit(fresh, taken.open_episodes, now)
            self.recent.extend(fresh)

    def _pictured(self, alert: Alert, image: Image | None) -> Alert:
        """Show the picture of an alert, and give the alert with its URL if it could be saved."""
        if image is None or not self._pictures.enabled:
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
        rows = self._writable()
        messages = self.dispatch.compose(fresh, now) if self.dispatch else []
        try:
            self._put(Batch(rows.alerts, rows.sightings, rows.camera_events, open_episodes, messages, self._overrides))
        except StorageError as error:
            self._note(str(error))
            if self.dispatch:
                self.dispatch.refused(messages)
            return
        self._note(None)
        self._unwritten = Rows(sightings=self._unwritten.sightings if self._shortage else [])
        self._overrides = {}
        if self.dispatch and messages:
            self.dispatch.committed(messages)
        self._append([*map(camera_line, rows.camera_events), *map(sighting_line, rows.sightings), *map(alert_line, rows.alerts)])

    def _put(self, batch: Batch) -> None:
        try:
            self._history.commit(batch)
        except StorageError:
            if not self._room.drop_ballast():
                raise
            self._history.commit(batch)

    def _writable(self) -> Rows:
        """Give what may be written now: sightings wait while there is little room."""
        rows = self._unwritten
        return Rows(rows.alerts, camera_events=rows.camera_events) if self._shortage else rows

    def _append(self, lines: Sequence[Line]) -> None:
        """Copy what was committed into the plain log; lines that it refuses are in the history all the same."""
        if self._shortage:
            return
        try:
            self._log.append(lines)
        except StorageError as error:
            if not self._log_refuses:
                log.warning("%s; the history has what is missing there", error)
            self._log_refuses = True
        else:
            self._log_refuses = False

    def _keep_house(self) -> None:
        self._room.drop_ballast()
        pictures = self._snapshots.sweep(self._history.today())
        try:
            # Pictures go first: they take the most room.
            self._history.prune(self._keep.keep, self._keep.max_size, short=self._room.short and not pictures)
        except StorageError as error:
            self._note(str(error))
        self._room.take_ballast()

    def _note(self, trouble: str | None) -> None:
        """Say once that the history cannot be written, and once that it can again."""
        if trouble and not self._refusal:
            log.error("%s; detection and alerts go on, rows wait in memory", trouble)
        elif self._refusal and not trouble:
            log.info("the history is written again")
        self._refusal = trouble

    def _look_for_room(self) -> None:
        """Say once that only alerts and what cameras do are written, and once that all is again."""
        short = self._room.short
        if short and not self._shortage:
            self._shortage = f"{self._keep.path}: fewer than {SHORT / 1e6:.0f} MB free on the disk"
            log.warning("%s; alerts are written, sightings wait in memory and %s pauses: free some space", self._shortage, self._keep.log)
        elif self._shortage and not short:
            log.info("%s: there is room on the disk again", self._keep.path)
            self._shortage = None
