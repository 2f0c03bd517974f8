"""A window whose first camera gives new pictures for as long as somebody watches, and whose files stay as they are while read."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

from monitor.web.window import Json, Pictures
from tests.web.fakes import FakeWindow, jpeg

PACE = 0.1
"""Seconds between two pictures."""


class EndlessPictures:
    """Gives one picture after the other, each of another colour; none where the camera is away."""

    def __init__(self, away: bool) -> None:
        self._away = away
        self._colours = itertools.cycle(range(40, 240, 40))

    def next(self, timeout: float) -> bytes | None:
        """Wait as a real one does: for the next picture, or in vain."""
        threading.Event().wait(timeout if self._away else PACE)
        return None if self._away else jpeg(next(self._colours))


class BusyWindow(FakeWindow):
    """Also counts streams with a lock, as the server has many threads."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.names = super().cameras()
        self._lock = threading.Lock()

    def cameras(self) -> list[str]:
        """Give `names`, which a test may change."""
        return self.names

    def live(self) -> Json:
        """Have all cameras but the yard online."""
        usual = super().live()
        return {
            "cameras": {name: usual["cameras"]["yard" if name == "yard" else "porch"] for name in self.names},
            "alerts": usual["alerts"],
        }

    @contextlib.contextmanager
    def watch(self, camera: str) -> Iterator[Pictures]:
        """Have the pictures of a camera."""
        if camera not in self.cameras():
            raise KeyError(camera)
        self._count(camera, 1)
        try:
            yield EndlessPictures(camera == "yard")
        finally:
            self._count(camera, -1)

    def _count(self, camera: str, more: int) -> None:
        with self._lock:
            self.watching[camera] = self.watching.get(camera, 0) + more

    def _file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        with self._lock:
            if not path.exists():
                path.write_bytes(content)
        return path
