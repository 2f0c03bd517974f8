"""The disk is full, read-only, failing, damaged, or loses power: detection and alerts go on, and nothing that was committed is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import SystemClock, stopwatch
from monitor.record.room import BALLAST
from monitor.record.room import FULL as FULL_DISK
from monitor.record.store import Batch, History
from tests.end_to_end.conftest import ROOT, Daemon, Subscriber, clean_environment, committed_alerts, note, settings
from tests.faults.conftest import FULL
from tests.faults.disk import after_power_cut, failing_disk, read_journal, remount, small_file_system, wrong_clock
from tests.faults.nemesis import fill
from tests.publish.conftest import Mosquitto
from tests.spine import an_alert

pytestmark = [pytest.mark.real, pytest.mark.slow]

KILLS = 500 if FULL else 9
DAEMON_KILLS = 25 if FULL else 4
POWER_CUTS = 500 if FULL else 60
STRIDE = 1 if FULL else 20
START = 2.0
"""Seconds that a start may take to watch again after a kill."""
YEAR = 365.25 * 86400

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def config(colours: Path, blinking: Path) -> Make:
    """A configuration with one camera, which turns red and grey again and again: config(where its files go, port of the broker)."""

    def make(files: Path, port: int | None = None) -> dict[str, Any]:
        return settings(
            {"one": {"source": str(blinking), "loop": True, "fps": 20, "motion": {"enabled": False}}},
            port,
            model={"name": "colours", "weights": str(colours)},
            rules=[{"label": "red", "looks": 1, "hold": "0s", "cooldown": "0s"}],
            history={"path": str(files / "history.db"), "log": str(files / "detections.jsonl")},
            snapshots={"path": str(files / "snapshots")},
        )

    return make


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_file_system(tmp_path / "disk", "3m") as folder:
        yield folder


def keys(alerts: list[dict[str, Any]]) -> set[tuple[str, int]]:
    return {(alert["id"], alert["seq"]) for alert in alerts}


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


def test_on_a_full_disk_alerts_go_on_and_are_written_once_there_is_room(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: Make, disk: Path
) -> None:
    dashboard = subscribe(mosquitto.port)
    box = daemon(config(disk, mosquitto.port))
    little = box.line(f"{disk}/history.db: fewer than 50 MB free on the disk; alerts are written, sightings wait in memory")
    dashboard.wait_for_more_alerts(2)
    filler = disk / "filler"
    fill(filler)  # until nothing more goes in, whatever the daemon writes meanwhile
    refused = box.line("cannot write the history: ")
    dashboard.wait_for_more_alerts(6)
    filler.unlink()
    back = box.line("the history is written again")
    dashboard.wait_for_more_alerts(1)
    box.stop(signal.SIGTERM)
    note("\n".join((little, refused, back)))
    assert "free some space" in refused or "No space left" in refused
    assert len(box.lines("cannot write the history")) == len(box.lines("fewer than 50 MB free")) == 1
    assert keys(committed_alerts(box)) == keys(dashboard.alerts())
    assert is_sound(disk / "history.db")


def test_a_full_disk_costs_the_ballast_and_alerts_go_on_being_written(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: Make, tmp_path: Path
) -> None:
    dashboard = subscribe(mosquitto.port)
    with small_file_system(tmp_path / "disk", "150m") as disk:
        box = daemon(config(disk, mosquitto.port))
        dashboard.wait_for_more_alerts(2)
        assert (disk / "history.db.ballast").stat().st_blocks * 512 >= BALLAST
        with (disk / "most").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - FULL_DISK)
        fill(disk / "rest")
        given_up = box.line("16 MB kept for this are given up, so that alerts go on")
        assert not (disk / "history.db.ballast").exists()
        dashboard.wait_for_more_alerts(6)
        box.stop(signal.SIGTERM)
        note(given_up)
        assert not box.lines("cannot write the history")
        assert keys(committed_alerts(box)) == keys(dashboard.alerts())


def test_a_read_only_disk_keeps_nobody_from_watching(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, config: Make, disk: Path
) -> None:
    remount(disk, "ro")
    dashboard = subscribe(mosquitto.port)
    box = daemon(config(disk, mosquitto.port))
    refused = box.line("Read-only file system")
    dashboard.wait_for_more_alerts(4)
    remount(disk, "rw")
    back = box.line("the history is written again")
    dashboard.wait_for_more_alerts(1)
    box.stop(signal.SIGTERM)
    note(f"{refused}\n{back}")
    assert len(box.lines("detection and alerts go on, rows wait in memory")) <= 1
    assert keys(committed_alerts(box)) == keys(dashboard.alerts())


@pytest.mark.timeout(300)
def test_whichever_operation_of_the_disk_fails_no_alert_is_lost_or_written_twice(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.on_failing_disk", "sweep", str(tmp_path), str(STRIDE)]
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environment(failing_disk(tmp_path)), capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    note(f"{done.stdout.strip()} operations failed, each in a run of its own")
    assert int(done.stdout) > 1000 / STRIDE


def zeroed(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(100))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10_000])


def scribbled_on(path: Path) -> None:
    """Spoil pages that nobody reads at a start."""
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("SELECT pageno FROM dbstat WHERE name = 'alerts' AND pagetype = 'leaf'").fetchall()
    with path.open("r+b") as file:
        for (page,) in pages[1:]:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def marked(pragma: str) -> Callable[[Path], None]:
    def mark(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA {pragma}")

    return mark


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A history with alerts in it."""
    history = History(tmp_path / "history.db", SystemClock())
    history.commit(Batch([an_alert(seq) for seq in range(200)]))
    history.close()
    return tmp_path / "history.db"


