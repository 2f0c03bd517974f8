"""What breaks the soak: a camera, the link, the broker, the daemon or its disk, one at a time, each with its mending."""

from __future__ import annotations

import errno
import random
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.camera.rtsp_server import RtspServer
from tests.end_to_end.conftest import Daemon
from tests.faults.conftest import Link
from tests.publish.conftest import Mosquitto

CHUNK = bytes(64 * 1024)
LINK_MODES = ("latency 2", "bandwidth 2000", "blackhole", "up-only", "down-only", "reset", "half-close")
"""Not `corrupt`: what is turned over within a payload is a message like any other to MQTT, which leaves that to TCP."""


@dataclass
class Stage:
    """All that there is to break. disk: the folder on a file system of its own that may be filled, None without root."""

    cameras: Mapping[str, RtspServer]
    link: Link
    broker: Mosquitto
    box: Daemon
    restart: Callable[[], Daemon]
    config: dict[str, Any]
    disk: Path | None


@dataclass(frozen=True)
class Fault:
    """A fault by its name. mend: undoes it; it is called once."""

    name: str
    inject: Callable[[], object]
    mend: Callable[[], object]


def nothing() -> None:
    """Do nothing: the fault is over as soon as it was."""


class Nemesis:
    """Chooses the next fault, by the seed."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.chance = random.Random(seed)
        self._stage = stage

    def choose(self, *, may_kill: bool) -> Fault:
        """Give the next fault. may_kill: whether it may be the daemon's death."""
        kinds = [self._camera, self._camera, self._link, self._link, self._broker, self._reload]
        if self._stage.disk is not None:
            kinds.append(self._disk)
        if may_kill:
            kinds.append(self._kill)
        return self.chance.choice(kinds)()

    def _camera(self) -> Fault:
        name, camera = self.chance.choice(list(self._stage.cameras.items()))

        def turn(key: str, value: object) -> Callable[[], None]:
            return lambda: setattr(camera, key, value)

        ways: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "cut": (camera.cut, nothing),
            "off": (camera.stop, camera.start),
            "stalled": (camera.pause, camera.resume),
            "frozen": (turn("frozen", True), turn("frozen", False)),
            "damaged": (turn("corrupt", True), turn("corrupt", False)),
            "garbled": (turn("garbage", True), turn("garbage", False)),
            "hasty": (turn("fps", 200.0), turn("fps", camera.fps)),
        }
        way = self.chance.choice(list(ways))
        return Fault(f"{name} {way}", *ways[way])

    def _link(self) -> Fault:
        mode, link = self.chance.choice(LINK_MODES), self._stage.link
        return Fault(f"link: {mode}", lambda: link.be(mode), lambda: link.be("pass"))

    def _broker(self) -> Fault:
        broker = self._stage.broker
        ways = [Fault("broker killed", broker.kill, broker.start), Fault("broker hangs", broker.hang, broker.go_on)]
        return self.chance.choice(ways)

    def _reload(self) -> Fault:
        """A reload that changes how often a camera is looked at, or of a file that makes no sense."""
        stage, name = self._stage, self.chance.choice(list(self._stage.cameras))

        def reload() -> None:
            stage.config["cameras"][name]["fps"] = self.chance.choice((8, 10, 15))
            stage.box.write(stage.config)
            stage.box.process.send_signal(signal.SIGHUP)

        def reload_nonsense() -> None:
            stage.box.write("cameras: [")
            stage.box.process.send_signal(signal.SIGHUP)

        return self.chance.choice([Fault("reload", reload, nothing), Fault("reload of nonsense", reload_nonsense, reload)])

    def _kill(self) -> Fault:
        def kill() -> None:
            self._stage.box.kill()
            self._stage.box = self._stage.restart()

        return Fault("daemon killed", kill, nothing)

    def _disk(self) -> Fault:
        disk = self._stage.disk
        assert disk is not None
        filler = disk / "filler"
        return Fault("disk full", lambda: fill(filler), filler.unlink)


def fill(file: Path) -> None:
    """Write until the file system takes no more."""
    try:
        with file.open("wb", buffering=0) as stream:
            while stream.write(CHUNK):
                pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
