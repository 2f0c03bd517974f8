"""A window onto a daemon that is not there: two cameras, a few alerts, and a model that knows everything."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.errors import BusyError, StorageError
from monitor.values import Prediction
from monitor.web.window import Answer, Json, Pictures, Query

NOW = 1_790_000_000.0
"""Unix seconds of everything here: 2026-09-21."""


def jpeg(red: int = 200) -> bytes:
    """Give a small picture."""
    image = np.zeros((90, 160, 3), np.uint8)
    image[..., 2] = red
    return bytes(cv2.imencode(".jpg", image)[1].tobytes())


def alert(number: int, event_type: str = "start", **changes: Any) -> dict[str, Any]:
    """Give an alert message as the detection log has it; each number is an episode of its own."""
    return {
        "kind": "alert",
        "time": "2026-09-21T14:13:20.000+00:00",
        "event_type": event_type,
        "id": f"20260921T141320Z-porch-cat-{number}",
        "seq": 0 if event_type == "start" else 1,
        "camera": "porch",
        "zone": "frame",
        "rule": "cat",
        "label": "tabby",
        "score": 0.91,
        "severity": "alert",
        "started_at": "2026-09-21T14:13:20.000+00:00",
        "duration": 0.0 if event_type == "start" else 12.5,
        "reason": None if event_type != "end" else "gone",
        "snapshot": f"/api/alerts/20260921T141320Z-porch-cat-{number}/0.jpg" if event_type != "end" else None,
        "time_quality": "ntp",
    } | changes


def sighting(label: str = "tabby", **changes: Any) -> dict[str, Any]:
    """Give a sighting as the detection log has it."""
    return {
        "kind": "sighting",
        "time": "2026-09-21T14:13:30.000+00:00",
        "camera": "porch",
        "zone": "frame",
        "label": label,
        "class_id": 281,
        "first": "2026-09-21T14:13:20.000+00:00",
        "last": "2026-09-21T14:13:30.000+00:00",
        "best_score": 0.91,
        "looks": 12,
        "episode": None,
        "model": "resnet18",
        "time_quality": "ntp",
    } | changes


def camera_live(**changes: Any) -> dict[str, Any]:
    """Give what `Window.live` says of one camera. Places in the picture are fractions of its width and height."""
    return {
        "state": "online",
        "reason": None,
        "problem": None,
        "detail": "1280x720 h264 10 fps",
        "detect": True,
        "size": [1280, 720],
        "gate": {"reason": "movement", "words": "something moves", "movement": [0.3, 0.3, 0.2, 0.3]},
        "looked_at": "2026-09-21T14:13:20.000+00:00",
        "labels": [{"label": "tabby", "score": 0.91}, {"label": "tiger cat", "score": 0.06}, {"label": "doormat", "score": 0.01}],
        "squares": [[0.25, 0.2, 0.3, 0.5333]],
        "zones": {"door": [[0.6, 0.1], [0.9, 0.1], [0.9, 0.9], [0.6, 0.9]]},
        "rules": [
            {
                "rule": "cat",
                "zone": "frame",
                "state": "ON",
                "score": 0.91,
                "label": "tabby",
                "since": "2026-09-21T14:13:20.000+00:00",
                "threshold": 0.5,
                "words": "seen at 0.91 or more since 12 s",
            },
            {
                "rule": "parcel",
                "zone": "door",
                "state": "OFF",
                "score": 0.02,
                "label": "carton",
                "since": "2026-09-21T12:00:00.000+00:00",
                "threshold": 0.6,
                "words": "0.02 is below 0.60",
            },
        ],
    } | changes


@dataclass
class FakePictures:
    """Gives each of its pictures once, and then none."""

    left: list[bytes]

    def next(self, timeout: float) -> bytes | None:
        return self.left.pop(0) if self.left else None


@dataclass
class FakeWindow:
    """Obeys the rules of a window.

    clips: whether they are kept. broken: the history cannot be read. busy: nobody may predict. watching: viewers by camera.
    """

    folder: Path
    alert_rows: list[dict[str, Any]] = field(default_factory=lambda: [alert(1), alert(2)])
    sighting_rows: list[dict[str, Any]] = field(default_factory=lambda: [sighting(), sighting("doormat", camera="yard")])
    pictures: list[bytes] = field(default_factory=lambda: [jpeg(level) for level in (50, 100, 150)])
    watching: dict[str, int] = field(default_factory=dict)
    clips: bool = True
    broken: bool = False
    busy: bool = False

    def status(self) -> Json:
        camera = {"state": "online", "reason": None, "since": "2026-09-21T12:00:00.000+00:00", "since_unix": NOW, "problem": None}
        camera |= {"detail": "", "recovery_seconds": None, "reconnects": 0, "abandoned": 0, "look_rate": 5.0}
        camera |= {"camera_fps": 10.0, "look_fps": 2.5, "inference_ms": 21.5, "frame_age_ms": 40.1}
        camera |= {"frames": 1000, "looks": 250, "skipped": 500, "dropped": 0, "gated": 250}
        return {
            "id": "monitor-shed-0a1b2c",
            "version": "0.1.0",
            "time": "2026-09-21T14:13:20.000+00:00",
            "time_unix": NOW,
            "stuck": [],
            "process": {"pid": 1, "rss": 170_000_000, "threads": 11, "descriptors": 23, "uptime": 3600},
            "model": {"name": "resnet18", "fallback_reason": None, "engine": "onnxruntime", "precision": "fp32"},
            "queues": {"frames-porch": {"depth": 0, "size": 2, "dropped": 0}, "rows": {"depth": 0, "size": 1000, "dropped": 0}},
            "cameras": {
                "porch": camera,
                "yard": camera | {"state": "offline", "reason": "lost", "detail": "nobody answers", "camera_fps": None, "look_rate": None},
            },
            "broker": {"connected": True, "detail": "", "acknowledged_seconds": 0.5},
            "outbox": {
                "waiting": 0,
                "rejected": 0,
                "poison": 0,
                "size": 0,
                "oldest_seconds": None,
                "lost_alerts": 0,
                "lost_notices": 0,
            },
            "disks": [{"path": "logs", "total": 32_000_000_000, "free": 20_000_000_000}],
            "storage": {"trouble": None, "written_per_day": 40_000_000},
            "board": {"temperature": 51.2, "throttled": False, "duty": 1.0},
        }

    def live(self) -> Json:
        """Give also `alerts`: the newest twenty since the daemon started, oldest first."""
        yard = camera_live(
            state="offline",
            reason="lost",
            detail="nobody answers",
            labels=[],
            squares=[],
            rules=[],
            zones={},
            gate=None,
            looked_at=None,
            size=None,
        )
        return {"cameras": {"porch": camera_live(), "yard": yard}, "alerts": self.alert_rows[-20:]}

    def config(self) -> Json:
        return {
            "node": "shed",
            "clips": {"enabled": self.clips},
            "cameras": {"porch": {"source": "rtsp://***@cam.lan/sub", "password": "***"}, "yard": {"source": "0"}},
        }

    def cameras(self) -> list[str]:
        return ["porch", "yard"]

    def alerts(self, query: Query) -> Iterator[Json]:
        return self._rows(self.alert_rows, query)

    def sightings(self, query: Query) -> Iterator[Json]:
        return self._rows(self.sighting_rows, query)

    def snapshot(self, alert_id: str, seq: int) -> Path | None:
        known = any((row["id"], row["seq"]) == (alert_id, seq) for row in self.alert_rows)
        return self._file("snapshot.jpg", jpeg()) if known else None

    def clip(self, alert_id: str) -> Path | None:
        return self._file("clip.webm", b"\x1aE\xdf\xa3webm") if any(row["id"] == alert_id for row in self.alert_rows) else None

    @contextlib.contextmanager
    def watch(self, camera: str) -> Iterator[Pictures]:
        if camera not in self.cameras():
            raise KeyError(camera)
        self.watching[camera] = self.watching.get(camera, 0) + 1
        try:
            yield FakePictures(list(self.pictures) if camera == "porch" else [])
        finally:
            self.watching[camera] -= 1

    def predict(self, picture: bytes, top: int) -> Answer:
        from monitor.classify.decode import decode

        decode(picture)
        if self.busy:
            raise BusyError("others ask already; try again in a moment")
        known = [Prediction("tabby", 281, 0.91234), Prediction("tiger cat", 282, 0.06), Prediction("Egyptian cat", 285, 0.01)]
        return Answer(known[:top], "resnet18", 21.54)

    def _rows(self, rows: list[dict[str, Any]], query: Query) -> Iterator[Json]:
        if self.broken:
            raise StorageError("logs/history.db: cannot read the history: disk I/O error")
        wanted = [row for row in rows if query.camera in (None, row["camera"]) and query.label in (None, row["label"], row.get("rule"))]
        return iter(wanted[-query.limit :] if query.limit else wanted)

    def _file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path
