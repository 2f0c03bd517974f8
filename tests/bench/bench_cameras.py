"""What 1, 2, 4 and 8 cameras of 720p10 cost, and how soon each alerts when a cat comes by.

Run by hand: `python -m tests.bench.bench_cameras [--cameras N ...] [--visits N] [--together] [--decode all]`; needs ffmpeg, GStreamer's
RTSP server for Python, opencv-doc, mosquitto and the weights of efficientnet_lite0. Each camera is an H.264 stream of its own, a cat on
each once in ROUND seconds: by turns, or on all at once.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.clock import SystemClock, stopwatch
from tests.bench.footage import KEY_SECONDS, repeat, visit
from tests.bench.processes import Meter, Usage, machine, pause
from tests.bench.streams import Stream, Streams
from tests.end_to_end.conftest import Daemon, Message, Subscriber, settings
from tests.publish.brokers import Mosquitto

WIDTH, HEIGHT, FPS, KBITS = 1280, 720, 10, 1500
ROUND, COMES, GOES = 32, 20, 28
"""A visit in each round of so many seconds, from and to these seconds of it."""

WARM_UP = 15
HEALTH = 65.0
"""Seconds within which the daemon tells again how its queues are."""

LIMIT = 1.5
COLUMNS = {
    "cameras": 7,
    "alerted": 10,
    "first frame to alert": 22,
    "grab to alert": 18,
    "CPU": 8,
    "a camera": 10,
    "server": 8,
    "peak": 8,
    "waiting": 9,
    "dropped": 9,
}


@dataclass(frozen=True)
class Found:
    """What a number of cameras gave. visits: begun; answers: seconds from a visit's first frame to its alert at the subscriber.

    ages: seconds from the grab of the frame that decided to the subscriber. server: what the server of the streams took beside them.
    waiting, dropped: frames and rows, in all queues together; waiting: the most that were found.
    """

    cameras: int
    visits: int
    answers: Sequence[float]
    ages: Sequence[float]
    usage: Usage
    server: Usage
    waiting: int
    dropped: int


def measure(folder: Path, streams: Sequence[Stream], seconds: float, decode: str) -> Found:
    """Let a daemon watch the streams."""
    broker = Mosquitto(folder)
    broker.start()
    with Streams(streams) as server:
        subscriber = Subscriber(broker.port)
        sources = {f"cam{number}": {"source": server.url(number), "decode": decode} for number in range(len(streams))}
        daemon = Daemon(folder, settings(sources, broker.port))
        try:
            for name in sources:
                daemon.line(f"{name}: connected")
            meters = [Meter(daemon.pid), Meter(server.pid)]
            pause(seconds)
            usage, served = (meter.read() for meter in meters)
            subscriber.wait("monitor/bridge/health", HEALTH, since=stopwatch())
            daemon.stop(signal.SIGTERM, within=10)
        finally:
            daemon.kill()
            subscriber.close()
            broker.kill()
    starts = {name: _starts(subscriber.on(f"monitor/{name}/alert")) for name in sources}
    answers = [first.at - at for number, at in server.sent if (first := _first_after(starts[f"cam{number}"], at))]
    queues = [message.body["queues"].values() for message in subscriber.on("monitor/bridge/health")]
    return Found(
        cameras=len(streams),
        visits=len(server.sent),
        answers=answers,
        ages=[_age(alert) for alerts in starts.values() for alert in alerts],
        usage=usage,
        server=served,
        waiting=max(sum(queue["depth"] for queue in each) for each in queues),
        dropped=sum(queue["dropped"] for queue in queues[-1]),
    )


def visited(folder: Path, scene: Path, cameras: int, visits: int, *, together: bool) -> list[Stream]:
    """Streams with so many visits each."""
    folder.mkdir()
    streams = []
    for number in range(cameras):
        skip = 0 if together else KEY_SECONDS * number % COMES
        clip = repeat(scene, folder / f"{number}.mp4", WARM_UP + visits * ROUND + HEALTH, skip=skip)
        streams.append(Stream(clip, [COMES + ROUND * each - skip for each in range(visits)]))
    return streams


def _starts(alerts: Sequence[Message]) -> list[Message]:
    return [alert for alert in alerts if alert.body["event_type"] == "start"]


def _first_after(alerts: Sequence[Message], at: float) -> Message | None:
    return next((alert for alert in alerts if at <= alert.at < at + ROUND), None)


def _age(alert: Message) -> float:
    """Seconds from the grab of the frame that decided to the alert's arrival."""
    came: float = SystemClock().now().wall - (stopwatch() - alert.at)
    return came - float(alert.body["time_unix"])


def main() -> None:
    """Measure each number of cameras and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--visits", type=int, default=3)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--decode", choices=["all", "keyframes"], default="all")
    args = parser.parse_args()
    sys.stdout.write(f"{WIDTH}x{HEIGHT}, {FPS} fps, decode {args.decode}, visits {'all at once' if args.together else 'by turns'}\n")
    sys.stdout.write(_row(COLUMNS))
    found = []
    with tempfile.TemporaryDirectory() as name:
        scene = visit(Path(name) / "scene.mp4", WIDTH, HEIGHT, FPS, ROUND, KBITS, comes=COMES, goes=GOES)
        for cameras in args.cameras:
            folder = Path(name) / str(cameras)
            streams = visited(folder, scene, cameras, args.visits, together=args.together)
            found.append(measure(folder, streams, args.visits * ROUND, args.decode))
            sys.stdout.write(_row(_cells(found[-1])))
            sys.stdout.flush()
    sys.stdout.write(f"grab to alert: p95 at most {LIMIT} s\n{machine()}\n")
    if len(found) > 2:
        sys.stdout.write(_line([each.cameras for each in found], [each.usage.cpu for each in found]))


def _cells(found: Found) -> list[str]:
    return [
        str(found.cameras),
        f"{len(found.answers)} of {found.visits}",
        _percentiles(found.answers),
        _percentiles(found.ages),
        f"{found.usage.cpu:.1%}",
        f"{found.usage.cpu / found.cameras:.1%}",
        f"{found.server.cpu:.1%}",
        f"{found.usage.peak:.0f} MB",
        str(found.waiting),
        str(found.dropped),
    ]


def _row(cells: Iterable[str]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, COLUMNS.values(), strict=True)) + "\n"


def _percentiles(seconds: Sequence[float]) -> str:
    """Median and 95th percentile."""
    return f"{np.percentile(seconds, 50):.2f}, {np.percentile(seconds, 95):.2f} s" if seconds else "none"


def _line(cameras: Sequence[int], cpu: Sequence[float]) -> str:
    """The straight line through the figures (least squares), and how far from it they are at most."""
    slope, start = np.polyfit(cameras, cpu, 1)
    off = max(abs(start + slope * number - share) / share for number, share in zip(cameras, cpu, strict=True))
    return f"CPU = {start:.1%} + {slope:.1%} a camera; the figures are within {off:.0%} of that line\n"


if __name__ == "__main__":
    main()
