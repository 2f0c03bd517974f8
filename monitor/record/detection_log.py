"""The plain detection log: the history as lines of JSON, for grep, tail and jq.

The SQLite history is the truth; this is its copy for people, written when the batch is committed. Lines are not forced to the
disk one by one: after a power cut the last ones may be missing here, or torn.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from monitor.clock import iso
from monitor.record.faults import storage_error
from monitor.values import Alert, CameraEvent, CameraProblem, Sighting

Line = dict[str, Any]


def sighting_line(sighting: Sighting) -> Line:
    """A finished sighting; `time` is when it was last seen."""
    return {
        "kind": "sighting",
        "time": iso(sighting.last),
        "camera": sighting.camera,
        "zone": sighting.zone,
        "label": sighting.label,
        "class_id": sighting.class_id,
        "first": iso(sighting.first),
        "last": iso(sighting.last),
        "best_score": round(sighting.best_score, 4),
        "looks": sighting.looks,
        "episode": sighting.episode,
        "model": sighting.model,
    }


def alert_line(alert: Alert) -> Line:
    """A committed alert message; duration in seconds."""
    return {
        "kind": "alert",
        "time": iso(alert.time),
        "event_type": alert.event_type,
        "id": alert.id,
        "seq": alert.seq,
        "camera": alert.place.camera,
        "zone": alert.place.zone,
        "rule": alert.place.rule,
        "label": alert.label,
        "score": round(alert.score, 4),
        "severity": alert.severity,
        "started_at": iso(alert.started_at),
        "duration": round(alert.duration, 3),
        "reason": alert.reason,
        "snapshot": alert.snapshot,
    }


def camera_line(event: CameraEvent | CameraProblem) -> Line:
    """A camera that came or went, or whose pictures have something wrong with them; `problem` is null when that is over."""
    if isinstance(event, CameraProblem):
        return {"kind": "problem", "time": iso(event.at), "camera": event.camera, "problem": event.kind, "detail": event.detail}
    return {
        "kind": "camera",
        "time": iso(event.at),
        "camera": event.camera,
        "state": "online" if event.online else "offline",
        "reason": event.reason,
        "detail": event.detail,
    }


class DetectionLog:
    """Appends lines to `path`; past `max_bytes` it becomes `path.1`, and so on, `files` of them in all.

    The file is opened for each append (at most a few a second), so that it may be moved or deleted by anyone at any time.
    """

    def __init__(self, path: Path, max_bytes: int = 10_000_000, files: int = 5) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._files = files

    def append(self, lines: Iterable[Line]) -> None:
        """Append all of `lines` or none. Raises StorageError if the disk refuses; the next append starts afresh."""
        data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        if not data:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._rotate(len(data))
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o660)
            try:
                self._append(file, data)
            finally:
                os.close(file)
        except OSError as error:
            raise storage_error(self._path, "write the detection log", error) from error

    def _append(self, file: int, data: bytes) -> None:
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            data = b"\n" + data  # the last run was cut off in a line: only that one is lost to readers
        try:
            while data:  # once round, unless the disk fills up within the data
                data = data[os.write(file, data) :]
        except OSError:
            os.ftruncate(file, size)
            raise

    def _rotate(self, coming: int) -> None:
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return
        if not size or size + coming <= self._max_bytes:
            return
        for number in range(self._files - 1, 0, -1):
            older = self._numbered(number)
            newer = self._numbered(number - 1)
            if newer.exists():
                newer.replace(older)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
