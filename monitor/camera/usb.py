"""USB cameras (V4L2): asking for the best that they give, and telling why one cannot be opened.

A USB 2 camera sends raw pictures larger than 640 x 480 only a few times a second; in MJPEG it sends 1280 x 720 at 30. The format has
to be asked for before the size and the rate, each of which the driver may answer with something else.
"""

from __future__ import annotations

from pathlib import Path

import cv2

from monitor.camera.diagnose import check_device, why_device_failed
from monitor.camera.once import warn_once
from monitor.camera.source import Device

BY_ID = Path("/dev/v4l/by-id")
"""Where udev keeps a link to each USB camera that stays the same whatever number it gets."""

SIZES = ((1280, 720), (1024, 576), (800, 600), (640, 480))
"""The largest that is taken as asked wins. More than 1280 x 720 costs twice the time to decode and shows the model nothing more."""

FPS = 30

_MJPG = cv2.VideoWriter.fourcc(*"MJPG")


def open_device(device: Device) -> cv2.VideoCapture:
    """Open a device and set it up. Raises CameraError, and cv2.error as OpenCV does."""
    check_device(device)
    capture = cv2.VideoCapture(str(device.path), cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise why_device_failed(device)
    _ask_for_mjpeg(capture)
    _advise(device)
    return capture


def _ask_for_mjpeg(capture: cv2.VideoCapture) -> None:
    """Ask for MJPEG, then for size and rate. A camera without MJPEG stays at what it has: a larger raw picture would come slower."""
    capture.set(cv2.CAP_PROP_FOURCC, _MJPG)
    if int(capture.get(cv2.CAP_PROP_FOURCC)) != _MJPG:
        return
    for size in SIZES:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        if (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))) == size:
            break
    capture.set(cv2.CAP_PROP_FPS, FPS)


def _advise(device: Device) -> None:
    """Say which name is better than a number, if there is one."""
    if (better := lasting_name(device)) is not None:
        warn_once(f"{device} may be another camera after a restart or a replug; write `source: {better}`")


def lasting_name(device: Device) -> Path | None:
    """Find the link that goes on pointing to this camera; None if there is none, or `device` is such a link already."""
    if device.path.is_symlink() or not BY_ID.is_dir():
        return None
    return next((link for link in sorted(BY_ID.iterdir()) if link.resolve() == device.path), None)
