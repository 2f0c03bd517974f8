"""The record thread's work, with a real history whose disk can be made to refuse."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from monitor.clock import ManualClock
from monitor.decide.decider import Event
from monitor.dispatch import Dispatch
from monitor.errors import StorageError
from monitor.inbox import CAPACITY, PICTURES, Inbox, Rows
from monitor.pipeline import Outcome
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.record.detection_log import DetectionLog
from monitor.record.outbox import Outbox
from monitor.record.reader import HistoryReader
from monitor.record.room import FULL, SHORT, Room
from monitor.record.second import SecondConnection
from monitor.record.snapshots import Snapshots
from monitor.record.store import Batch, History
from monitor.recording import GATHER, HOUSEKEEPING, HURRY, LAST_SEEN, Recording
from monitor.values import (
    Alert,
    CameraEvent,
    CameraProblem,
    EndReason,
    EventType,
    Image,
    OfflineReason,
    OpenEpisode,
    Place,
    ProblemKind,
    Severity,
    Sighting,
)
from tests.spine import ONE_CAMERA, PORCH_RED, RED, a_sighting, an_alert, load_text, painted

OFFLINE = CameraEvent("porch", 1.7e9, online=False, reason=OfflineReason.LOST, detail="no answer")
CAME_BACK = CameraEvent("porch", 1.7e9, online=True, reason=None, detail="")


class Disk(History):
    """A history whose disk refuses while `refuses`; notes what was asked of it."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        super().__init__(path, clock, synchronised=lambda: False)
        self.refuses = False
        self.batches: list[Batch] = []
        self.prunings = 0
        self.full_until_ballast_goes: Path | None = None

    def open(self) -> None:
        self._check()
        super().open()

    def commit(self, batch: Batch) -> None:
        self._check()
        if self.full_until_ballast_goes and self.full_until_ballast_goes.exists():
            raise StorageError("history.db: cannot write the history: database or disk is full")
        super().commit(batch)
        self.batches.append(batch)

    def prune(self, keep: float, max_bytes: int, *, short: bool = False) -> int:
        self.prunings += 1
        self._check()
        return super().prune(keep, max_bytes, short=short)

    def _check(self) -> None:
        if self.refuses:
            raise StorageError("history.db: cannot write the history: disk full")


class SomeRoom(Room):
    """Room as a test says: bytes free."""

    def __init__(self, history: Path) -> None:
        super().__init__(history, ballast=1000)
        self.left = 10**9

    def free(self) -> int:
        return self.left


class Watched(Dispatch):
    """A dispatch whose pictures are noted."""

    def __init__(self, outbox: Outbox, shown: list[bytes], wake: Callable[[], None]) -> None:
        super().__init__(outbox, Voice(Topics("B"), lambda: None), "box", wake)
        self._shown = shown

    def show(self, camera: str, picture: bytes) -> None:
        self._shown.append(picture)
        super().show(camera, picture)


def alert_in(payload: bytes) -> Alert:
    """The alert that a message tells of."""
    told = json.loads(payload)
    return Alert(
        EventType(told["event_type"]),
        told["id"],
        told["seq"],
        Place(told["camera"], told["zone"], told["rule"]),
        told["label"],
        told["score"],
        Severity(told["severity"]),
        datetime.fromisoformat(told["started_at"]).timestamp(),
        told["time_unix"],
        told["duration"],
        None if told["reason"] is None else EndReason(told["reason"]),
        told["snapshot"],
    )


