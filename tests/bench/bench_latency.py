"""How long an alert takes from the grab of its frame to a subscriber, beside what the model took for a look.

Run by hand: `python tests/bench/bench_latency.py [SECONDS]`; needs mosquitto and the weights of efficientnet_lite0. A real daemon watches a
clip in which a cat comes and goes, over a real broker, with the history on the disk; each alert says when its frame was grabbed.
"""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import yaml
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from monitor.clock import SystemClock
from tests.end_to_end.conftest import cut, settings
from tests.publish.conftest import Mosquitto

RULES = [{"label": "cat", "looks": 1, "hold": "0s", "cooldown": "0s"}]


class Subscriber:
    """Subscribed to everything, as dashboards are. ages: of alerts when they come; inference: as it was told last; all in milliseconds."""

    def __init__(self, port: int) -> None:
        self.ages: list[float] = []
        self.inference: float | None = None
        self._clock = SystemClock()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("monitor/#", qos=1)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        now = self._clock.now().wall
        if message.topic.endswith("/stats"):
            self.inference = json.loads(message.payload)["inference_ms"] or self.inference
        elif message.topic.endswith("/alert"):
            self.ages.append(1000 * (now - json.loads(message.payload)["time_unix"]))


def main() -> None:
    """Watch for a while and print the percentiles."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 75.0
    for nodelay in (False, True):
        with tempfile.TemporaryDirectory() as name:
            ages, inference = measure(Path(name), seconds, nodelay=nodelay)
        cuts = statistics.quantiles(ages, n=20)
        told = (
            f"{len(ages)} alerts; frame to subscriber: median {statistics.median(ages):.1f} ms, p95 {cuts[-1]:.1f} ms;",
            f"inference {inference:.1f} ms; p95 without it {cuts[-1] - inference:.1f} ms",
        )
        sys.stdout.write(f"mosquitto{' with set_tcp_nodelay' if nodelay else '':<22} {' '.join(told)}\n")


def measure(folder: Path, seconds: float, *, nodelay: bool) -> tuple[list[float], float]:
    """Give the ages of the alerts and the mean inference time, both in milliseconds."""
    broker = Mosquitto(folder, "set_tcp_nodelay true" if nodelay else "")
    broker.start()
    subscriber = Subscriber(broker.port)
    clip = cut(folder / "visits.avi", (8, 9), (21, 22))
    config = folder / "config.yaml"
    config.touch(0o600)
    config.write_text(yaml.safe_dump(settings({"porch": {"source": str(clip), "loop": True, "fps": 10}}, broker.port, rules=RULES)))
    daemon = subprocess.Popen([sys.executable, "-m", "monitor", "run", "--config", str(config)], cwd=folder, stderr=subprocess.DEVNULL)
    threading.Event().wait(seconds)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(10)
    subscriber.close()
    broker.kill()
    assert subscriber.inference is not None, "no stats came: run for longer than 70 s"
    return subscriber.ages[3:], subscriber.inference  # the first looks warm things up


if __name__ == "__main__":
    main()
