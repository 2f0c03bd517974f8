"""The one snapshot of how the daemon is: what `B/bridge/health` publishes, the page and `/api/status` show and `/metrics` counts.

The caller brings the facts; only `process_facts` and `disk_facts` look at the system.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from monitor.clock import iso
from monitor.observe.stats import CameraStats
from monitor.outgoing import OutboxFacts
from monitor.values import Moment


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """This process. rss: resident bytes; None of the figures is negative."""

    pid: int
    rss: int
    threads: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """A bounded queue. dropped: since the daemon started."""

    depth: int
    size: int
    dropped: int


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera. reason: None while it is online; since: Unix seconds of the last change.

    problem, detail: what is wrong with its pictures, and that in words. recovery: seconds from the last frame before the latest loss to
    the first after it, None before the first. reconnects: times it came back. abandoned: captures that hung and were replaced.
    look_rate: looks a second that it may have now; None: not limited yet. figures: rates over the last minute and counts since the start,
    as `CameraStats` gives them.
    """

    online: bool
    reason: str | None
    since: float
    problem: str | None = None
    detail: str = ""
    recovery: float | None = None
    reconnects: int = 0
    abandoned: int = 0
    look_rate: float | None = None
    figures: Mapping[str, float | int | None] = field(default_factory=lambda: CameraStats().figures())


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """The machine. temperature: °C; throttled: whether it slows itself down; None: it does not tell.

    duty: the part of the time that the classifier may be busy.
    """

    temperature: float | None
    throttled: bool | None
    duty: float


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """The link to the broker. detail: in words, without secrets. acknowledged_seconds: since its last answer, None if there was none."""

    connected: bool
    detail: str
    acknowledged_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """The file system that holds `path`, in bytes; None where it cannot be asked."""

    path: str
    total: int | None
    free: int | None


@dataclass(frozen=True, slots=True)
class StorageFacts:
    """The history on the disk. trouble: why it is not written, or not all of it, None while it is.

    written_per_day: bytes a day that the whole process has disks write, estimated; None before that means something.
    """

    trouble: str | None
    written_per_day: int | None


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model in use. fallback_reason: why it is not the one that was asked for, or None."""

    name: str
    fallback_reason: str | None
    engine: str
    precision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How the daemon is at one moment.

    box: its id. started: when it began. stuck: workers that do not come back. broker, outbox: None without MQTT.
    """

    now: Moment
    started: Moment
    box: str
    version: str
    process: ProcessFacts
    model: ModelFacts
    queues: Mapping[str, QueueFacts]
    cameras: Mapping[str, CameraFacts]
    broker: BrokerFacts | None
    outbox: OutboxFacts | None
    disks: Sequence[DiskFacts]
    storage: StorageFacts
    board: BoardFacts
    stuck: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON has it: uptime in whole seconds by the monotonic clock; times in ISO 8601 beside Unix seconds."""
        return {
            "id": self.box,
            "version": self.version,
            "time": iso(self.now.wall),
            "time_unix": round(self.now.wall, 3),
            "process": {**asdict(self.process), "uptime": int(self.now.mono - self.started.mono)},
            "stuck": list(self.stuck),
            "model": asdict(self.model),
            "queues": {name: asdict(facts) for name, facts in self.queues.items()},
            "cameras": {name: _camera(facts) for name, facts in self.cameras.items()},
            "broker": asdict(self.broker) if self.broker else None,
            "outbox": _outbox(self.outbox, self.now.wall) if self.outbox else None,
            "disks": [asdict(facts) for facts in self.disks],
            "storage": asdict(self.storage),
            "board": {
                "temperature": _rounded(self.board.temperature, 1),
                "throttled": self.board.throttled,
                "duty": round(self.board.duty, 3),
            },
        }


def process_facts() -> ProcessFacts:
    """Look at this process. Figures that this system does not tell (no /proc) are 0."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        pages = descriptors = 0
    return ProcessFacts(pid=os.getpid(), rss=pages * os.sysconf("SC_PAGE_SIZE"), threads=threading.active_count(), descriptors=descriptors)


def disk_facts(path: Path) -> DiskFacts:
    """Look at the file system that holds `path`, which must exist for it to be asked."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return DiskFacts(str(path), None, None)
    return DiskFacts(str(path), usage.total, usage.free)


def _camera(facts: CameraFacts) -> dict[str, Any]:
    return {
        "state": "online" if facts.online else "offline",
        "reason": facts.reason,
        "since": iso(facts.since),
        "since_unix": round(facts.since, 3),
        "problem": facts.problem,
        "detail": facts.detail,
        "recovery_seconds": _rounded(facts.recovery, 1),
        "reconnects": facts.reconnects,
        "abandoned": facts.abandoned,
        "look_rate": _rounded(facts.look_rate, 2),
        **facts.figures,
    }


def _rounded(figure: float | None, decimals: int) -> float | None:
    return None if figure is None else round(figure, decimals)


def _outbox(facts: OutboxFacts, wall: float) -> dict[str, Any]:
    return {
        "waiting": facts.waiting,
        "rejected": facts.rejected,
        "poison": facts.poison,
        "size": facts.size,
        "oldest_seconds": None if facts.oldest is None else round(max(0.0, wall - facts.oldest), 1),
        "lost_alerts": facts.lost_alerts,
        "lost_notices": facts.lost_notices,
    }
