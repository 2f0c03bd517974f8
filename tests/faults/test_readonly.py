"""The file system turns read-only under a running daemon, as the kernel does to one whose disk fails."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Daemon, Subscriber, committed_alerts, note, settings
from tests.faults.disk import FailingFileSystem
from tests.publish.conftest import Mosquitto

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FailingFileSystem]:
    made = FailingFileSystem(tmp_path / "disk")
    yield made
    made.close()


def keys(alerts: list[dict[str, Any]]) -> set[tuple[str, int]]:
    return {(alert["id"], alert["seq"]) for alert in alerts}


def test_a_disk_that_turns_read_only_in_mid_run_is_told_of_and_every_alert_is_sent_and_written_later(
    daemon: Callable[..., Daemon],
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    colours: Path,
    blinking: Path,
    disk: FailingFileSystem,
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(
        settings(
            {"one": {"source": str(blinking), "loop": True, "fps": 20, "motion": {"enabled": False}}},
            mosquitto.port,
            model={"name": "colours", "weights": str(colours)},
            rules=[{"label": "red", "looks": 1, "hold": "0s", "cooldown": "0s"}],
            history={"path": str(disk.folder / "history.db"), "log": str(disk.folder / "detections.jsonl")},
            snapshots={"path": str(disk.folder / "snapshots"), "min_free": "0MB"},
        )
    )
    dashboard.wait_for_more_alerts(4)
    disk.turn_read_only()
    refused = box.line("cannot write the history: ")
    dashboard.wait_for_more_alerts(6)
    troubled = dashboard.wait_for(lambda: trouble(dashboard), 30, "health that tells of the disk")
    disk.mount_repaired()
    back = box.line("the history is written again")
    dashboard.wait_for_more_alerts(2)
    box.stop(signal.SIGTERM)
    note(f"{refused}\n{troubled}\n{back}")
    assert "read-only" in refused or "disk may be failing" in refused
    assert "cannot write the history" in troubled or "cannot open the history" in troubled
    assert len(box.lines("detection and alerts go on, rows wait in memory")) == 1
    assert keys(committed_alerts(box)) == keys(dashboard.alerts())


def trouble(dashboard: Subscriber) -> str:
    """What the last health said of the disk; nothing if that is well."""
    told = dashboard.on("monitor/bridge/health")
    return str(told[-1].body["storage"]["trouble"] or "") if told else ""
