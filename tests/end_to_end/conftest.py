"""The real daemon as a process of its own, with real clips, real cameras and a real broker around it.

Everything that is waited for is an event with a time limit: a line of the daemon's log, a message at the broker. Everything that is
started is ended by the fixture that started it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import cv2
import pytest
import yaml
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from monitor.camera.opencv import open_source
from monitor.camera.source import parse_source
from monitor.classify.card import find_card, weights_path
from monitor.clock import stopwatch
from tests.publish.conftest import MOSQUITTO, Mosquitto

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
DEMO = ROOT / "monitor" / "camera" / "demo.mp4"
"""In the demo clip the cat stands still from second 7 to 16, and from 20 to 26 there is only a wall."""

EMBEDDED = {"host": "embedded"}
MODEL = "efficientnet_lite0"
WEIGHTS = Path(os.environ.get("MONITOR_WEIGHTS") or ROOT / "weights")


def settings(cameras: Mapping[str, Mapping[str, Any]], mqtt: Mapping[str, Any] | int | None = None, **sections: Any) -> dict[str, Any]:
    """A configuration with the rule `cat`, without a page. mqtt: the section, or the port of a broker on this machine; None: no MQTT."""
    if mqtt is None:
        mqtt = {"enabled": False}
    elif isinstance(mqtt, int):
        mqtt = {"host": "127.0.0.1", "port": mqtt}
    rules = [{"label": "cat", "hold": "1s", "cooldown": "1s"}]
    return {
        "node": "box",
        "cameras": {name: dict(camera) for name, camera in cameras.items()},
        "model": {"name": MODEL, "weights": str(WEIGHTS)},
        "rules": rules,
        "mqtt": dict(mqtt),
        "web": {"enabled": False},
        **sections,
    }


class Daemon:
    """`monitor run` in a folder of its own. `said`: the lines of its stderr so far."""

    def __init__(self, folder: Path, config: Mapping[str, Any] | str | None, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.said: list[str] = []
        self.began = stopwatch()
        if config is not None:
            self.write(config)
        self._news = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "run", "--config", str(self.config)],
            cwd=folder,
            env=clean_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        assert self.process.stderr is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,))
        self._reader.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def write(self, config: Mapping[str, Any] | str) -> None:
        """Put a configuration where the daemon reads it."""
        text = config if isinstance(config, str) else yaml.safe_dump(dict(config), sort_keys=False)
        self.config.write_text(text)
        self.config.chmod(0o600)

    def line(self, text: str, within: float = 20.0, after: int = 0) -> str:
        """Wait for a line of the log that holds `text`, the first `after` lines left out, and give it."""
        deadline = stopwatch() + within
        with self._news:
            while True:
                found = next((line for line in self.said[after:] if text in line), None)
                if found is not None:
                    return found
                assert not self._ended, f"it ended without saying {text!r}:\n{self.text}"
                assert self._news.wait(max(0.0, deadline - stopwatch())), f"no {text!r} within {within} s:\n{self.text}"

    def lines(self, text: str) -> list[str]:
        """The lines so far that hold `text`."""
        return [line for line in self.said if text in line]

    def stop(self, number: int, within: float = 3.0) -> float:
        """Send a signal, expect a clean end in time, and give the seconds it took."""
        began = stopwatch()
        self.process.send_signal(number)
        code = self.wait(within)
        took = stopwatch() - began
        assert code == 0, f"exit code {code}:\n{self.text}"
        assert "Traceback" not in self.text, self.text
        return took

    def wait(self, within: float) -> int:
        """Wait for its end and the last of what it says; give the exit code."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it has not ended after {within} s:\n{self.text}") from None
        self._reader.join(5)
        return code

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()
        self._reader.join(5)

    def cpu_seconds(self) -> float:
        """The processor time it has used (proc(5): fields 14 and 15 of stat)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    self.said.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


@dataclass(frozen=True)
class Message:
    """What a subscriber got, and when by the monotonic clock."""

    topic: str
    payload: bytes
    retain: bool
    at: float

    @property
    def body(self) -> Any:
        return json.loads(self.payload)


class Subscriber:
    """An ordinary MQTT client subscribed to everything, whose session outlives its connections, and who comes back by itself."""

    def __init__(self, port: int, name: str = "dashboard") -> None:
        self.messages: list[Message] = []
        self._news = threading.Condition(threading.RLock())
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("monitor/#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.wait_subscribed()

    def wait_subscribed(self) -> None:
        assert self._subscribed.wait(15), "not subscribed"
        self._subscribed.clear()

    def wait(self, topic: str, within: float = 15.0, *, since: float = 0.0, **fields: Any) -> Message:
        """Wait for a message on `topic` that came after `since` and whose JSON has these fields, and give it."""

        def fits(message: Message) -> bool:
            return message.topic == topic and message.at >= since and (not fields or fields.items() <= message.body.items())

        return self.wait_for(lambda: next(filter(fits, self.messages), None), within, f"{topic} {fields}")

    def wait_for(self, condition: Callable[[], T | None], within: float = 15.0, what: str = "such messages") -> T:
        """Wait until `condition` gives something, asked anew with each message, and give that."""
        deadline = stopwatch() + within
        with self._news:
            while not (found := condition()):
                assert self._news.wait(max(0.0, deadline - stopwatch())), f"no {what} within {within} s, but\n{self.told()}"
            return found

    def on(self, topic: str) -> list[Message]:
        """The messages so far on `topic`."""
        with self._news:
            return [message for message in self.messages if message.topic == topic]

    def wait_for_more_alerts(self, count: int) -> None:
        """Wait until `count` more alerts have come."""
        goal = len(self.alerts()) + count
        self.wait_for(lambda: len(self.alerts()) >= goal, what=f"{count} more alerts")

    def say(self, topic: str, payload: str | Mapping[str, object] = "", *, retain: bool = False) -> None:
        """Publish a text, or an object as JSON."""
        self._client.publish(topic, payload if isinstance(payload, str) else json.dumps(payload), qos=1, retain=retain)

    def ask(self, request: str, payload: str | Mapping[str, object] = "", within: float = 15.0) -> Any:
        """Send a request and give the answer."""
        asked = stopwatch()
        self.say(f"monitor/bridge/request/{request}", payload)
        return self.wait(f"monitor/bridge/response/{request}", within, since=asked).body

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts so far, of all cameras."""
        with self._news:
            return [message.body for message in self.messages if message.topic.endswith("/alert")]

    def told(self) -> str:
        """What came, for people: without pictures, configurations and figures."""
        dull = ("/snapshot", "/info", "/stats", "/health")
        return "\n".join(f"{message.topic} {message.payload.decode()}" for message in self.messages if not message.topic.endswith(dull))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        with self._news:
            self.messages.append(Message(message.topic, bytes(message.payload), message.retain, stopwatch()))
            self._news.notify_all()


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for the daemon: this checkout, whatever is installed, and no systemd but the test's own."""
    systemd = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"}
    return {key: value for key, value in os.environ.items() if key not in systemd} | {"PYTHONPATH": str(ROOT)} | dict(more or {})


