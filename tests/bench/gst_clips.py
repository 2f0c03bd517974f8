"""Live RTSP cameras made of GStreamer's own server, for benchmarks: gst_clips.py PORT CLIPS serves rtsp://127.0.0.1:PORT/0, /1 and so on.

CLIPS is JSON: a list of {"file": an MP4, "marks": [seconds in it]}. Each client gets its clip from the beginning, in real time. Prints
`ready`, and for each mark `CAMERA MARK MICROSECONDS`: when (by the monotonic clock) the frame of that time was sent.
For the system's own Python (Debian: python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base, -good and -bad).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

_LAUNCH = (
    '( filesrc location="{file}" ! qtdemux ! h264parse config-interval=1 ! identity name=tick sync=true signal-handoffs=true '
    "! rtph264pay name=pay0 pt=96 )"
)


def main(port: str, clips: str) -> None:
    """Serve the clips until killed."""
    gi = import_module("gi")
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    glib, gst, rtsp = (import_module(f"gi.repository.{name}") for name in ("GLib", "Gst", "GstRtspServer"))
    gst.init(None)
    server = rtsp.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    for number, clip in enumerate(json.loads(clips)):
        factory = rtsp.RTSPMediaFactory()
        factory.set_launch(_LAUNCH.format(file=clip["file"]))
        if clip["marks"]:
            factory.connect("media-configure", _teller(number, clip["marks"], glib.get_monotonic_time, gst.SECOND))
        server.get_mount_points().add_factory(f"/{number}", factory)
    server.attach(None)
    _say("ready")
    glib.MainLoop().run()


def _teller(camera: int, marks: Sequence[float], microseconds: Callable[[], int], second: int) -> Callable[[Any, Any], None]:
    """What a factory calls for each client: it has the marks told as their frames go by."""

    def configure(_factory: Any, media: Any) -> None:
        coming = sorted(marks)

        def tell(_element: Any, buffer: Any) -> None:
            while coming and buffer.pts >= coming[0] * second - 1000:
                _say(f"{camera} {coming.pop(0)} {microseconds()}")

        media.get_element().get_by_name("tick").connect("handoff", tell)

    return configure


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
