"""What the web sees of a running daemon: `web.window.Window` as it really is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.app import Daemon
from monitor.camera.live import Live
from monitor.classify.classifier import top_k
from monitor.classify.decode import decode
from monitor.clock import Clock, installed_at, is_synchronised, time_quality
from monitor.config.dump import without_secrets
from monitor.errors import BusyError
from monitor.onlooker import live_camera
from monitor.record.clips import Clips
from monitor.record.detection_log import alert_line, sighting_line
from monitor.record.reader import Filters, HistoryReader
from monitor.record.snapshots import Snapshots
from monitor.vitals import Vitals
from monitor.web.window import Answer, Json, Pictures, Query
from monitor.workers import Lane

PATIENCE = 10.0
"""Seconds that a picture to be classified may wait for those before it to be decoded: one at a time, as each may take 150 MB."""


class DaemonWindow:
    """The window of one daemon, which is running."""

    def __init__(self, daemon: Daemon, vitals: Vitals, clock: Clock) -> None:
        self._daemon = daemon
        self._vitals = vitals
        self._clock = clock
        config = daemon.config
        self._snapshots = Snapshots(config.snapshots)
        self._clips = Clips(config.clips, config.snapshots)
        self._decoding = threading.Lock()

    def status(self) -> Json:
        """Give the one snapshot."""
        return self._vitals.snapshot().as_json()

    def live(self) -> Json:
        """Give what each camera shows, and the newest alerts."""
        now, config = self._clock.now(), self._daemon.config
        cameras = {
            lane.capture.name: live_camera(lane, config.cameras[lane.capture.name].zones, now)
            for lane in self._daemon.lanes
            if lane.capture.name in config.cameras  # not at the moment of a reload
        }
        synchronised, installed = is_synchronised(), installed_at()
        alerts = [
            alert_line(alert) | {"time_quality": time_quality(alert.time, synchronised, installed)}
            for alert in list(self._daemon.recording.recent)
        ]
        return {"cameras": cameras, "alerts": alerts}

    def config(self) -> Json:
        """Give the configuration in force, without secrets."""
        return without_secrets(self._daemon.config)

    def cameras(self) -> list[str]:
        """Give the names of the cameras."""
        return list(self._daemon.config.cameras)

    def alerts(self, query: Query) -> Iterator[Json]:
        """Give alert messages, oldest first. StorageError."""
        with HistoryReader(self._daemon.config.history.path) as reader:
            for alert, quality in reader.rated_alerts(**_filters(query)):
                yield alert_line(alert) | {"time_quality": quality}

    def sightings(self, query: Query) -> Iterator[Json]:
        """Give sightings, oldest first. StorageError."""
        with HistoryReader(self._daemon.config.history.path) as reader:
            for sighting, quality in reader.rated_sightings(**_filters(query)):
                yield sighting_line(sighting) | {"time_quality": quality}

    def snapshot(self, alert_id: str, seq: int) -> Path | None:
        """Give the JPEG of an alert message, if there is one (still)."""
        return self._snapshots.find(alert_id, seq)

    def clip(self, alert_id: str) -> Path | None:
        """Give the WebM of an episode, if there is one (yet, or still)."""
        return self._clips.find(alert_id)

    @contextmanager
    def watch(self, camera: str) -> Iterator[Pictures]:
        """Have the pictures of a camera made for one viewer. KeyError: there is no such camera."""
        if self._lane(camera) is None:
            raise KeyError(camera)
        viewer = Viewer(self, camera)
        try:
            yield viewer
        finally:
            viewer.turn_to(None)

    def predict(self, picture: bytes, top: int) -> Answer:
        """Tell what an uploaded picture shows. PictureError, BusyError, ModelFaultError."""
        if not self._decoding.acquire(timeout=PATIENCE):
            raise BusyError("too many pictures wait already; try again in a moment")
        try:
            scores, elapsed_ms = self._daemon.classify(decode(picture))
        finally:
            self._decoding.release()
        card = self._daemon.classifier.card
        return Answer(top_k(scores, card.labels, top), card.name, elapsed_ms)

    def live_of(self, camera: str) -> Live | None:
        """Give the live picture of a camera; None if there is no such camera any more."""
        lane = self._lane(camera)
        return lane.capture.eye.live if lane else None

    def _lane(self, camera: str) -> Lane | None:
        return next((lane for lane in self._daemon.lanes if lane.capture.name == camera), None)


class Viewer:
    """Somebody who watches a camera, also beyond a reload that gives the camera another capture."""

    def __init__(self, window: DaemonWindow, camera: str) -> None:
        self._window = window
        self._camera = camera
        self._live: Live | None = None
        self._seen = 0

    def next(self, timeout: float) -> bytes | None:
        """Wait for a picture that this viewer has not had (JPEG); None if none comes within so many seconds."""
        self.turn_to(self._window.live_of(self._camera))
        found = self._live.next(self._seen, timeout) if self._live else None
        if found is None:
            return None
        self._seen, picture = found
        return picture

    def turn_to(self, live: Live | None) -> None:
        """Watch another live picture from now on, or none."""
        if live is self._live:
            return
        if self._live:
            self._live.leave()
        if live:
            live.join()
        self._live, self._seen = live, 0


def _filters(query: Query) -> Filters:
    return {"camera": query.camera, "label": query.label, "since": query.since, "until": query.until, "limit": query.limit}