def note(text: str) -> None:
    """Say something that pytest shows where a test failed, or with -s."""
    sys.stdout.write(text + "\n")


def embedded_port(daemon: Daemon) -> int:
    """The port of a daemon's embedded broker, from the line that tells how to watch it."""
    found = re.search(r"mosquitto_sub -h 127\.0\.0\.1 -p (\d+) ", daemon.line("mosquitto_sub"))
    assert found
    return int(found[1])


def verb(daemon: Daemon, *arguments: str) -> str:
    """Run another verb beside a daemon, on its configuration, and give what it prints."""
    command = [sys.executable, "-m", "monitor", *arguments, "--config", str(daemon.config)]
    done = subprocess.run(command, cwd=daemon.folder, env=clean_environment(), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def committed_alerts(daemon: Daemon) -> list[dict[str, Any]]:
    """The alerts in a daemon's history."""
    return [json.loads(line) for line in verb(daemon, "history", "--alerts", "--json").splitlines()]


@pytest.fixture(scope="session", autouse=True)
def _model() -> None:
    if not weights_path(find_card(MODEL, WEIGHTS), WEIGHTS).is_file():
        pytest.skip(f"the weights of {MODEL} are not in {WEIGHTS}: `make setup` fetches them")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """Start a daemon: daemon(config, folder name, environment); config None: no file. The same name is the same folder, as it was left."""
    started: list[Daemon] = []

    def start(config: Mapping[str, Any] | str | None, name: str = "box", environment: Mapping[str, str] | None = None) -> Daemon:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        started.append(Daemon(folder, config, environment))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        note(f"-- {one.folder.name} said:\n{one.text}")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker that keeps sessions and messages on disk."""
    if not MOSQUITTO:
        pytest.skip("mosquitto is not installed")
    keep = f"persistence true\npersistence_location {tmp_path}/\nautosave_interval 1\nautosave_on_changes true"
    broker = Mosquitto(tmp_path, keep)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def subscribe() -> Iterator[Callable[..., Subscriber]]:
    """Subscribe to everything at a port of this machine."""
    started: list[Subscriber] = []

    def start(port: int, name: str = "dashboard") -> Subscriber:
        started.append(Subscriber(port, name))
        return started[-1]

    yield start
    for subscriber in started:
        subscriber.close()


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A server that accepts connections, in the backlog, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server


def cut(target: Path, *stretches: tuple[int, int]) -> Path:
    """Write stretches (from, to, in seconds) of the demo clip one after another as MJPEG; needs nothing but OpenCV."""
    source = open_source(parse_source("demo"))
    rate = source.facts.fps
    assert rate
    size = (source.facts.width, source.facts.height)
    writer = cv2.VideoWriter(str(target), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
    for begin, end in stretches:  # in the order of the clip
        while source.grab() and source.position < end - 0.5 / rate:
            if source.position >= begin - 0.5 / rate:
                picture = source.retrieve()
                assert picture is not None
                writer.write(picture)
    writer.release()
    source.close()
    return target


@pytest.fixture(scope="session")
def cat_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a cat that stays."""
    return cut(tmp_path_factory.mktemp("clips") / "cat.avi", (8, 10))


@pytest.fixture(scope="session")
def wall_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a wall."""
    return cut(tmp_path_factory.mktemp("clips") / "wall.avi", (21, 23))


@pytest.fixture(scope="session")
def visits_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cat that is there for a second and a half, and gone for the next."""
    return cut(tmp_path_factory.mktemp("clips") / "visits.avi", (8, 9), (21, 22))


@pytest.fixture(scope="session")
def h264(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Cut a stretch of the demo clip out as H.264, as it is: `h264(begin, end, "mp4")`, or "h264" for a bare stream."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    folder = tmp_path_factory.mktemp("h264")

    def make(begin: int, end: int, kind: str) -> Path:
        target = folder / f"{begin}-{end}.{kind}"
        bare = ["-bsf:v", "h264_mp4toannexb"] if kind == "h264" else []
        command = ["ffmpeg", "-v", "error", "-y", "-ss", str(begin), "-t", str(end - begin), "-i", str(DEMO), "-c", "copy", *bare]
        subprocess.run([*command, str(target)], check=True, timeout=60)
        return target

    return make
