"""A live RTSP camera made of GStreamer's own server: gst_camera.py CLIP.mp4 PORT serves rtsp://127.0.0.1:PORT/cam.

For the system's own Python (Debian: python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base, -good and -bad). Prints `ready`.
"""

from __future__ import annotations

import sys
from importlib import import_module


def main(clip: str, port: str) -> None:
    """Serve the clip from its beginning to each client until killed."""
    gi = import_module("gi")
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    glib, gst, rtsp = (import_module(f"gi.repository.{name}") for name in ("GLib", "Gst", "GstRtspServer"))
    gst.init(None)
    factory = rtsp.RTSPMediaFactory()
    factory.set_launch(f'( filesrc location="{clip}" ! qtdemux ! h264parse config-interval=1 ! rtph264pay name=pay0 pt=96 )')
    server = rtsp.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    glib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
