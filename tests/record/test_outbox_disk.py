"""The outbox on the disk: kept over kills and restarts, seen by others, and no trouble of the disk stops it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.outgoing import Outgoing
from monitor.record.outbox import RETRY, Outbox
from monitor.record.outbox_desk import OutboxDesk
from monitor.record.second import SecondConnection
from monitor.record.store import Batch, History

ROOT = Path(__file__).parents[2]
Message = Callable[..., Outgoing]

COMMIT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from monitor.clock import SystemClock
from monitor.record.store import Batch, History
from monitor.outgoing import Outgoing
from monitor.values import *
history = History(Path(sys.argv[1]), SystemClock())
alert = Alert(EventType.START, "e1", 0, Place("porch", "frame", "cat"), "tabby", 0.9, Severity.ALERT, 1.0, 1.0, 0.0)
history.commit(Batch([alert], outgoing=[Outgoing("e1", 0, "porch", Severity.ALERT, "monitor/porch/alert", b"{}", 990.0)]))
os.kill(os.getpid(), signal.SIGKILL)
"""

PUT_300_MB = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as connection:
    connection.execute(
        "INSERT INTO outbox (episode, seq, camera, severity, topic, created, since, boot, payload)"
        " VALUES ('huge', 0, 'porch', 'alert', 'monitor/porch/alert', 1.7e9, 0.0, '', zeroblob(300000000))"
    )
