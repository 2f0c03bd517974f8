"""Three RTSP cameras, a real mosquitto and the daemon, of which something breaks every 20 s: does anything leak, is an alert lost?

Run by `make soak MINUTES=20`, or `python -m tests.faults.soak 20 --seed 7`; needs ffmpeg and mosquitto, and root for a disk that can be
full. Each fault comes once before any comes again. The daemon is killed once, at the beginning, so that the memory of the next one can be
followed; what it takes during the first deck of faults is warm-up. logs/soak.png shows the figures, logs/soak.jsonl has them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage

from monitor.clock import stopwatch
from monitor.record.outbox_desk import OutboxDesk
from monitor.record.reader import HistoryReader
from tests.bench.processes import pause
from tests.camera.rtsp_server import RtspServer
from tests.end_to_end.conftest import ROOT, Daemon, Subscriber, settings
from tests.faults.cameras import encode, usage
from tests.faults.conftest import Link
from tests.faults.nemesis import Fault, Nemesis, Stage
from tests.faults.plot import Sample, draw
from tests.faults.verdict import judge
from tests.publish.conftest import Mosquitto
from tests.spine import write_colour_model

EVERY, SAMPLE = 20.0, 2.0
"""Seconds from one fault to the next, and from one sample to the next."""

CALM = 6.0
"""Seconds at the end of each round in which nothing is broken: what is held then should be the same each time."""

DISK = "200m"
KEEP = "persistence true\npersistence_location {}/\nautosave_interval 1\nautosave_on_changes true"

Key = tuple[str, int]


class Ledger(Subscriber):
    """Counts the alerts by id and seq, and keeps the last health, instead of keeping every message."""

    def __init__(self, port: int) -> None:
        self.received: Counter[Key] = Counter()
        self.queued = 0
        super().__init__(port, "ledger")

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        if message.topic.endswith("/alert"):
            alert = json.loads(message.payload)
            self.received[alert["id"], alert["seq"]] += 1
        elif message.topic.endswith("bridge/health"):
            self.queued = sum(queue["depth"] for queue in json.loads(message.payload)["queues"].values())


class Soak:
    """The parts, the samples so far and the faults so far."""

    def __init__(self, stage: Stage, ledger: Ledger) -> None:
        self.samples: list[Sample] = []
        self.faults: list[tuple[float, str]] = []
        self._stage = stage
        self._ledger = ledger
        self._history = stage.box.folder / "logs" / "history.db"
        self._began = stopwatch()
        self._runs = 0

    def run(self, minutes: float, nemesis: Nemesis) -> None:
        """Break something every 20 s for so long."""
        self.rest(CALM, calm=True)
        while stopwatch() - self._began < 60 * minutes:
            self.break_once(nemesis.next(may_kill=not self.faults), nemesis.chance.uniform(1, EVERY - CALM - 4))
        self.rest(CALM, calm=True)

    def break_once(self, fault: Fault, seconds: float) -> None:
        """Inject a fault, mend it after so many seconds, and let everything come to itself."""
        at = stopwatch() - self._began
        sys.stdout.write(f"{at:6.0f} s  {fault.name}, for {seconds:.0f} s\n")
        sys.stdout.flush()
        self.faults.append((at, fault.name))
        fault.inject()
        self._runs += fault.name == "daemon killed"
        self.rest(seconds)
        fault.mend()
        self.rest(EVERY - CALM - seconds)
        self.rest(CALM, calm=True)

    def rest(self, seconds: float, *, calm: bool = False) -> None:
        """Let time pass, and sample meanwhile."""
        until = stopwatch() + seconds
        while (left := until - stopwatch()) > 0:
            pause(min(SAMPLE, left))
            self._sample(calm=calm and left <= SAMPLE)

    def committed(self) -> set[Key]:
        """The alerts in the history."""
        with contextlib.closing(HistoryReader(self._history)) as reader:
            return {(alert.id, alert.seq) for alert in reader.alerts()}

    def waiting(self) -> int:
        """How many alerts wait for the broker."""
        with OutboxDesk(self._history) as desk:
            return desk.facts().waiting

    def _sample(self, *, calm: bool) -> None:
        if self._stage.box.process.poll() is not None:
            raise AssertionError(f"the daemon ended:\n{self._stage.box.text[-5000:]}")
        held = usage(self._stage.box)
        if not self._history.exists():
            return
        self.samples.append(
            Sample(
                stopwatch() - self._began,
                self._runs,
                held.rss,
                held.threads,
                held.descriptors,
                self._ledger.queued,
                self.waiting(),
                len(self.committed()),
                len(self._ledger.received),
                calm,
            )
        )


@contextlib.contextmanager
def parts(folder: Path, disk: Path | None) -> Iterator[tuple[Stage, Ledger]]:
    """Put everything up, and end it."""
    clip = folder / "scene.h264"  # in two seconds red comes, in the next two it goes
    clip.write_bytes(encode(folder, "red").read_bytes() + encode(folder, "infrared").read_bytes())
    write_colour_model(folder / "weights")
    cameras = {name: RtspServer(clip, fps=20) for name in ("left", "middle", "right")}
    broker = Mosquitto(folder, KEEP.format(folder))
    broker.start()
    link = Link(broker.port)
    link.start()
    ledger = Ledger(broker.port)
    home = folder / "box" if disk is None else disk / "box"
    home.mkdir()
    config: dict[str, Any] = settings(
        {name: {"source": camera.url, "fps": 10} for name, camera in cameras.items()},
        link.port,
        model={"name": "colours", "weights": str(folder / "weights")},
        rules=[{"label": "red", "looks": 2, "hold": "500ms", "cooldown": "0s"}],
    )
    stage = Stage(cameras, link, broker, Daemon(home, config), lambda: Daemon(home, None), config, disk)
    try:
        yield stage, ledger
    finally:
        stage.box.kill()
        ledger.close()
        link.kill()
        broker.kill()
        for camera in cameras.values():
            camera.close()


def soak(minutes: float, seed: int, disk: Path | None) -> bool:
    """Run it and draw it; whether all is well."""
    sys.stdout.write(f"soak of {minutes:g} min, seed {seed}{'' if disk else ', without a full disk: that takes root'}\n")
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, parts(Path(folder), disk) as (stage, ledger):
        stage.box.line("connected to the MQTT broker", 60)
        running = Soak(stage, ledger)
        nemesis = Nemesis(stage, seed)
        running.run(minutes, nemesis)
        deadline = stopwatch() + 60
        while running.waiting() and stopwatch() < deadline:
            pause(1)
        stage.box.stop(15, 10)
        committed = running.committed()
        while (lost := committed - set(ledger.received)) and stopwatch() < deadline:
            pause(1)
        logs = ROOT / "logs"
        logs.mkdir(exist_ok=True)
        (logs / "soak.jsonl").write_text("".join(f"{json.dumps(asdict(sample))}\n" for sample in running.samples))
        draw(logs / "soak.png", running.samples, running.faults, f"soak of {minutes:g} min, seed {seed}, lost ids {len(lost)}")
        twice = ledger.received.total() - len(ledger.received)
        verdict = judge(running.samples, [name for _, name in running.faults], nemesis.deck * EVERY, len(lost), twice)
        sys.stdout.write("\n".join([*verdict.lines, "held" if verdict.held else "NOT HELD", ""]))
        return verdict.held


def main() -> int:
    """Read the command line; as root begin anew where a file system may be mounted that goes with the process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2)))
    parser.add_argument("--disk", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.disk is None and os.geteuid() == 0 and shutil.which("unshare"):
        with tempfile.TemporaryDirectory(prefix="soak-disk-") as disk:
            inside = f'mount -t tmpfs -o size={DISK} soak {disk} && exec "$@"'
            again = [sys.executable, "-m", "tests.faults.soak", str(args.minutes), "--seed", str(args.seed), "--disk", disk]
            return subprocess.run(["unshare", "--mount", "sh", "-c", inside, "sh", *again], check=False).returncode
    return 0 if soak(args.minutes, args.seed, args.disk) else 1


if __name__ == "__main__":
    sys.exit(main())
