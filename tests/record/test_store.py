"""The history as a writer sees it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from monitor.clock import ManualClock, installed_at
from monitor.errors import HistoryRefusedError, StorageError
from monitor.outgoing import Outgoing
from monitor.record.connect import connect
from monitor.record.outbox_desk import OutboxDesk
from monitor.record.reader import HistoryReader
from monitor.record.second import SecondConnection
from monitor.record.store import Batch, History, LastRun
from monitor.values import Alert, CameraEvent, EndReason, EventType, OfflineReason, OpenEpisode, Place, Sighting

ROOT = Path(__file__).parents[2]
NORMAL, FULL = 1, 2  # as `PRAGMA synchronous` says it

COMMIT_FOR_EVER = """
import itertools, sys
from pathlib import Path
from monitor.clock import SystemClock
from monitor.record.store import Batch, History
from monitor.values import *
history = History(Path(sys.argv[1]), SystemClock())
history.open()
place = Place("porch", "frame", "cat")
for seq in itertools.count(int(sys.argv[2])):
    history.commit(Batch(alerts=[Alert(EventType.UPDATE, "e1", seq, place, "tabby", 0.9, Severity.ALERT, 1.0, 2.0, 1.0)]))
    print(seq, flush=True)
"""

DIE_OPEN = """
import os, sys
from pathlib import Path
from monitor.clock import ManualClock, installed_at
from monitor.record.store import History
history = History(Path(sys.argv[1]), ManualClock(wall=1_800_000_000.0))
history.open()
os._exit(0)
"""


def alerts_in(path: Path) -> list[Alert]:
    with HistoryReader(path) as reader:
        return list(reader.alerts())


def sightings_in(path: Path) -> list[Sighting]:
    with HistoryReader(path) as reader:
        return list(reader.sightings())


def test_what_was_committed_is_read_back_as_it_was(
    history: History, tmp_path: Path, alert: Callable[..., Alert], sighting: Callable[..., Sighting]
) -> None:
    alerts = [
        alert(),
        alert(event_type=EventType.END, seq=1, duration=61.5, reason=EndReason.CAMERA_LOST, snapshot="/api/alerts/e1/1.jpg"),
    ]
    sightings = [sighting(), sighting(label='o"dd; -- näme\n', class_id=5, episode=None)]

    history.commit(
        Batch(alerts=alerts, sightings=sightings, camera_events=[CameraEvent("porch", 5.0, False, OfflineReason.LOST, "timeout")])
    )

    assert alerts_in(tmp_path / "history.db") == alerts
    assert sightings_in(tmp_path / "history.db") == sightings


def test_a_batch_committed_twice_is_there_once(
    history: History, tmp_path: Path, alert: Callable[..., Alert], sighting: Callable[..., Sighting]
) -> None:
    batch = Batch([alert()], [sighting()], [CameraEvent("porch", 5.0, True, None, "")])
    history.commit(batch)
    history.commit(batch)
    assert alerts_in(tmp_path / "history.db") == [alert()]
    assert sightings_in(tmp_path / "history.db") == [sighting()]


def test_text_that_utf_8_cannot_hold_blocks_nothing(
    history: History, tmp_path: Path, alert: Callable[..., Alert], sighting: Callable[..., Sighting], episode: Callable[..., OpenEpisode]
) -> None:
    odd = "cat\udcff"
    event = CameraEvent("porch", 5.0, False, OfflineReason.LOST, odd)
    history.commit(Batch([alert(label=odd)], [sighting(label=odd, model=odd)], [event], {"porch": [episode(label=odd)]}))
    assert alerts_in(tmp_path / "history.db") == [alert(label=r"cat\udcff")]
    assert sightings_in(tmp_path / "history.db") == [sighting(label=r"cat\udcff", model=r"cat\udcff")]


def test_a_batch_is_written_as_a_whole_or_not_at_all(
    history: History, tmp_path: Path, alert: Callable[..., Alert], sighting: Callable[..., Sighting]
) -> None:
    with pytest.raises(StorageError, match=r"history\.db: cannot write the history"):
        history.commit(Batch([alert()], [sighting(looks=None)]))
    assert alerts_in(tmp_path / "history.db") == []
    history.commit(Batch([alert()], [sighting()]))
    assert alerts_in(tmp_path / "history.db") == [alert()]


@pytest.mark.parametrize("broken", [MemoryError(), ValueError("a bug"), KeyboardInterrupt()], ids=["memory", "bug", "interrupt"])
def test_whatever_breaks_a_commit_leaves_no_transaction_behind(
    history: History,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    alert: Callable[..., Alert],
    sighting: Callable[..., Sighting],
    second: SecondConnection,
    broken: BaseException,
) -> None:
    def breaks(_: Sighting) -> NoReturn:
        raise broken

    with monkeypatch.context() as patch:
        patch.setattr("monitor.record.store.sighting_row", breaks)
        with pytest.raises(type(broken)):
            history.commit(Batch([alert()], [sighting()]))
    assert alerts_in(tmp_path / "history.db") == []
    assert second.write(lambda connection: None), "nobody holds the lock"
    history.commit(Batch([alert()]))
    assert alerts_in(tmp_path / "history.db") == [alert()]


def test_an_alert_and_its_message_are_written_together_or_not_at_all(
    history: History, tmp_path: Path, alert: Callable[..., Alert], message: Callable[..., Outgoing]
) -> None:
    with pytest.raises(StorageError, match=r"history\.db: cannot write the history"):
        history.commit(Batch([alert()], outgoing=[message(topic=None)]))
    assert alerts_in(tmp_path / "history.db") == []
    history.commit(Batch([alert()], outgoing=[message()]))
    history.commit(Batch([alert()], outgoing=[message()]))
    assert alerts_in(tmp_path / "history.db") == [alert()]
    with OutboxDesk(tmp_path / "history.db") as desk:
        assert [(row.episode, row.seq, row.payload) for row in desk.rows()] == [("e1", 0, message().payload)]


def test_alerts_and_messages_are_forced_to_the_disk_and_sightings_are_not(
    tmp_path: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    alert: Callable[..., Alert],
    sighting: Callable[..., Sighting],
    message: Callable[..., Outgoing],
) -> None:
    connection = connect(tmp_path / "history.db", clock.now().wall)
    monkeypatch.setattr("monitor.record.store.connect", lambda path, wall: connection)
    history = History(tmp_path / "history.db", clock)
    modes = []
    for batch in (Batch([alert()]), Batch(sightings=[sighting()]), Batch(outgoing=[message()])):
        history.commit(batch)
        modes.append(connection.execute("PRAGMA synchronous").fetchone()[0])
    history.close()
    assert modes == [FULL, NORMAL, FULL]


def test_what_was_set_against_the_configuration_is_kept_until_it_is_taken_back(history: History, clock: ManualClock) -> None:
    detect, threshold = ("porch", "detect"), ("porch", "threshold/cat")
    assert history.overrides() == {}
    history.commit(Batch(overrides={detect: "OFF", threshold: "0.5"}))
    history.commit(Batch(overrides={threshold: "0.7", ("garden", "detect"): None}))
    history.close()
    assert history.overrides() == {detect: "OFF", threshold: "0.7"}
    history.commit(Batch(overrides={detect: None}))
    assert history.overrides() == {threshold: "0.7"}


def test_every_alert_whose_commit_returned_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    confirmed = -1
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", COMMIT_FOR_EVER, path, str(confirmed + 1)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            for line in writer.stdout:
                confirmed = int(line)
                if confirmed % 20 == 19:
                    break
            writer.kill()
            for line in writer.stdout:
                confirmed = int(line)
    kept = {alert.seq for alert in alerts_in(path)}
    assert kept >= set(range(confirmed + 1))
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_restart_finds_the_episodes_that_were_open(
    history: History, tmp_path: Path, clock: ManualClock, episode: Callable[..., OpenEpisode]
) -> None:
    garden = episode(id="e2", place=Place("garden", "lawn", "cat"), started_at=1_700_000_001.0)
    history.commit(Batch(open_episodes={"porch": [episode()], "garden": [garden]}))
    history.commit(Batch(open_episodes={"porch": [episode(seq=1, best_score=0.95)]}))
    assert history.open_episodes() == [episode(seq=1, best_score=0.95), garden]

    history.commit(Batch(open_episodes={"porch": []}))
    history.close()

    again = History(tmp_path / "history.db", clock)
    assert again.open_episodes() == [garden]
    again.close()


def test_an_episode_whose_end_is_committed_is_open_no_more(
    history: History, alert: Callable[..., Alert], episode: Callable[..., OpenEpisode]
) -> None:
    history.commit(Batch([alert(event_type=EventType.START)], open_episodes={"porch": [episode(), episode(id="e2")]}))
    history.commit(Batch([alert(event_type=EventType.END, seq=1, reason=EndReason.RULE_REMOVED)]))
    assert history.open_episodes() == [episode(id="e2")]


def test_a_start_knows_when_the_last_run_was_alive_and_how_it_ended(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "history.db"
    first = History(path, clock)
    first.open()
    assert first.last_run is None
    began = clock.now().wall
    clock.advance(30)
    first.commit(Batch())
    first.close()

    clock.advance(600)
    second = History(path, clock)
    second.open()
    assert second.last_run == LastRun(alive=began + 30, clean=True)
    second.close()

    subprocess.run([sys.executable, "-c", DIE_OPEN, path], cwd=ROOT, check=True)

    third = History(path, clock)
    third.open()
    assert third.last_run == LastRun(alive=1_800_000_000.0, clean=False)
    third.close()


def test_a_second_run_on_the_same_history_is_refused_and_told_whose_it_is(history: History, tmp_path: Path, clock: ManualClock) -> None:
    second = History(tmp_path / "history.db", clock)
    with pytest.raises(HistoryRefusedError, match=rf"history\.db: in use by another `monitor run`, process {os.getpid()};"):
        second.open()
    second.close()
    history.commit(Batch())


def test_two_readers_listing_while_the_writer_commits_see_whole_batches_and_hinder_nobody(
    history: History, tmp_path: Path, alert: Callable[..., Alert]
) -> None:
    history.commit(Batch([alert(seq=number) for number in range(1500)]))
    with HistoryReader(tmp_path / "history.db") as one, HistoryReader(tmp_path / "history.db") as two:
        listing, other = one.alerts(), two.alerts()
        assert next(listing).seq == next(other).seq == 0
        history.commit(Batch([alert(seq=1500), alert(seq=1501)]))
        assert [found.seq for found in listing] == list(range(1, 1502))
        history.commit(Batch([alert(seq=1502)]))
        assert [found.seq for found in other] == list(range(1, 1503))


def test_a_pager_left_open_does_not_keep_the_write_ahead_log_from_being_emptied(
    history: History, tmp_path: Path, alert: Callable[..., Alert]
) -> None:
    history.commit(Batch([alert(seq=number) for number in range(1000)]))
    with HistoryReader(tmp_path / "history.db") as reader:
        listing = reader.alerts()
        next(listing)
        for number in range(60):
            history.commit(Batch([alert(id=f"x{number}-{row}", label="x" * 2000) for row in range(100)]))
    assert (tmp_path / "history.db-wal").stat().st_size < 6_000_000


def test_the_files_are_for_the_group_and_for_nobody_else(tmp_path: Path, clock: ManualClock) -> None:
    before = os.umask(0o007)
    try:
        history = History(tmp_path / "new" / "folder" / "history.db", clock)
        history.open()
        history.commit(Batch())
        modes = {file.name: oct(file.stat().st_mode & 0o777) for file in (tmp_path / "new" / "folder").iterdir()}
    finally:
        os.umask(before)
    history.close()
    assert modes == dict.fromkeys(["history.db", "history.db-wal", "history.db-shm", "history.db.lock"], "0o660")


def test_a_full_disk_is_said_and_the_same_batch_goes_in_once_there_is_room(
    small_disk: Path, clock: ManualClock, alert: Callable[..., Alert]
) -> None:
    history = History(small_disk / "history.db", clock)
    history.commit(Batch([alert()]))
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free))
    batch = Batch([alert(seq=number, label="x" * 500) for number in range(1, 400)])

    for _ in range(2):
        with pytest.raises(StorageError, match=r"history\.db: cannot write the history: database or disk is full; free some space"):
            history.commit(batch)
        assert len(alerts_in(small_disk / "history.db")) == 1

    filler.unlink()
    history.commit(batch)
    assert len(alerts_in(small_disk / "history.db")) == 400
    history.close()


def test_a_disk_that_went_read_only_is_said_and_the_same_batch_goes_in_once_it_is_writable(
    small_disk: Path, clock: ManualClock, alert: Callable[..., Alert]
) -> None:
    history = History(small_disk / "history.db", clock)
    history.commit(Batch([alert()]))
    history.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    for _ in range(2):
        with pytest.raises(StorageError, match="Read-only file system"):
            history.commit(Batch([alert(seq=1)]))

    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    history.commit(Batch([alert(seq=1)]))
    history.close()
    assert [found.seq for found in alerts_in(small_disk / "history.db")] == [0, 1]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").write_text("not a folder")
    history = History(tmp_path / "file" / "history.db", clock)
    with pytest.raises(StorageError, match=r"file/history\.db: cannot open the history: (Not a directory|File exists)"):
        history.open()
    history.close()


def test_rows_carry_how_good_their_time_was(tmp_path: Path, clock: ManualClock, alert: Callable[..., Alert]) -> None:
    now = installed_at() + 60
    for seq, synchronised in enumerate((True, False, None)):
        history = History(tmp_path / "history.db", clock, synchronised=partial(bool, synchronised) if seq < 2 else lambda: None)
        history.commit(Batch([alert(seq=seq, time=now)], camera_events=[CameraEvent("porch", float(seq), True, None, "")]))
        history.close()
    with HistoryReader(tmp_path / "history.db") as reader:
        assert [quality for _, quality in reader.rated_alerts()] == ["synchronised", "unsynchronised", None]
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        assert connection.execute("SELECT DISTINCT time_quality FROM camera_events").fetchall() == [("unset",)]