class Bench:
    """A recording that is stepped by hand. sent: the alerts that can be sent, shown: the pictures before them."""

    def __init__(self, folder: Path, text: str) -> None:
        config = load_text(folder, text).config
        self.clock = ManualClock()
        self.path = config.history.path
        self.log = config.history.log
        self.pictures = config.snapshots.path
        self.disk = Disk(self.path, self.clock)
        self.inbox = Inbox()
        self.sent: list[Alert] = []
        self.shown: list[bytes] = []
        self.sending: Callable[[Alert], None] = lambda alert: None
        detection_log, snapshots = DetectionLog(self.log), Snapshots(config.snapshots)
        settings = (config.history, config.snapshots)
        self.room = SomeRoom(self.path)
        self.recording = Recording(self.inbox, self.disk, detection_log, snapshots, settings, self.clock, self.room)
        self.outbox = Outbox(SecondConnection(self.path), self.clock)
        self.recording.dispatch = Watched(self.outbox, self.shown, self._send)

    def _send(self) -> None:
        for message in self.outbox.next(10_000):
            alert = alert_in(message.payload)
            self.sending(alert)
            self.sent.append(alert)

    def put(
        self, *events: Event, sightings: Sequence[Sighting] = (), picture: Image | None = None, open_episodes: Sequence[OpenEpisode] = ()
    ) -> None:
        portraits = {event: picture for event in events if isinstance(event, Alert) and picture is not None}
        self.inbox.put(Outcome("porch", events, sightings, (), picture, open_episodes, portraits=portraits))

    def step(self, after: float = 1.0) -> None:
        self.recording.step(self.clock.advance(after))

    def stored(self) -> list[Alert]:
        with HistoryReader(self.path) as reader:
            return list(reader.alerts())

    def sightings(self) -> list[Sighting]:
        with HistoryReader(self.path) as reader:
            return list(reader.sightings())

    def logged(self) -> list[str]:
        return [json.loads(line)["kind"] for line in self.log.read_text().splitlines()]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Bench]]:
    """Make a bench with a configuration of its own."""
    benches: list[Bench] = []

    def make_it(text: str) -> Bench:
        benches.append(Bench(tmp_path, text))
        return benches[-1]

    yield make_it
    for made in benches:
        made.disk.close()


@pytest.fixture
def bench(make: Callable[[str], Bench]) -> Bench:
    """A bench that has started and has nothing to do."""
    made = make(ONE_CAMERA + "snapshots: {min_free: 0MB}\n")
    made.recording.start()
    made.step()
    return made


def open_episode(last_seen: float = 1.7e9) -> OpenEpisode:
    return OpenEpisode("e1", 0, PORCH_RED, "red", 0.9, Severity.ALERT, 1.7e9, last_seen)


def test_an_alert_is_on_the_disk_before_it_is_sent(bench: Bench) -> None:
    on_disk: list[list[Alert]] = []
    bench.sending = lambda alert: on_disk.append(bench.stored())
    bench.put(an_alert(0), an_alert(1, EventType.UPDATE))
    bench.step()
    assert [alert.seq for alert in bench.sent] == [0, 1]
    assert on_disk == [bench.sent] * 2


def test_an_alert_wakes_the_recorder_and_a_sighting_does_not(bench: Bench) -> None:
    bench.put(OFFLINE, sightings=[a_sighting()])
    assert not bench.inbox.wake.is_set()
    bench.put(an_alert())
    assert bench.inbox.wake.is_set()


def test_alerts_keep_their_order_over_outcomes(bench: Bench) -> None:
    for seq in range(5):
        bench.put(an_alert(seq, EventType.UPDATE))
    bench.step()
    assert [alert.seq for alert in bench.sent] == [0, 1, 2, 3, 4]


def test_the_plain_log_has_what_was_committed(bench: Bench) -> None:
    bench.put(OFFLINE, an_alert(), sightings=[a_sighting()])
    bench.step()
    assert sorted(bench.logged()) == ["alert", "camera", "sighting"]


