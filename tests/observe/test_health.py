"""The snapshot of how the daemon is."""

from __future__ import annotations

import json
import os
from pathlib import Path

from monitor.clock import ManualClock, iso
from monitor.observe.health import (
    BoardFacts,
    BrokerFacts,
    CameraFacts,
    DiskFacts,
    ModelFacts,
    ProcessFacts,
    QueueFacts,
    Snapshot,
    StorageFacts,
    disk_facts,
    process_facts,
)
from monitor.observe.stats import CameraStats
from monitor.outgoing import OutboxFacts

MODEL = ModelFacts("resnet18", None, "onnxruntime", "fp32")
UNKNOWN = CameraStats().figures()


def test_the_snapshot_puts_all_facts_together_as_json_can_hold_them(clock: ManualClock) -> None:
    started = clock.now()
    now = clock.advance(90.7)
    health = Snapshot(
        now=now,
        started=started,
        process=ProcessFacts(pid=1, rss=300_000_000, threads=7, descriptors=30),
        queues={"record": QueueFacts(depth=1, size=1000, dropped=0)},
        cameras={
            "porch": CameraFacts(True, None, started.wall, "moved", "elsewhere", recovery=3.21, reconnects=2, abandoned=1, look_rate=1.234),
            "yard": CameraFacts(online=False, reason="lost", since=now.wall),
        },
        broker=BrokerFacts(connected=False, detail="refused"),
        outbox=OutboxFacts(waiting=3, rejected=1, size=900, oldest=now.wall - 12.34, lost_notices=2),
        disks=[DiskFacts("logs", 100, 40)],
        storage=StorageFacts("disk full", 5_000_000),
        board=BoardFacts(temperature=61.32, throttled=False, duty=0.7),
        box="monitor-pi-abcdef",
        version="1.0",
        model=MODEL,
        stuck=["record"],
    ).as_json()
    assert json.loads(json.dumps(health)) == {
        "id": "monitor-pi-abcdef",
        "version": "1.0",
        "time": iso(now.wall),
        "time_unix": round(now.wall, 3),
        "process": {"pid": 1, "rss": 300_000_000, "threads": 7, "descriptors": 30, "uptime": 90},
        "stuck": ["record"],
        "model": {"name": "resnet18", "fallback_reason": None, "engine": "onnxruntime", "precision": "fp32"},
        "queues": {"record": {"depth": 1, "size": 1000, "dropped": 0}},
        "cameras": {
            "porch": {
                "state": "online",
                "reason": None,
                "since": iso(started.wall),
                "since_unix": started.wall,
                "problem": "moved",
                "detail": "elsewhere",
                "recovery_seconds": 3.2,
                "reconnects": 2,
                "abandoned": 1,
                "look_rate": 1.23,
                **UNKNOWN,
            },
            "yard": {
                "state": "offline",
                "reason": "lost",
                "since": iso(now.wall),
                "since_unix": round(now.wall, 3),
                "problem": None,
                "detail": "",
                "recovery_seconds": None,
                "reconnects": 0,
                "abandoned": 0,
                "look_rate": None,
                **UNKNOWN,
            },
        },
        "broker": {"connected": False, "detail": "refused", "acknowledged_seconds": None},
        "outbox": {
            "waiting": 3,
            "rejected": 1,
            "poison": 0,
            "size": 900,
            "oldest_seconds": 12.3,
            "lost_alerts": 0,
            "lost_notices": 2,
        },
        "disks": [{"path": "logs", "total": 100, "free": 40}],
        "storage": {"trouble": "disk full", "written_per_day": 5_000_000},
        "board": {"temperature": 61.3, "throttled": False, "duty": 0.7},
    }


def test_a_stepped_wall_clock_does_not_touch_the_uptime(clock: ManualClock) -> None:
    started = clock.now()
    clock.advance(10)
    clock.set_wall(0.0)
    health = Snapshot(
        now=clock.now(),
        started=started,
        box="b",
        version="1.0",
        process=ProcessFacts(1, 0, 1, 0),
        model=MODEL,
        queues={},
        cameras={},
        broker=None,
        outbox=None,
        disks=[],
        storage=StorageFacts(None, None),
        board=BoardFacts(None, None, 0.7),
    ).as_json()
    assert health["process"]["uptime"] == 10
    assert health["broker"] is None
    assert health["outbox"] is None


def test_this_process_is_seen_as_it_is() -> None:
    facts = process_facts()
    assert facts.pid == os.getpid()
    assert 10_000_000 < facts.rss < 20_000_000_000
    assert facts.threads >= 1
    assert facts.descriptors >= 3


def test_a_disk_is_seen_and_one_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    there = disk_facts(tmp_path)
    assert there.total
    assert there.free is not None
    assert 0 < there.free <= there.total
    assert disk_facts(tmp_path / "gone") == DiskFacts(str(tmp_path / "gone"), None, None)
