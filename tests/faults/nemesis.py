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
    """Deals the faults like cards, shuffled by the seed: each comes once before any comes again. `deck`: how many there are."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.chance = random.Random(seed)
        self._stage = stage
        self._dealt: list[Fault] = []
        self.deck = len(self._faults())

    def next(self, *, may_kill: bool) -> Fault:
        """Give the next fault. may_kill: whether it may be the daemon's death, with which the first deck then begins."""
        if not self._dealt:
            self._dealt = self._faults()
            self.chance.shuffle(self._dealt)
            if may_kill:
                self._dealt.append(Fault("daemon killed", self._kill, nothing))
        return self._dealt.pop()

    def _faults(self) -> list[Fault]:
        stage = self._stage
        faults = [self._camera(way) for way in ("cut", "off", "stalled", "frozen", "corrupt", "garbage", "hasty")]
        faults += [self._link(mode) for mode in LINK_MODES]
        faults += [
            Fault("broker killed", stage.broker.kill, stage.broker.start),
            Fault("broker hangs", stage.broker.hang, stage.broker.go_on),
            Fault("reload", self._reload, nothing),
            Fault("reload of nonsense", self._reload_nonsense, self._reload),
        ]
        if stage.disk is not None:
            filler = stage.disk / "filler"
            faults.append(Fault("disk full", lambda: fill(filler), filler.unlink))
        return faults

    def _camera(self, way: str) -> Fault:
        name, camera = self.chance.choice(list(self._stage.cameras.items()))

        def turn(key: str, value: object) -> Callable[[], None]:
            return lambda: setattr(camera, key, value)

        ways: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "cut": (camera.cut, nothing),
            "off": (camera.stop, camera.start),
            "stalled": (camera.pause, camera.resume),
            "hasty": (turn("fps", 200.0), turn("fps", 20.0)),
        }
        return Fault(f"{name} {way}", *ways.get(way, (turn(way, True), turn(way, False))))

    def _link(self, mode: str) -> Fault:
        link = self._stage.link
        return Fault(f"link: {mode}", lambda: link.be(mode), lambda: link.be("pass"))

    def _reload(self) -> None:
        """Change how often each camera is looked at."""
        for camera in self._stage.config["cameras"].values():
            camera["fps"] = 8 if camera["fps"] == 10 else 10
        self._stage.box.write(self._stage.config)
        self._stage.box.process.send_signal(signal.SIGHUP)

    def _reload_nonsense(self) -> None:
        self._stage.box.write("cameras: [")
        self._stage.box.process.send_signal(signal.SIGHUP)

    def _kill(self) -> None:
        self._stage.box.kill()
        self._stage.box = self._stage.restart()


def fill(file: Path) -> None:
    """Write until the file system takes no more."""
    try:
        with file.open("wb", buffering=0) as stream:
            while stream.write(CHUNK):
                pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