"""

HAND_OUT = """
import resource, sys
from pathlib import Path
from monitor.clock import ManualClock
from monitor.record.outbox import Outbox
from monitor.record.second import SecondConnection
outbox = Outbox(SecondConnection(Path(sys.argv[1])), ManualClock())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(*(message.id for message in [*outbox.next(20), *outbox.next(20)]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""

RETRY_ALL = """
import sys
from pathlib import Path
from monitor.record.outbox_desk import OutboxDesk
with OutboxDesk(Path(sys.argv[1]), writing=True) as desk:
    print(desk.retry())
"""


def python(code: str, path: Path) -> str:
    return subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def seqs(outbox: Outbox, limit: int = 20) -> list[int]:
    return [message.seq for message in outbox.next(limit)]


def states(path: Path) -> dict[int, str]:
    with OutboxDesk(path) as desk:
        return {row.seq: row.state for row in desk.rows()}


def refuse(outbox: Outbox, *messages: Outgoing) -> None:
    for message in messages:
        outbox.refuse(message.key, "not authorised")


def test_an_alert_whose_daemon_is_killed_right_after_its_commit_is_sent_by_the_next(
    tmp_path: Path, outbox: Outbox, message: Message
) -> None:
    killed = subprocess.run([sys.executable, "-c", COMMIT_AND_DIE, tmp_path / "history.db"], cwd=ROOT, check=False)
    assert killed.returncode == -9
    assert outbox.next(20) == [message(payload=b"{}")]


def test_an_alert_keeps_its_age_over_a_restart_and_has_none_after_a_reboot(
    history: History, tmp_path: Path, clock: ManualClock, message: Message
) -> None:
    history.commit(Batch(outgoing=[message()]))
    path = tmp_path / "history.db"
    second = SecondConnection(path)
    assert Outbox(second, clock).next(1)[0].since == message().since
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE outbox SET boot = 'another'")
    assert Outbox(second, clock).next(1)[0].since == float("-inf")
    second.close()


def test_verdicts_are_kept_over_a_restart(
    history: History, tmp_path: Path, second: SecondConnection, clock: ManualClock, message: Message
) -> None:
    history.commit(Batch(outgoing=[message(seq=seq) for seq in range(4)]))
    outbox = Outbox(second, clock)
    outbox.next(3)
    outbox.acknowledge([message(seq=0).key])
    refuse(outbox, message(seq=1))
    outbox.quarantine(message(seq=2).key, "a NUL in its topic")
    with OutboxDesk(tmp_path / "history.db") as desk:
        rows = [(row.seq, row.state, row.attempts, row.error) for row in desk.rows()]
    assert rows == [(1, "rejected", 1, "not authorised"), (2, "poison", 0, "a NUL in its topic"), (3, "waiting", 0, None)]
    assert (outbox.facts.waiting, seqs(Outbox(second, clock))) == (3, [1, 3])


def test_of_what_was_refused_the_least_tried_of_each_camera_is_tried_first(
    history: History, outbox: Outbox, clock: ManualClock, message: Message
) -> None:
    porch, garden = [[message(id=name, camera=name, seq=seq) for seq in range(3)] for name in ("porch", "garden")]
    history.commit(Batch(outgoing=[*porch, *garden]))
    outbox.next(20)
    refuse(outbox, *porch, *garden)
    for turn in (0, 1, 2, 0):
        clock.advance(RETRY)
        assert outbox.next(20) == [garden[turn], porch[turn]]
        refuse(outbox, garden[turn], porch[turn])


def test_a_broker_that_takes_what_it_refused_is_given_all_that_it_refused_of_that_camera(
    history: History, outbox: Outbox, message: Message
) -> None:
    porch, garden = [[message(id=name, camera=name, seq=seq) for seq in range(3)] for name in ("porch", "garden")]
    history.commit(Batch(outgoing=[*porch, *garden]))
    outbox.next(20)
    refuse(outbox, *porch, *garden)
    outbox.again()
    assert outbox.next(20) == [garden[0], porch[0]]
    outbox.acknowledge([porch[0].key])
    refuse(outbox, garden[0])
    assert outbox.next(20) == porch[1:]


def test_a_broker_that_takes_what_it_never_refused_is_given_nothing_more(history: History, outbox: Outbox, message: Message) -> None:
    history.commit(Batch(outgoing=[message(seq=seq) for seq in range(3)]))
    outbox.next(20)
    refuse(outbox, message(seq=0), message(seq=1))
    outbox.acknowledge([message(seq=2).key])
    assert seqs(outbox) == []


def test_what_another_process_retries_is_sent_again(history: History, outbox: Outbox, tmp_path: Path, message: Message) -> None:
    history.commit(Batch(outgoing=[message()]))
    outbox.next(20)
    outbox.quarantine(message().key, "a NUL in its topic")
    assert seqs(outbox) == []
    assert python(RETRY_ALL, tmp_path / "history.db") == "1\n"
    assert seqs(outbox) == [0]


def test_a_payload_of_300_mb_is_quarantined_unread(history: History, tmp_path: Path, message: Message) -> None:
    path = tmp_path / "history.db"
    history.commit(Batch(outgoing=[message(seq=1)]))
    python(PUT_300_MB, path)
    handed_out, megabytes = python(HAND_OUT, path).split()
    assert handed_out == "e1"
    assert int(megabytes) < 20
    assert states(path) == {1: "waiting", 0: "poison"}
    assert python(RETRY_ALL, path) == "0\n"


def test_10_000_alerts_of_three_cameras_are_drained_in_order(history: History, outbox: Outbox, message: Message) -> None:
    cameras = ("a", "b", "c")
    history.commit(Batch(outgoing=[message(id=cameras[n % 3], camera=cameras[n % 3], seq=n) for n in range(10_000)]))
    drained: list[int] = []
    while messages := outbox.next(20):
        drained += [each.seq for each in messages]
        outbox.acknowledge([each.key for each in messages])
    assert drained == list(range(10_000))
    assert outbox.facts.waiting == 0


def test_handing_out_leaves_no_transaction_open(history: History, outbox: Outbox, tmp_path: Path, message: Message) -> None:
    history.commit(Batch(outgoing=[message(id=name, camera=name, seq=seq) for name in ("a", "b") for seq in range(5)]))
    outbox.next(3)
    history.commit(Batch(outgoing=[message(seq=7)]))
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert not busy


def test_a_file_that_is_set_aside_as_damaged_is_let_go_of(
    history: History, outbox: Outbox, tmp_path: Path, clock: ManualClock, message: Message
) -> None:
    path = tmp_path / "history.db"
    history.commit(Batch(outgoing=[message()]))
    assert seqs(outbox) == [0]
    history.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.write(b"\xde\xad" * 50)
    history.open()
    assert list(tmp_path.glob("history.db.corrupt-*"))
    history.commit(Batch(outgoing=[message(seq=1)]))
    assert seqs(outbox) == [1]
    outbox.acknowledge([message(seq=0).key, message(seq=1).key])
    assert states(path) == {}


def test_while_another_writes_messages_are_handed_out_and_verdicts_wait(
    history: History, outbox: Outbox, tmp_path: Path, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.record.second._PATIENCE", 0.0)
    history.commit(Batch(outgoing=[message(seq=0), message(seq=1)]))
    with closing(sqlite3.connect(tmp_path / "history.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert seqs(outbox, 1) == [0]
        outbox.acknowledge([message(seq=0).key])
        outbox.again()
        assert seqs(outbox) == [1]
        other.execute("ROLLBACK")
    outbox.acknowledge([message(seq=1).key])
    assert states(tmp_path / "history.db") == {}


def test_what_cannot_be_written_as_a_whole_is_not_written_at_all(history: History, second: SecondConnection) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO retained VALUES ('topic', 'note')")
        connection.execute("INSERT INTO retained VALUES ('topic', 'note')")

    assert not second.write(half)
    assert second.read(lambda connection: connection.execute("SELECT count(*) FROM retained").fetchone(), None) == (0,)
    assert second.write(lambda connection: None)


def test_on_a_full_disk_verdicts_wait_and_nothing_is_sent_twice(small_disk: Path, clock: ManualClock, message: Message) -> None:
    path = small_disk / "history.db"
    history = History(path, clock)
    history.commit(Batch(outgoing=[message(seq=seq) for seq in range(300)]))
    second = SecondConnection(path)
    outbox = Outbox(second, clock)
    assert len(seqs(outbox, 300)) == 300
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free))

    outbox.acknowledge([message(seq=seq).key for seq in range(299)])
    assert len(states(path)) == 300
    outbox.again()
    assert seqs(outbox) == [299]

    filler.unlink()
    outbox.acknowledge([])
    assert states(path) == {299: "waiting"}
    second.close()
    history.close()


def test_on_a_disk_that_is_read_only_messages_go_from_memory(small_disk: Path, clock: ManualClock, message: Message) -> None:
    path = small_disk / "history.db"
    history = History(path, clock)
    history.commit(Batch(outgoing=[message()]))
    history.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    second = SecondConnection(path)
    outbox = Outbox(second, clock)
    outbox.hold([message(seq=1)])
    assert seqs(outbox) == [1]
    outbox.acknowledge([message(seq=1).key])

    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert (seqs(outbox), outbox.held()) == ([0], [])
    second.close()
