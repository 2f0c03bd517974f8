"""Brokers (embedded, real, scripted) on loopback ports, and a subscriber."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.publish import single

from monitor.clock import stopwatch
from monitor.publish.broker import EmbeddedBroker

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Embedded:
    """The embedded broker on a thread, which can be stopped and started again at the same port."""

    mqtt_5 = False

    def __init__(self) -> None:
        self.port = free_port()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        ready = threading.Event()
        self._stop.clear()

        def on_ready(port: int) -> None:
            self.port = port
            ready.set()

        self._thread = threading.Thread(target=lambda: EmbeddedBroker(self.port).run(self._stop, on_ready))
        self._thread.start()
        assert ready.wait(10)

    def kill(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)


class Mosquitto:
    """A real mosquitto on a loopback port, which can be killed, hung and started again."""

    mqtt_5 = True

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self.reconfigure(extra)

    def reconfigure(self, extra: str, *, websockets: bool = False) -> int:
        """Write what the next start will read; give the port for websockets, or the usual one."""
        # Started by root it would become another user, who may not read the test's files.
        lines = [f"user {pwd.getpwuid(os.geteuid()).pw_name}", f"listener {self.port} 127.0.0.1"]
        port = self.port
        if websockets:
            port = free_port()
            lines += [f"listener {port} 127.0.0.1", "protocol websockets"]
        if "allow_anonymous" not in extra:
            lines.append("allow_anonymous true")
        self._config.write_text("\n".join([*lines, extra, ""]))
        return port

    def start(self) -> None:
        assert MOSQUITTO
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        deadline = stopwatch() + 10
        while stopwatch() < deadline:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self._process.poll() is None, "mosquitto did not start"
        raise AssertionError("mosquitto does not listen")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hang(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)


@dataclass
class Script:
    """What a scripted broker answers: bytes, b"" to hang up, None for nothing. level: 4 or 5; mid: of a PUBLISH with QoS 1.

    subscribe: the code for one topic: 1 to grant it, 0x87 to refuse it.
    """

    connect: Callable[[int], bytes | None] = lambda level: b"\x20\x03\0\0\0" if level == 5 else b"\x20\x02\0\0"
    subscribe: Callable[[str], int] = lambda topic: 1
    publish: Callable[[int], bytes | None] = lambda mid: b"\x40\x02" + struct.pack("!H", mid)


class ScriptedBroker:
    """A server on a loopback port that does with MQTT packets what a script says.

    levels, connects: of each CONNECT, the version and all that follows the length; published: first byte and body of each PUBLISH.
    """

    def __init__(self, script: Script) -> None:
        self.levels: list[int] = []
        self.connects: list[bytes] = []
        self.published: list[tuple[int, bytes]] = []
        self._script = script
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), connection, connection.makefile("rb") as stream:
            while (answer := self._answer(*_packet(stream.read))) != b"":
                if answer is not None:
                    connection.sendall(answer)

    def _answer(self, kind: int, body: bytes) -> bytes | None:
        if kind == 0x10:
            self.levels.append(body[6])
            self.connects.append(body)
            return self._script.connect(body[6])
        if kind >> 4 == 3:
            self.published.append((kind, body))
            (topic,) = struct.unpack_from("!H", body)
            return self._script.publish(struct.unpack_from("!H", body, 2 + topic)[0]) if kind & 0x06 else None
        if kind == 0x82:
            return self._grant(body)
        return b"\xd0\x00" if kind == 0xC0 else b""

    def _grant(self, body: bytes) -> bytes:
        properties = b"\0" if self.levels[-1] == 5 else b""
        rest, granted = body[2 + len(properties) :], b""
        while rest:
            end = 2 + struct.unpack_from("!H", rest)[0]
            granted += bytes([self._script.subscribe(rest[2:end].decode())])
            rest = rest[end + 1 :]
        return bytes([0x90, 2 + len(properties) + len(granted)]) + body[:2] + properties + granted


def _packet(read: Callable[[int], bytes]) -> tuple[int, bytes]:
    """Read one MQTT packet: its first byte and what follows the length."""
    kind, length, shift = read(1), 0, 0
    while kind:
        digit = read(1)[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if not digit & 0x80:
            return kind[0], read(length)
    raise EOFError


@dataclass(frozen=True)
class Received:
    """A message as a subscriber got it."""

    topic: str
    payload: bytes
    retain: bool


def say(port: int, topic: str, payload: bytes, *, retain: bool = False) -> None:
    """Publish as a client of its own; the broker has it afterwards."""
    single(topic, payload, qos=1, retain=retain, hostname="127.0.0.1", port=port)


class Listener:
    """A subscriber to everything; `messages` in the order of their coming."""

    def __init__(self, port: int, wake: threading.Event, **options: str) -> None:
        self.messages: list[Received] = []
        self._wake = wake
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"listener-{random.getrandbits(32):x}")
        if options:
            self._client.username_pw_set(**options)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def topics(self) -> list[str]:
        return [message.topic for message in self.messages]

    def news(self) -> set[str]:
        """The topics on which something was said since we listen."""
        return {message.topic for message in self.messages if not message.retain}

    def payloads(self, topic: str) -> list[bytes]:
        return [message.payload for message in self.messages if message.topic == topic]

    def wait(self, condition: Callable[[], object], within: float = 10.0) -> None:
        deadline = stopwatch() + within
        while not condition():
            assert stopwatch() < deadline, self.messages
            self._wake.wait(0.05)
            self._wake.clear()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        received = Received(message.topic, bytes(message.payload), message.retain)
        if not (received.retain and received in self.messages):  # amqtt tells a newcomer once more for each subscription of others
            self.messages.append(received)
            self._wake.set()
