"""USB cameras for tests, behind `cv2.VideoCapture`, with the rules of OpenCV's V4L2 backend (cap_v4l.cpp).

A change of the format starts the device anew and takes size and rate back to what the new format has; a size counts once both numbers
were set; a driver gives the nearest that it has. After an unplug every grab fails at once, for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.values import Image

MJPG, YUYV = (int(cv2.VideoWriter.fourcc(*word)) for word in ("MJPG", "YUYV"))

Size = tuple[int, int]


@dataclass
class Camera:
    """formats: for each the sizes and the most pictures a second. busy: somebody else streams. glitches: grabs that fail from now on."""

    formats: dict[int, dict[Size, float]] = field(default_factory=lambda: {YUYV: {(640, 480): 30.0, (1280, 720): 10.0}, MJPG: FULL})
    busy: bool = False
    glitches: int = 0
    plugged: bool = True


FULL: dict[Size, float] = {(640, 480): 30.0, (1280, 720): 60.0, (1920, 1080): 30.0}


class FakeV4l2:
    """The devices, and what stands for `cv2.VideoCapture`. sets: the properties in the order in which they were set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.by_id = folder / "by-id"
        self.by_id.mkdir()
        self._cameras: dict[Path, Camera] = {}
        self.sets: list[int] = []

    def plug(self, number: int, camera: Camera, name: str = "usb-Acme_Cam-video-index0") -> Path:
        """Plug it in; gives the node. Its link points there."""
        node = self.folder / f"video{number}"
        node.touch()
        link = self.by_id / name
        link.unlink(missing_ok=True)
        link.symlink_to(node)
        camera.plugged = True
        self._cameras[node] = camera
        return node

    def unplug(self, node: Path) -> None:
        """Pull it out: the node goes, and its links go."""
        self._cameras.pop(node).plugged = False
        for link in [link for link in self.by_id.iterdir() if link.resolve() == node]:
            link.unlink()
        node.unlink()

    def __call__(self, path: str, backend: int, *_: Any) -> FakeCapture:
        assert backend == cv2.CAP_V4L2
        return FakeCapture(self._cameras.get(Path(path).resolve()), self.sets)


class FakeCapture:
    """One opening of a camera; the driver keeps the format of whoever had it open before, here the first it has."""

    def __init__(self, camera: Camera | None, sets: list[int]) -> None:
        self._camera = camera if camera and not camera.busy else None
        self._sets = sets
        self._wanted: dict[int, int] = {}
        self._grabbed = False
        if self._camera:
            self._use(next(iter(self._camera.formats)))

    def _use(self, fourcc: int) -> None:
        assert self._camera is not None
        self._fourcc = fourcc
        self._size, self._fps = next(iter(self._camera.formats[fourcc].items()))

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self._camera is not None

    def set(self, key: int, value: float) -> bool:
        self._sets.append(key)
        assert self._camera is not None
        if key == cv2.CAP_PROP_FOURCC:
            if int(value) not in self._camera.formats:
                return False
            self._use(int(value))
        elif key == cv2.CAP_PROP_FPS:
            self._fps = min(value, self._camera.formats[self._fourcc][self._size])
        else:
            self._wanted[key] = int(value)
            if len(self._wanted) == 2:
                width, height = self._wanted[cv2.CAP_PROP_FRAME_WIDTH], self._wanted[cv2.CAP_PROP_FRAME_HEIGHT]
                sizes = self._camera.formats[self._fourcc]
                self._size = min(sizes, key=lambda size: abs(size[0] * size[1] - width * height))
                self._fps = sizes[self._size]
                self._wanted.clear()
        return True

    def get(self, key: int) -> float:
        if self._camera is None:
            return 0.0
        known = {
            cv2.CAP_PROP_FOURCC: self._fourcc,
            cv2.CAP_PROP_FRAME_WIDTH: self._size[0],
            cv2.CAP_PROP_FRAME_HEIGHT: self._size[1],
            cv2.CAP_PROP_FPS: self._fps,
        }
        return float(known.get(key, -1))

    def grab(self) -> bool:
        self._grabbed = False
        if self._camera is None or not self._camera.plugged:
            return False
        if self._camera.glitches:
            self._camera.glitches -= 1
            return False
        self._grabbed = True
        return True

    def retrieve(self, into: Image | None = None) -> tuple[bool, Image | None]:
        return (True, np.full((self._size[1], self._size[0], 3), 100, np.uint8)) if self._grabbed else (False, None)

    def release(self) -> None:
        self._camera = None
        self._grabbed = False
