"""What one quiet 1080p20 H.264 camera costs: the daemon with every frame and with key frames only, Motion, and bare decoding.

Run by hand: `python -m tests.bench.bench_motion [--seconds N] [--rounds N] [--kbits N] [--only NAME ...]`; needs ffmpeg, GStreamer's RTSP
server for Python, opencv-doc, motion, mosquitto and the weights of efficientnet_lite0. All get the very same stream, one after another,
each alone. Motion has Debian's own configuration but for the camera, its size and rate, and that it saves and serves nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from monitor.camera.opencv import Decode, open_source, prepare_opencv
from monitor.camera.source import parse_source
from tests.bench.footage import quiet, repeat
from tests.bench.processes import Meter, Usage, machine, pause
from tests.bench.streams import Stream, Streams
from tests.end_to_end.conftest import Daemon, Subscriber, settings
from tests.publish.brokers import Mosquitto

WIDTH, HEIGHT, FPS = 1920, 1080, 20
WARM_UP = 15
SCENE = 20
"""Seconds that are encoded; the stream shows them again and again."""

MOTION = Path("/etc/motion/motion.conf")
DECODES: tuple[Decode, Decode] = ("all", "keyframes")
Run = Callable[[Path, str], contextlib.AbstractContextManager[int]]
"""Starts one of them in a folder on a stream, and gives its process."""

LIMITS = {"monitor, all": 0.75, "monitor, keyframes": 0.20}


@contextlib.contextmanager
def motion(folder: Path, url: str) -> Iterator[int]:
    """Motion on the stream; gives its process."""
    config = folder / "motion.conf"
    ours = {
        "width": WIDTH,
        "height": HEIGHT,
        "framerate": FPS,
        "netcam_url": url,
        "movie_output": "off",
        "picture_output": "off",
        "webcontrol_port": 0,
        "stream_port": 0,
        "target_dir": folder,
        "log_level": 4,
        "log_file": folder / "motion.log",
    }
    kept = [line for line in MOTION.read_text().splitlines() if line.partition(" ")[0] not in {*ours, "video_device"}]
    config.write_text("\n".join([*kept, *(f"{key} {value}" for key, value in ours.items()), ""]))
    with _running("motion", "-n", "-c", str(config)) as pid:
        yield pid
    told = (folder / "motion.log").read_text().splitlines(keepends=True)
    sys.stdout.write("".join(line for line in told if "[NTC]" not in line))


@contextlib.contextmanager
def grabbing(decode: Decode, _folder: Path, url: str) -> Iterator[int]:
    """A loop of OpenCV's grab() and nothing else; gives its process."""
    with _running(sys.executable, "-m", "tests.bench.bench_motion", "--grab", url, decode) as pid:
        yield pid


@contextlib.contextmanager
def monitor(decode: Decode, folder: Path, url: str) -> Iterator[int]:
    """The daemon with history, snapshots and a broker; gives its process. At the end its figures are printed."""
    broker = Mosquitto(folder)
    broker.start()
    subscriber = Subscriber(broker.port)
    daemon = Daemon(folder, settings({"porch": {"source": url, "decode": decode}}, broker.port))
    try:
        daemon.line("connected")
        yield daemon.pid
        sys.stdout.write("".join(f"    {message.payload.decode()}\n" for message in subscriber.on("monitor/porch/stats")[-1:]))
    finally:
        daemon.kill()
        subscriber.close()
        broker.kill()


def grab(url: str, decode: Decode) -> None:
    """Decode a stream until it ends, in this process."""
    prepare_opencv()
    source = open_source(parse_source(url), decode)
    while source.grab():
        pass


def contestants(names: list[str] | None) -> Mapping[str, Run]:
    """Who is measured, by name."""
    everybody: dict[str, Run] = {"Motion": motion}
    for decode in DECODES:
        everybody[f"grab(), {decode}"] = partial(grabbing, decode)
        everybody[f"monitor, {decode}"] = partial(monitor, decode)
    return {name: run for name, run in everybody.items() if not names or name in names}


def measure(clip: Path, seconds: float, run: Run) -> Usage:
    """Measure one of them after its warm-up."""
    with tempfile.TemporaryDirectory() as folder, Streams([Stream(clip)]) as streams, run(Path(folder), streams.url(0)) as pid:
        pause(WARM_UP)
        meter = Meter(pid)
        pause(seconds)
        return meter.read()


def main() -> None:
    """Measure by turns and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--kbits", type=int, default=3000, help="of the stream, a second")
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--grab", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.grab:
        grab(*args.grab)
        return
    runs = contestants(args.only)
    found: dict[str, list[Usage]] = {name: [] for name in runs}
    with tempfile.TemporaryDirectory() as folder:
        scene = quiet(Path(folder) / "scene.mp4", WIDTH, HEIGHT, FPS, SCENE, args.kbits)
        clip = repeat(scene, Path(folder) / "clip.mp4", args.seconds + WARM_UP + 60)
        for _ in range(args.rounds):
            for name, run in runs.items():
                found[name].append(measure(clip, args.seconds, run))
                sys.stdout.write(f"{name}: {found[name][-1]}\n")
                sys.stdout.flush()
    sys.stdout.write(f"\n{machine()}\n{WIDTH}x{HEIGHT}, {FPS} fps, {args.kbits} kbit/s, nothing moves\n")
    _print(found)


def _print(found: Mapping[str, list[Usage]]) -> None:
    cpu = {name: statistics.median(usage.cpu for usage in usages) for name, usages in found.items()}
    sys.stdout.write(f"{'':<22}{'of a core':>10}{'peak':>9}{'x Motion':>10}{'at most':>9}\n")
    for name, usages in found.items():
        ratio = f"{cpu[name] / cpu['Motion']:.2f}" if "Motion" in cpu else ""
        limit = f"{LIMITS[name]:.2f}" if name in LIMITS else ""
        sys.stdout.write(f"{name:<22}{cpu[name]:>10.1%}{max(usage.peak for usage in usages):>6.0f} MB{ratio:>10}{limit:>9}\n")


@contextlib.contextmanager
def _running(*command: str) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
        assert process.poll() is None, f"{command[0]} has ended"
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
