"""What people who look at the page cost: the daemon with nobody there, and with four who watch one 1080p20 camera and hear its events.

Run by hand: `python -m tests.bench.bench_viewers [--seconds N] [--rounds N] [--viewers N]`; needs ffmpeg, GStreamer's RTSP server for
Python, opencv-doc and the weights of efficientnet_lite0. By turns in one and the same daemon, once with a quiet camera behind its motion
gate and once with every picture looked at. age: milliseconds from grab to the end of the look, the mean.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import socket
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from tests.bench.bench_motion import FPS, HEIGHT, SCENE, WIDTH
from tests.bench.footage import quiet, repeat
from tests.bench.processes import Meter, machine, pause
from tests.bench.streams import Stream, Streams
from tests.end_to_end.conftest import Daemon, settings
from tests.publish.brokers import free_port

SETTLE = 15
LIMIT = 0.15
"""Of a core, that four viewers may add."""
ADDRESSES = ("/api/cameras/porch/stream.mjpg", "/api/events")


@dataclass(frozen=True)
class Found:
    """cpu: share of a core. looks: a second; age: milliseconds; pictures: a second for each viewer."""

    cpu: float
    looks: float
    age: float
    pictures: float


class Viewer:
    """Reads what the page of one person reads."""

    def __init__(self, port: int) -> None:
        self.pictures = 0
        self._sockets = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in ADDRESSES]
        self._threads = [threading.Thread(target=self._read, args=pair) for pair in zip(self._sockets, ADDRESSES, strict=True)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        for line in self._sockets:
            line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for line in self._sockets:
            line.close()

    def _read(self, line: socket.socket, address: str) -> None:
        line.sendall(f"GET {address} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while part := line.recv(65536):
            self.pictures += part.count(b"image/jpeg")


def measure(daemon: Daemon, port: int, viewers: int, seconds: float) -> Found:
    """Measure over so many seconds, with so many viewers."""
    with watching(port, viewers) as people:
        pause(SETTLE)
        meter, before, came = Meter(daemon.pid), camera(port), sum(viewer.pictures for viewer in people)
        pause(seconds)
        cpu, after = meter.read().cpu, camera(port)
        pictures = (sum(viewer.pictures for viewer in people) - came) / seconds / max(viewers, 1)
    return Found(cpu, (after["looks"] - before["looks"]) / seconds, after["frame_age_ms"] or 0.0, pictures)


@contextlib.contextmanager
def watching(port: int, viewers: int) -> Iterator[list[Viewer]]:
    """Have so many people watch."""
    people = [Viewer(port) for _ in range(viewers)]
    try:
        yield people
    finally:
        for viewer in people:
            viewer.close()


def camera(port: int) -> dict[str, Any]:
    """What the status says of the camera; its means are over a minute."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/api/status")
    status: dict[str, Any] = json.load(connection.getresponse())["cameras"]["porch"]
    connection.close()
    return status


def compare(clip: Path, motion: Mapping[str, Any], viewers: int, seconds: float, rounds: int) -> None:
    """Measure by turns, and print."""
    found: dict[int, list[Found]] = {0: [], viewers: []}
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, Streams([Stream(clip)]) as streams:
        porch = {"source": streams.url(0), "motion": motion}
        daemon = Daemon(Path(folder), settings({"porch": porch}, None, web={"listen": f"127.0.0.1:{port}"}))
        try:
            daemon.line("connected")
            for _ in range(rounds):
                for number in found:
                    found[number].append(measure(daemon, port, number, seconds))
        finally:
            daemon.kill()
    for number, each in found.items():
        cpu, looks, age, pictures = (statistics.median(column) for column in zip(*map(astuple, each), strict=True))
        told = f"{looks:.1f} looks/s, age {age:5.1f} ms, {pictures:.1f} pictures/s each"
        sys.stdout.write(f"{number} viewers: {cpu:6.1%} of a core, {told}\n")
    more = statistics.median(one.cpu for one in found[viewers]) - statistics.median(one.cpu for one in found[0])
    sys.stdout.write(f"{viewers} viewers add {more:.1%} of a core (at most {LIMIT:.0%} for four)\n")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--viewers", type=int, default=4)
    args = parser.parse_args()
    sys.stdout.write(f"{machine()}\n{WIDTH}x{HEIGHT}, {FPS} fps, nothing moves\n")
    with tempfile.TemporaryDirectory() as folder:
        scene = quiet(Path(folder) / "scene.mp4", WIDTH, HEIGHT, FPS, SCENE, 3000)
        clip = repeat(scene, Path(folder) / "clip.mp4", 2 * args.rounds * (args.seconds + SETTLE) + 90)
        for name, motion in (("behind the motion gate", {}), ("every picture is looked at", {"enabled": False})):
            sys.stdout.write(f"\n{name}\n")
            compare(clip, motion, args.viewers, args.seconds, args.rounds)


if __name__ == "__main__":
    main()
