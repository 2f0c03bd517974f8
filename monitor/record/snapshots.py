"""Pictures of alerts, one JPEG per alert message: `snapshots.path/YYYY-MM-DD/ID-SEQ.jpg`, by local date."""

from __future__ import annotations

from pathlib import Path

import cv2

from monitor.config.schema import SnapshotSettings
from monitor.errors import PictureError
from monitor.record.folder import DatedFolder, Limits, check_id, is_id
from monitor.values import Alert, Image

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*-\d+\.jpg"


def jpeg(image: Image, quality: int) -> bytes:
    """Encode a picture (height x width x 3, BGR) as JPEG; quality 1..100. Raises PictureError if it cannot be encoded."""
    try:
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error:  # an empty one
        done = False
    if not done:
        raise PictureError(f"a picture of shape {image.shape} cannot be encoded as JPEG")
    return data.tobytes()


def snapshot_url(alert_id: str, seq: int) -> str:
    """The relative URL under which the picture of an alert message is served; never a file path."""
    return f"/api/alerts/{alert_id}/{seq}.jpg"


class Snapshots:
    """The folder of pictures. A picture that cannot be kept is not an error: the alert goes out without it, the log says so once."""

    def __init__(self, settings: SnapshotSettings) -> None:
        limits = Limits(settings.keep, settings.max_size, settings.min_free)
        self._folder = DatedFolder(settings.path, "snapshots", "pictures", _NAME, limits)

    def save(self, alert: Alert, picture: bytes) -> Path | None:
        """Write the JPEG of an alert and return its path, or None if it cannot be kept (disk nearly full, or refusing)."""
        return self._folder.save(alert.time, f"{check_id(alert.id)}-{alert.seq}.jpg", picture)

    def find(self, alert_id: str, seq: int) -> Path | None:
        """The picture of an alert message, or None if there is none (any more)."""
        return self._folder.find(f"{alert_id}-{seq}.jpg") if is_id(alert_id) else None

    def sweep(self, wall: float) -> int:
        """Delete the oldest pictures past `keep`, beyond `max_size` or in the way of `min_free`, a part per call; return how many went."""
        return self._folder.sweep(wall)
