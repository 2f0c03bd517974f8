"""Pictures of alerts, one JPEG per alert message: `snapshots.path/YYYY-MM-DD/ID-SEQ.jpg`, by local date."""

from __future__ import annotations

import logging
import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import cv2

from monitor.clock import iso
from monitor.config.schema import SnapshotSettings
from monitor.errors import PictureError
from monitor.values import Alert, Image

log = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*-\d+\.jpg")
_UNFINISHED = ".unfinished"

_SHARE = 10  # one picture in so many goes per sweep, at most
_FEWEST = 20
_MOST = 1000


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
        self._settings = settings
        self._root = settings.path
        self._trouble = ""

    def save(self, alert: Alert, picture: bytes) -> Path | None:
        """Write the JPEG of an alert and return its path, or None if it cannot be kept (disk nearly full, or refusing)."""
        if not _ID.fullmatch(alert.id):
            raise ValueError(f"not an id for a file name: {alert.id!r}")
        path = self._root / iso(alert.time)[:10] / f"{alert.id}-{alert.seq}.jpg"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(path.parent).free
            if free < self._settings.min_free:
                self._tell(f"fewer than {self._settings.min_free / 1e6:.0f} MB free (snapshots.min_free)")
                return None
            _write(path, picture)
        except OSError as error:
            self._tell(error.strerror or str(error))
            return None
        self._tell("")
        return path

    def find(self, alert_id: str, seq: int) -> Path | None:
        """The picture of an alert message, or None if there is none (any more)."""
        if not _ID.fullmatch(alert_id):
            return None
        return next(self._root.glob(f"*/{alert_id}-{seq}.jpg"), None)

    def sweep(self, wall: float) -> int:
        """Delete the oldest pictures past `keep` or beyond `max_size`, as of `wall` (Unix seconds); return how many went.

        A part of them per call, at most a tenth, so that a clock that jumped ahead does not take them all before someone
        notices; to be called now and then (every quarter of an hour). Pictures it cannot delete stay until the next call.
        """
        try:
            found = sorted(self._pictures())
            total = sum(size for _, _, size in found)
            gone = 0
            for written, path, size in found[: min(max(len(found) // _SHARE, _FEWEST), _MOST)]:
                if wall - written <= self._settings.keep and total <= self._settings.max_size:
                    break
                path.unlink(missing_ok=True)
                total -= size
                gone += 1
            self._tidy()
        except OSError as error:
            log.warning("snapshots: cannot clear old pictures out of %s: %s", self._root, error.strerror or error)
            return 0
        return gone

    def _pictures(self) -> Iterator[tuple[float, Path, int]]:
        """Yield (written, path, bytes) of what is ours here; someone may keep other files in the folder."""
        for day in self._days():
            for file in day.iterdir():
                facts = file.lstat()
                if _PICTURE.fullmatch(file.name) and stat.S_ISREG(facts.st_mode):
                    yield facts.st_mtime, file, facts.st_size

    def _days(self) -> list[Path]:
        if not self._root.is_dir():
            return []
        return sorted(day for day in self._root.iterdir() if _DAY.fullmatch(day.name) and day.is_dir() and not day.is_symlink())

    def _tidy(self) -> None:
        """Remove what a killed run left half written, and folders that are empty."""
        for day in self._days():
            for file in day.glob(f"*{_UNFINISHED}"):
                file.unlink(missing_ok=True)
            if not any(day.iterdir()):
                day.rmdir()

    def _tell(self, trouble: str) -> None:
        """Log that pictures can no longer be kept, or can again, once per change."""
        if trouble != self._trouble:
            if trouble:
                log.warning("snapshots: no pictures are kept in %s: %s", self._root, trouble)
            else:
                log.info("snapshots: pictures are kept in %s again", self._root)
        self._trouble = trouble


def _write(path: Path, data: bytes) -> None:
    """Put a whole file in place or nothing."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
