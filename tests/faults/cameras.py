"""What the camera faults are made of: scenes, three healthy cameras and the daemon beside them, and cameras that are none."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import stopwatch
from tests.camera.rtsp_server import RtspServer
from tests.end_to_end.conftest import Daemon, note, settings, verb
from tests.faults.stand_in import stand_in

HEALTHY = ("left", "middle", "right")
NOISE = "noise=alls=6:allf=t"
LENS = f"drawgrid=w=40:h=40:t=3:c=black@0.6,drawbox=x='mod(t*60,280)':y=100:w=30:h=30:c=white:t=fill,{NOISE}"
"""What is before every lens: edges that stay, something that moves, and the sensor's noise."""

SCENES = {
    "green": f"color=lime:size=320x240:rate=10,{LENS}",
    "red": f"color=red:size=320x240:rate=10,{LENS}",
    "large": f"color=red:size=640x480:rate=10,{LENS}",
    "infrared": f"color=gray:size=320x240:rate=10,{LENS}",
    "black": "color=black:size=320x240:rate=10",  # no signal: without any noise
    "lid": "color=black:size=320x240:rate=10,noise=alls=3:allf=t",
    "covered": f"color=0x404040:size=320x240:rate=10,{NOISE}",
}


def encode(folder: Path, scene: str) -> Path:
    """Write four seconds of a scene as a bare H.264 stream of 10 pictures a second, a key frame every two seconds."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    target = folder / f"{scene}.h264"
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-g", "20", "-bf", "0", "-x264-params", "slices=1"]
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", SCENES[scene], "-t", "4", *codec, str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


def with_resolver(folder: Path, server: str, times: int) -> Path:
    """Write a program that is this Python in a mount namespace where that name server, `times` times over, is the only one."""
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {server}\n" * times)
    inside = f'mount --bind {resolver} /etc/resolv.conf && exec {sys.executable} "$@"'
    return stand_in(folder, f"unshare --mount sh -c '{inside}' python \"$@\"")


@dataclass(frozen=True)
class Usage:
    """What a process holds. rss: bytes."""

    threads: int
    descriptors: int
    rss: int


def usage(box: Daemon) -> Usage:
    """Look at a daemon (proc(5))."""
    threads = len(list(Path(f"/proc/{box.pid}/task").iterdir()))
    descriptors = len(list(Path(f"/proc/{box.pid}/fd").iterdir()))
    pages = int(Path(f"/proc/{box.pid}/statm").read_text().split()[1])
    return Usage(threads, descriptors, pages * os.sysconf("SC_PAGE_SIZE"))


class Street:
    """A daemon with three healthy cameras and the broken ones, and another with the healthy ones alone to measure it against.

    The model knows colours and takes no time. What the healthy cameras show is green at first, as what had come while they were opened
    comes at once, and then red: of that, each picture must have been looked at.
    """

    def __init__(self, start: Callable[..., Daemon], colours: Path, scene: Callable[[str], Path]) -> None:
        self._start = start
        self._colours = colours
        self._scene = scene
        self._healthy = {box: {name: RtspServer(scene("green"), fps=10) for name in HEALTHY} for box in ("box", "alone")}

    def run(self, broken: Mapping[str, Mapping[str, Any]], port: int | None, environment: Mapping[str, str] | None = None) -> None:
        """Start both daemons. port: of the broker for the one with the broken cameras."""
        self.box = self._start(self._config("box", broken, port), "box", environment)
        self.alone = self._start(self._config("alone", {}, None), "alone")
        for one in (self.box, self.alone):
            for name in HEALTHY:
                one.line(f"{name}: connected", 20)
        for servers in self._healthy.values():
            for server in servers.values():
                server.show(self._scene("red"))

    def extra_share(self, seconds: float) -> float:
        """How much of a core the broken cameras take, over the next so many seconds."""
        used, began = self._used(), stopwatch()
        threading.Event().wait(seconds)  # the time over which the processor's use is measured
        return (self._used() - used) / (stopwatch() - began)

    def stop(self, number: int) -> None:
        """End the daemon as systemd would, and hold that no look was lost on a healthy camera."""
        self.alone.kill()
        self.box.stop(number)
        rows = [json.loads(line) for line in verb(self.box, "history", "--label", "red", "--json").splitlines()]
        for name, server in self._healthy["box"].items():
            (sighting,) = [row for row in rows if row["camera"] == name]
            first, last = (datetime.fromisoformat(sighting[end]).timestamp() for end in ("first", "last"))
            sent = sum(first <= at <= last for at in server.sent)
            note(f"{name} sent {sent} pictures in {last - first:.1f} s, looks: {sighting['looks']}")
            assert sighting["looks"] >= sent  # the first of these was sent before `first`, and the last perhaps looked at after `last`

    def check_secrets(self, *giveaways: str) -> None:
        """Hold that no word of a password is in what the daemon said or wrote."""
        kept = [path for path in self.box.folder.rglob("*") if path.is_file() and path != self.box.config]
        told = [self.box.text.encode(), *(path.read_bytes() for path in kept)]
        assert not [giveaway for giveaway in giveaways for text in told if giveaway.encode() in text]

    def close(self) -> None:
        for servers in self._healthy.values():
            for server in servers.values():
                server.close()

    def _config(self, box: str, broken: Mapping[str, Mapping[str, Any]], port: int | None) -> dict[str, Any]:
        healthy = {name: {"source": server.url} for name, server in self._healthy[box].items()}
        return settings(
            # every picture is looked at: how many looks there must have been is then what the camera sent
            {name: {"fps": 100, "motion": {"enabled": False}} | dict(camera) for name, camera in (healthy | dict(broken)).items()},
            port,
            model={"name": "colours", "weights": str(self._colours)},
            rules=[{"label": "red", "looks": 2, "hold": "1s", "cooldown": "0s"}],
            snapshots={"enabled": False},
        )

    def _used(self) -> float:
        return self.box.cpu_seconds() - self.alone.cpu_seconds()


class Reply(socketserver.ThreadingTCPServer):
    """A server that answers every caller with the same bytes, whatever it is asked."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.reply = reply
        self.port = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, name="reply")
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(10)


class _Answering(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Reply)
        with contextlib.suppress(OSError):
            self.request.recv(4096)
            self.request.sendall(self.server.reply)


HTML = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html><title>Router</title>" + b"<p>Welcome</p>" * 500
