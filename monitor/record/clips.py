"""Clips of alerts, one WebM per episode beside its pictures: `snapshots.path/YYYY-MM-DD/ID.webm`, by local date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monitor.config.schema import ClipSettings, SnapshotSettings
from monitor.record.folder import DatedFolder, Limits, check_id, is_id
from monitor.record.webm import KeyFrame, webm
from monitor.values import Alert

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*\.webm"


class Clips:
    """The folder of clips. A clip that cannot be kept is not an error: the log says so once."""

    def __init__(self, settings: ClipSettings, snapshots: SnapshotSettings) -> None:
        limits = Limits(settings.keep, settings.max_size, snapshots.min_free)
        self._folder = DatedFolder(snapshots.path, "clips", "clips", _NAME, limits)
        self._rest = 1 / settings.fps

    def save(self, alert: Alert, frames: Sequence[KeyFrame]) -> Path | None:
        """Write the clip of the episode that an alert starts (at least one frame) and return its path, or None if it cannot be kept."""
        return self._folder.save(alert.time, f"{check_id(alert.id)}.webm", webm(frames, self._rest))

    def find(self, alert_id: str) -> Path | None:
        """The clip of an episode, or None if there is none (yet, or any more)."""
        return self._folder.find(f"{alert_id}.webm") if is_id(alert_id) else None

    def sweep(self, wall: float) -> int:
        """Delete the oldest clips past `keep`, beyond `max_size` or in the way of `min_free`, a part per call; return how many went."""
        return self._folder.sweep(wall)