def test_a_disk_that_refuses_delays_rows_and_never_an_alert(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.disk.refuses = True
    with caplog.at_level(logging.INFO):
        bench.put(an_alert(0), sightings=[a_sighting()])
        bench.step()
        bench.put(an_alert(1, EventType.END))
        bench.step()
        for _ in range(20):
            bench.step()
    assert [alert.seq for alert in bench.sent] == [0, 1]
    assert bench.recording.waiting == 3
    assert bench.recording.trouble
    assert not bench.log.exists()
    assert [record.message for record in caplog.records if record.name == "monitor.recording"] == [
        "history.db: cannot write the history: disk full; detection and alerts go on, rows wait in memory"
    ]


def test_rows_that_waited_are_written_once_when_the_disk_takes_them_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.disk.refuses = True
    bench.put(an_alert(0), OFFLINE, sightings=[a_sighting()])
    bench.step()
    bench.disk.refuses = False
    caplog.clear()
    with caplog.at_level(logging.INFO):
        for _ in range(2 * int(GATHER)):
            bench.step()
        bench.put(CAME_BACK)
        bench.step(GATHER)
    assert len(bench.sent) == 1
    assert [alert.seq for alert in bench.stored()] == [0]
    assert len(bench.sightings()) == 1
    assert sorted(bench.logged()) == ["alert", "camera", "camera", "sighting"]
    assert bench.recording.waiting == 0
    assert bench.recording.trouble is None
    assert [record.message for record in caplog.records] == ["the history is written again"]


def test_a_disk_that_refuses_is_asked_again_every_few_seconds_and_not_at_each_step(bench: Bench) -> None:
    bench.put(sightings=[a_sighting()])
    bench.step(GATHER)
    written = len(bench.disk.batches)
    bench.put(sightings=[a_sighting("blue")])
    for _ in range(int(GATHER) - 1):
        bench.step()
    assert len(bench.disk.batches) == written
    bench.step()
    assert len(bench.disk.batches) == written + 1


def test_a_history_that_cannot_be_opened_at_the_start_is_opened_later(make: Callable[[str], Bench]) -> None:
    bench = make(ONE_CAMERA)
    bench.disk.refuses = True
    bench.recording.start()
    bench.put(an_alert())
    bench.step()
    assert len(bench.sent) == 1
    bench.disk.refuses = False
    bench.step(GATHER)
    assert len(bench.stored()) == 1


def test_a_plain_log_that_refuses_is_told_once_and_the_history_goes_on(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.log.mkdir(parents=True)
    for seq in range(3):
        bench.put(an_alert(seq))
        bench.step()
    assert len(bench.stored()) == 3
    assert len([record for record in caplog.records if "detection log" in record.message]) == 1
    bench.log.rmdir()
    bench.put(an_alert(3))
    bench.step()
    assert bench.logged() == ["alert"]


def test_rows_beyond_their_bound_go_sightings_first_and_alerts_last() -> None:
    rows = Rows([an_alert(n) for n in range(3)], [a_sighting(first=n) for n in range(3)], [OFFLINE] * 2)
    assert rows.bound(8) == 0
    assert rows.bound(6) == 2
    assert ([sighting.first for sighting in rows.sightings], len(rows.camera_events), len(rows.alerts)) == ([2], 2, 3)
    assert rows.bound(4) == 2
    assert (len(rows.sightings), len(rows.camera_events), len(rows.alerts)) == (0, 1, 3)
    assert rows.bound(2) == 2
    assert [alert.seq for alert in rows.alerts] == [1, 2]
    assert len(rows) == 2


def test_memory_stays_bounded_while_the_disk_refuses_and_the_loss_is_counted(bench: Bench) -> None:
    bench.disk.refuses = True
    bench.put(an_alert())
    for _ in range(3):
        bench.put(sightings=[a_sighting()] * (CAPACITY // 2))
        bench.step()
    assert bench.recording.waiting == CAPACITY
    assert bench.recording.dropped == 1 + CAPACITY // 2
    assert len(bench.sent) == 1
    bench.disk.refuses = False
    bench.step(GATHER)
    assert len(bench.stored()) == 1


def test_an_inbox_that_nobody_empties_is_bounded_too(bench: Bench) -> None:
    bench.put(an_alert())
    bench.put(sightings=[a_sighting()] * CAPACITY)
    assert bench.inbox.dropped == 1
    bench.step()
    assert len(bench.sent) == 1


def test_sightings_are_gathered_for_some_seconds_into_one_write(bench: Bench) -> None:
    bench.put(sightings=[a_sighting()])
    bench.step(GATHER)
    written = len(bench.disk.batches)
    for second in range(int(GATHER) - 1):
        bench.put(sightings=[a_sighting(first=second)])
        bench.step()
    assert len(bench.disk.batches) == written
    bench.step()
    assert len(bench.disk.batches[-1].sightings) == 4


def test_when_open_episodes_were_last_seen_is_noted_once_a_minute(bench: Bench) -> None:
    bench.put(an_alert(), open_episodes=[open_episode()])
    bench.step()
    written = len(bench.disk.batches)
    for second in range(1, int(LAST_SEEN)):
        bench.put(open_episodes=[open_episode(1.7e9 + second)])
        bench.step()
    assert len(bench.disk.batches) == written
    bench.step()
    assert bench.disk.open_episodes() == [open_episode(1.7e9 + LAST_SEEN - 1)]


def test_nothing_is_written_while_nothing_happens(bench: Bench) -> None:
    for _ in range(100):
        bench.put()
        bench.step()
    assert not bench.disk.batches


def test_retention_runs_at_the_start_and_every_quarter_of_an_hour(bench: Bench) -> None:
    for _ in range(3):
        bench.step(HOUSEKEEPING - 1)
        bench.step(1.0)
    assert bench.disk.prunings == 4


def test_a_clock_that_jumps_ahead_takes_no_pictures(bench: Bench) -> None:
    bench.put(an_alert(), picture=painted(RED))
    bench.step()
    (picture,) = bench.pictures.glob("*/*.jpg")
    written = picture.stat().st_mtime
    bench.clock.set_wall(written + 3650 * 86400.0)
    bench.step(HOUSEKEEPING)
    assert picture.exists()


def test_a_disk_that_refuses_retention_is_no_end(bench: Bench) -> None:
    bench.disk.refuses = True
    bench.step(HOUSEKEEPING)
    bench.put(an_alert())
    bench.step()
    assert len(bench.sent) == 1


def test_an_alert_comes_with_its_picture_and_where_it_is_served(bench: Bench) -> None:
    bench.put(an_alert(), picture=painted(RED))
    bench.step()
    (alert,), (picture,) = bench.sent, bench.shown
    assert alert.snapshot == "/api/alerts/e1/0.jpg"
    (saved,) = bench.pictures.rglob("*.jpg")
    assert saved.read_bytes() == picture
    assert bench.stored() == [alert]


def test_an_alert_that_shows_nothing_has_no_picture(bench: Bench) -> None:
    bench.put(an_alert(1, EventType.END))
    bench.step()
    assert [alert.snapshot for alert in bench.sent] == [None]
    assert not bench.shown
    assert not bench.pictures.exists()


def test_without_snapshots_no_picture_is_made(make: Callable[[str], Bench]) -> None:
    bench = make(ONE_CAMERA + "snapshots: {enabled: false}\n")
    bench.put(an_alert(), picture=painted(RED))
    bench.step()
    assert [alert.snapshot for alert in bench.sent] == [None]
    assert not bench.shown
    assert not bench.pictures.exists()


def test_a_picture_that_cannot_be_kept_is_still_sent_but_has_no_address(make: Callable[[str], Bench]) -> None:
    bench = make(ONE_CAMERA + "snapshots: {min_free: 1000000GB}\n")
    bench.put(an_alert(), picture=painted(RED))
    bench.step()
    assert [alert.snapshot for alert in bench.sent] == [None]
    assert len(bench.shown) == 1


@pytest.mark.parametrize("shape", [(0, 0, 3), (10, 70_000, 3)], ids=["empty", "wider than a JPEG may be"])
def test_a_picture_that_cannot_be_encoded_does_not_stop_the_alert(bench: Bench, shape: tuple[int, int, int]) -> None:
    bench.put(an_alert(), picture=np.zeros(shape, np.uint8))
    bench.put(an_alert(1, EventType.UPDATE), picture=painted(RED))
    bench.step()
    assert [(alert.seq, alert.snapshot is None) for alert in bench.sent] == [(0, True), (1, False)]
    assert len(bench.stored()) == 2


def test_at_most_so_many_pictures_wait_and_the_newest_are_kept(bench: Bench) -> None:
    for seq in range(PICTURES + 4):
        bench.put(an_alert(seq), picture=painted(RED))
    bench.step()
    assert [alert.seq for alert in bench.sent if alert.snapshot is None] == [0, 1, 2, 3]
    assert len(bench.shown) == PICTURES


def test_the_end_writes_what_is_left_and_records_a_clean_stop(bench: Bench) -> None:
    bench.put(an_alert(), sightings=[a_sighting()], open_episodes=[open_episode(1.7e9 + 7)])
    bench.recording.close()
    assert len(bench.sent) == len(bench.stored()) == len(bench.sightings()) == 1
    again = History(bench.path, bench.clock)
    again.open()
    assert again.last_run
    assert again.last_run.clean
    assert again.open_episodes() == [open_episode(1.7e9 + 7)]
    again.close()


def test_a_disk_that_refuses_at_the_end_does_not_keep_alerts_from_going_out(bench: Bench) -> None:
    bench.disk.refuses = True
    bench.put(an_alert())
    bench.recording.close()
    assert len(bench.sent) == 1


def test_problems_of_a_camera_are_kept_and_told_in_the_log(bench: Bench) -> None:
    bench.put(CameraProblem("porch", 1.7e9, ProblemKind.COVERED, "no detail left"), CameraProblem("porch", 1.7e9 + 9, None, ""))
    bench.step(GATHER)
    with sqlite3.connect(bench.path) as connection:
        rows = connection.execute("SELECT camera, at, kind, detail FROM camera_problems").fetchall()
    connection.close()
    assert rows == [("porch", 1.7e9, "covered", "no detail left"), ("porch", 1.7e9 + 9, "none", "")]
    lines = [json.loads(line) for line in bench.log.read_text().splitlines()]
    assert [(line["kind"], line["problem"]) for line in lines] == [("problem", "covered"), ("problem", None)]


def test_with_little_room_alerts_are_written_and_sightings_wait_until_there_is_more(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.room.left = SHORT - 1
    with caplog.at_level(logging.INFO):
        for seq in range(2):
            bench.put(an_alert(seq), OFFLINE, sightings=[a_sighting(first=seq)])
            bench.step(GATHER)
        assert ([alert.seq for alert in bench.stored()], bench.sightings()) == ([0, 1], [])
        assert not bench.log.exists()
        trouble = bench.recording.trouble
        written = len(bench.disk.batches)
        bench.step(GATHER)
        assert len(bench.disk.batches) == written
        bench.room.left = SHORT
        bench.step(GATHER)
    assert len(bench.sightings()) == 2
    assert trouble == f"{bench.path}: fewer than 50 MB free on the disk"
    assert [record.message for record in caplog.records if record.name == "monitor.recording"] == [
        f"{trouble}; alerts are written, sightings wait in memory and {bench.log} pauses: free some space",
        f"{bench.path}: there is room on the disk again",
    ]


def test_on_a_full_disk_the_ballast_goes_and_the_alert_is_written_at_once(bench: Bench) -> None:
    ballast = bench.path.with_name("history.db.ballast")
    assert ballast.stat().st_size == 1000
    bench.disk.full_until_ballast_goes = ballast
    bench.room.left = FULL - 1
    bench.put(an_alert())
    bench.step()
    assert [alert.seq for alert in bench.stored()] == [0]
    assert not ballast.exists()
    bench.room.left = 10**9
    bench.step(HOUSEKEEPING)
    assert ballast.exists()


def test_retention_is_quick_while_the_disk_is_full_and_takes_sightings(bench: Bench) -> None:
    bench.put(sightings=[a_sighting()])
    bench.step(GATHER)
    bench.room.left = FULL - 1
    bench.step(HURRY)
    bench.step(HURRY)
    assert bench.disk.prunings == 3
    assert bench.sightings() == []
