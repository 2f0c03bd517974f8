"""Programs that run on a failing disk (`failing_disk.c`), each in a process of its own.

python -m tests.faults.on_failing_disk (commit FOLDER | retry FOLDER | sweep FOLDER STRIDE)
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import json
import logging
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

from monitor.clock import ManualClock
from monitor.dispatch import Dispatch
from monitor.errors import StorageError
from monitor.inbox import Inbox
from monitor.pipeline import Outcome
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.record.detection_log import DetectionLog
from monitor.record.outbox import Outbox
from monitor.record.second import SecondConnection
from monitor.record.snapshots import Snapshots
from monitor.record.store import Batch, History
from monitor.recording import GATHER, HOUSEKEEPING, Recording
from tests.spine import a_sighting, an_alert, load_text

ALERTS = 4
OPERATIONS = 14
"""More than a commit takes."""
FOR_EVER = 10**9


def commit(folder: Path, *, failing: bool) -> None:
    """Commit alerts and sightings until killed; note each alert in the journal once its commit has returned, and print it.

    failing: one operation of each alert's commit fails, each in its turn, and the commit is tried again.
    """
    disk = ctypes.CDLL(None)
    history = History(folder / "history.db", ManualClock())
    history.open()
    second = SecondConnection(folder / "history.db")
    assert second.read(lambda connection: True, otherwise=False)  # as in the daemon: the last to close the file would put it in order
    with closing(sqlite3.connect(folder / "history.db")) as connection:
        first = connection.execute("SELECT coalesce(max(seq) + 1, 0) FROM alerts").fetchone()[0]
    for seq in itertools.count(first):
        history.commit(Batch(sightings=[a_sighting(first=float(seq))]))
        if failing:
            disk.fault_arm(ctypes.c_long(1 + seq % OPERATIONS), ctypes.c_long(1), ctypes.c_int(errno.EIO))
            with suppress(StorageError):
                history.commit(Batch([an_alert(seq)]))
            disk.fault_arm(ctypes.c_long(0), ctypes.c_long(0), ctypes.c_int(0))
        history.commit(Batch([an_alert(seq)]))
        if hasattr(disk, "fault_note"):
            disk.fault_note(ctypes.c_char(b"C"), ctypes.c_char(b"-"), ctypes.c_int64(seq), None, ctypes.c_int64(0))
        if seq % 50 == 49:
            history.prune(1e12, 10**12, short=True)
        sys.stdout.write(f"{seq}\n")
        sys.stdout.flush()


def sweep(folder: Path, stride: int) -> None:
    """Make each `stride`th operation fail in its turn, once and for long, as an I/O error and as a full disk; print how many did."""
    logging.disable()
    failed = 0
    for error, count in itertools.product((errno.EIO, errno.ENOSPC), (1, FOR_EVER)):
        for number in itertools.count(1, stride):
            place = folder / f"{error}-{count}-{number}"
            place.mkdir()
            if not one_run(place, number, count, error):
                break
            failed += 1
    sys.stdout.write(f"{failed}\n")


def one_run(folder: Path, number: int, count: int, error: int) -> bool:
    """Record and send alerts while the operation `number` fails; check that nothing was lost. False: nothing failed."""
    disk = ctypes.CDLL(None)
    clock, inbox = ManualClock(), Inbox()
    config = load_text(folder, "cameras: {porch: {source: demo}}\nrules: [{label: red}]\nsnapshots: {min_free: 0MB}\n").config
    path = folder / "history.db"
    history = History(path, clock)
    recording = Recording(
        inbox, history, DetectionLog(folder / "log.jsonl"), Snapshots(config.snapshots), (config.history, config.snapshots), clock
    )
    second = SecondConnection(path)
    outbox = Outbox(second, clock)
    recording.dispatch = Dispatch(outbox, Voice(Topics("monitor"), lambda: None), "box", lambda: None)
    received: list[int] = []

    def deliver() -> None:
        messages = outbox.next(20)
        received.extend(json.loads(message.payload)["seq"] for message in messages)
        outbox.acknowledge([message.key for message in messages])

    disk.fault_arm(ctypes.c_long(number), ctypes.c_long(count), ctypes.c_int(error))
    recording.start()
    for seq in range(ALERTS):
        inbox.put(Outcome("porch", [an_alert(seq)], [a_sighting(first=float(seq))], (), None, []))
        recording.step(clock.advance(GATHER))
        assert seq in {message.seq for message in outbox.next(20)} | set(received), f"{folder.name}: alert {seq} is not sent"
        outbox.again()
        deliver()
    recording.step(clock.advance(HOUSEKEEPING))
    fired = bool(disk.fault_done() >= number)
    disk.fault_arm(ctypes.c_long(0), ctypes.c_long(0), ctypes.c_int(0))
    for _ in range(3):
        recording.step(clock.advance(GATHER))
        deliver()
    assert recording.trouble is None, f"{folder.name}: {recording.trouble}"
    second.close()
    recording.close()
    with sqlite3.connect(path) as connection:
        written = [seq for (seq,) in connection.execute("SELECT seq FROM alerts ORDER BY id")]
        waiting = connection.execute("SELECT count(*) FROM outbox").fetchone()[0]
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    assert (sorted(written), sorted(received), waiting, sound) == ([*range(ALERTS)], [*range(ALERTS)], 0, "ok"), folder.name
    return fired


if __name__ == "__main__":
    if sys.argv[1] in {"commit", "retry"}:
        commit(Path(sys.argv[2]), failing=sys.argv[1] == "retry")
    else:
        sweep(Path(sys.argv[2]), int(sys.argv[3]))