@pytest.mark.parametrize("harm", [zeroed, cut_short, scribbled_on, emptied])
def test_a_damaged_history_is_moved_aside_and_a_new_one_begun(
    daemon: Callable[..., Daemon], config: Make, used: Path, harm: Callable[[Path], None]
) -> None:
    harm(used)
    remains = used.read_bytes()
    box = daemon(config(used.parent))
    said = box.line(" is damaged (")
    box.line("one: red start")
    box.stop(signal.SIGTERM)
    note(said)
    assert "it was moved to history.db.corrupt-" in said
    (aside,) = used.parent.glob("history.db.corrupt-*")
    assert aside.read_bytes() == remains
    assert committed_alerts(box)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (marked("user_version=99"), "made by a newer version of monitor (its format is 99"),
        (marked("application_id=7"), "a database of another program; set history.path to a file of its own"),
    ],
    ids=["newer", "foreign"],
)
def test_a_history_that_is_not_ours_to_write_is_refused(
    daemon: Callable[..., Daemon], config: Make, used: Path, harm: Callable[[Path], None], message: str
) -> None:
    harm(used)
    before = used.read_bytes()
    box = daemon(config(used.parent))
    assert box.wait(20) == 69
    note(box.said[-1])
    assert message in box.text
    assert used.read_bytes() == before


def test_a_torn_line_of_the_detection_log_costs_that_line_only(daemon: Callable[..., Daemon], config: Make, tmp_path: Path) -> None:
    log = tmp_path / "detections.jsonl"
    log.write_text('{"kind": "alert", "id": "whole"}\n{"kind": "alert", "id": "to')
    box = daemon(config(tmp_path))
    box.line("one: red start")
    box.stop(signal.SIGTERM)
    lines = log.read_text().splitlines()
    assert lines[1] == '{"kind": "alert", "id": "to'
    assert [json.loads(line)["kind"] for line in lines[:1] + lines[2:]].count("alert") >= 2


@pytest.mark.parametrize("jump", [-7200.0, 10 * YEAR, None], ids=["two hours back", "ten years on", "1970"])
def test_a_clock_that_jumps_changes_labels_and_nothing_else(
    daemon: Callable[..., Daemon],
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    config: Make,
    tmp_path: Path,
    jump: float | None,
) -> None:
    now = SystemClock().now().wall
    offset = tmp_path / "offset"
    offset.write_text("0")
    dashboard = subscribe(mosquitto.port)
    box = daemon(config(tmp_path, mosquitto.port), environment=wrong_clock(tmp_path, offset))
    dashboard.wait_for_more_alerts(2)
    after = stopwatch()
    offset.write_text(f"{3600.0 - now if jump is None else jump:.0f}")
    dashboard.wait("monitor/one/alert", since=after + 1.0, event_type="end")
    before = len(dashboard.alerts())
    begun = stopwatch()
    dashboard.wait_for_more_alerts(4)
    took = stopwatch() - begun
    box.stop(signal.SIGTERM)
    box = daemon(None, environment=wrong_clock(tmp_path, offset))  # a start looks for what is past its age
    dashboard.wait_for_more_alerts(2)
    box.stop(signal.SIGTERM)
    alerts = committed_alerts(box)
    note(f"{len(alerts) - before} alerts in {took:.1f} s after the jump")
    assert took < 10
    assert keys(alerts) >= keys(dashboard.alerts()), "retention took nothing"
    assert all(alert["duration"] < 5 for alert in alerts), "durations are measured by the monotonic clock"
    jumped = datetime.fromisoformat(alerts[-1]["time"]).timestamp() - now
    assert abs(jumped - (3600.0 - now if jump is None else jump)) < 60
    if jump is None:
        assert alerts[-1]["time_quality"] == "unset"


