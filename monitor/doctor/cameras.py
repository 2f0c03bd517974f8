"""The cameras: does each open and give a picture within a few seconds, to the user who will ask?"""

from __future__ import annotations

import os
from collections.abc import Iterator

from monitor.camera.diagnose import check_device
from monitor.camera.opencv import open_source
from monitor.camera.protocol import Fault, Source
from monitor.camera.source import Description, Device, Stream, parse_source
from monitor.camera.usb import lasting_name
from monitor.clock import stopwatch
from monitor.config.schema import CameraSettings
from monitor.doctor.account import Account, is_device
from monitor.doctor.daemon import Running
from monitor.doctor.finding import Finding, ok, problem, warning
from monitor.errors import CameraError

PATIENCE = 10.0
"""Seconds for a picture once a camera is open: two key frames apart at the most that is usual."""


def check_camera(name: str, settings: CameraSettings, account: Account, running: Running) -> Iterator[Finding]:
    """Look at one camera. A USB camera that a running daemon uses is left to it: it serves one at a time."""
    what = f"camera {name}"
    try:
        description = parse_source(settings.source, settings.username, settings.password)
        if isinstance(description, Device):
            yield from _rights(what, description, account)
            if running.possible:
                check_device(description)
                yield ok(what, f"{description} is there, and left to the daemon that {'runs' if running.runs else 'may be running'}")
                return
        yield ok(what, _open_and_see(description))
    except CameraError as error:
        if running.possible and error.reason == Fault.BUSY:
            yield ok(what, f"{error}; the daemon is one of its viewers")
        else:
            yield problem(what, str(error), _remedy(error))
        return
    if isinstance(description, Device) and (better := lasting_name(description)) is not None:
        yield warning(what, f"{description} may be another camera after a restart or a replug", f"write `source: {better}`")
    if isinstance(description, Stream) and description.username is not None and not description.tls:
        yield ok(what, "its password crosses the network unencrypted, as usual with RTSP", "keep cameras in a network of their own")


def _rights(what: str, device: Device, account: Account) -> Iterator[Finding]:
    """Whether the daemon's user may open it: that we may says nothing if we are somebody else."""
    if account.uid != os.geteuid() and is_device(device.path) and not account.may(device.path, os.R_OK | os.W_OK):
        yield problem(what, f"user {account.name} may not use {device}", f"sudo usermod -aG video {account.name}, then restart the service")


def _open_and_see(description: Description) -> str:
    """Open it, wait for a picture, and say what it is. Raises CameraError."""
    began = stopwatch()
    source = open_source(description)
    try:
        if not _sees(source):
            raise CameraError(f"{description} opens, but gave no picture within {PATIENCE:.0f} s", Fault.SILENT)
        return f"{source.facts}, {description}, a picture after {stopwatch() - began:.1f} s"
    finally:
        source.close()


def _sees(source: Source) -> bool:
    end, misses = stopwatch() + PATIENCE, 0
    while stopwatch() < end and misses < source.facts.misses:
        if not source.grab():
            misses += 1
        elif source.retrieve() is not None:
            return True
    return False


def _remedy(error: CameraError) -> str:
    """What else to do, where the message does not say it: `probe` looks longer and tells more."""
    return "set `username:` and `password:` as in the camera's own settings" if error.reason == Fault.AUTH_FAILED else ""
