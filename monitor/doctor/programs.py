"""The versions of Python and OpenCV, and what they can do."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata

import cv2

from monitor.doctor.finding import Finding, ok, problem, warning

BROKEN = "4.11.0.86"
"""The OpenCV whose Linux wheels take the options of a stream the wrong way round (opencv issue 27091): RTSP over UDP, no time-outs."""

_WHEELS = ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")


def check_programs() -> Iterator[Finding]:
    """Look at what is installed."""
    yield from judge_python(platform.python_version(), sys.maxsize > 2**32)
    yield from judge_opencv(cv2.__version__, _installed(), cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends())


def judge_python(version: str, wide: bool) -> Iterator[Finding]:
    """Judge the Python that runs. wide: it is a 64-bit program."""
    if wide:
        yield ok("python", version)
    else:
        yield problem("python", f"{version} is a 32-bit program, for which there are no engines", "install a 64-bit system")


def judge_opencv(version: str, wheels: Mapping[str, str], ffmpeg: bool) -> Iterator[Finding]:
    """Judge OpenCV. wheels: installed packages that bring it, with their versions; ffmpeg: whether it can open streams."""
    again = "`.venv/bin/pip install --force-reinstall opencv-python-headless`"
    if BROKEN in wheels.values():
        yield problem("opencv", f"{BROKEN} ignores the settings of network cameras", "`.venv/bin/pip install -U opencv-python-headless`")
    elif not ffmpeg:
        yield problem("opencv", f"{version} was built without FFmpeg and opens no network camera", again)
    elif len(wheels) > 1:
        yield warning(
            "opencv", f"several packages bring it, one over the other: {', '.join(wheels)}", f"uninstall all of them, then {again}"
        )
    else:
        yield ok("opencv", version)


def _installed() -> dict[str, str]:
    found = {}
    for name in _WHEELS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