@pytest.mark.timeout(900)
def test_after_kill_9_at_any_moment_the_history_is_sound_and_every_confirmed_alert_is_there(
    daemon: Callable[..., Daemon], config: Make, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(request.config.getoption("randomly_seed", 1))
    confirmed = -1
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.faults.on_failing_disk", "commit", str(tmp_path)],
            cwd=ROOT,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout
            assert writer.stdout.readline(), "it commits"
            threading.Event().wait(chance.uniform(0, 0.05))  # any moment may be the worst
            writer.kill()
            confirmed = max([confirmed, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    assert is_sound(tmp_path / "history.db")
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        kept = {seq for (seq,) in connection.execute("SELECT seq FROM alerts")}
    assert kept >= set(range(confirmed + 1))
    starts = [start_and_kill(daemon, config(tmp_path), chance)]
    starts += [start_and_kill(daemon, None, chance) for _ in range(DAEMON_KILLS - 1)]
    assert is_sound(tmp_path / "history.db")
    note(f"{KILLS} writers and {DAEMON_KILLS} daemons killed; {len(kept)} alerts kept; a start takes {max(starts):.2f} s at most")
    assert max(starts) <= START * (1 if FULL else 2), "two seconds, twice that while other tests run beside it"


def start_and_kill(daemon: Callable[..., Daemon], config: Mapping[str, Any] | None, chance: random.Random) -> float:
    """Start a daemon and kill it at a random moment; give the seconds until it watched."""
    box = daemon(config)
    box.line("one: connected")
    took = stopwatch() - box.began
    threading.Event().wait(chance.uniform(0, 1.0))
    box.kill()
    return took


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", ["commit", "retry"], ids=["sound disk", "failing disk"])
def test_a_power_cut_at_any_moment_takes_no_alert_whose_commit_returned(
    tmp_path: Path, request: pytest.FixtureRequest, program: str
) -> None:
    """Not a real one: what a process did to its files is replayed without what was not forced to the disk.

    What a disk says it has, it has here; that a file was made and its folder forced to the disk is taken for granted.
    """
    chance = random.Random(request.config.getoption("randomly_seed", 1))
    live = tmp_path / "live"
    live.mkdir()
    environment = clean_environment({**failing_disk(tmp_path), "FAULT_JOURNAL": str(tmp_path / "journal")})
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.on_failing_disk", program, str(live)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout
        for line in writer.stdout:
            if int(line) >= 400:
                break
        writer.kill()
    operations = read_journal(tmp_path / "journal")
    assert sum(operation.kind == "S" for operation in operations) > 400
    assert any(operation.kind == "L" for operation in operations) is (program == "retry")
    first = next(number for number, operation in enumerate(operations) if operation.kind == "C")
    lost = 0
    for number in range(POWER_CUTS):
        cut = chance.randrange(first, len(operations))
        place = tmp_path / f"cut-{number}"
        place.mkdir()
        after_power_cut(operations[:cut], place, chance)
        confirmed = {operation.offset for operation in operations[:cut] if operation.kind == "C"}
        assert is_sound(place / "history.db")
        with closing(sqlite3.connect(place / "history.db")) as connection:
            kept = {seq for (seq,) in connection.execute("SELECT seq FROM alerts")}
            sightings = connection.execute("SELECT count(*) FROM sightings").fetchone()[0]
        assert kept >= confirmed, f"cut after operation {cut}"
        lost += len(confirmed) - min(len(confirmed), sightings)
        shutil.rmtree(place)
    note(f"{POWER_CUTS} power cuts: no alert lost, {lost} sightings")
