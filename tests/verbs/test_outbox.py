from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.config.schema import OutboxSettings
from monitor.outgoing import Outgoing
from monitor.record.outbox import Outbox
from monitor.record.second import SecondConnection
from monitor.record.store import Batch, History
from monitor.values import Severity
from tests.verbs.conftest import Run

PAYLOAD = {"event_type": "start", "rule": "red", "delayed": False}
MESSAGE = Outgoing("e1", 0, "porch", Severity.ALERT, "monitor/porch/alert", json.dumps(PAYLOAD).encode(), 990.0)


@pytest.fixture
def outbox(config: Path) -> Iterator[Outbox]:
    """The outbox of a daemon that is running: one message waits, one was refused twice, one is poison, and one was lost."""
    path = config.parent / "logs" / "history.db"
    clock = ManualClock()
    history = History(path, clock, OutboxSettings(max_rows=3))
    history.commit(Batch(outgoing=[replace(MESSAGE, seq=seq) for seq in range(-1, 3)]))
    second = SecondConnection(path)
    outbox = Outbox(second, clock)
    outbox.next(20)
    for _ in range(2):
        outbox.refuse(("e1", 1), "not authorised")
    outbox.quarantine(("e1", 2), "a NUL in its topic")
    yield outbox
    second.close()
    history.close()


def states(run: Run) -> dict[int, str]:
    return {row["seq"]: row["state"] for row in run("outbox", "--json").rows()}


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize("words", [["outbox"], ["outbox", "list"]])
def test_every_alert_is_listed_with_its_state_and_the_totals_are_told(run: Run, words: list[str]) -> None:
    ran = run(*words)
    assert ran.code == 0
    waiting, rejected, poison = (line.split() for line in ran.out.splitlines())
    assert (waiting[:2], waiting[3:]) == (["2", "waiting"], ["porch", "red", "start", "0", "tries"])
    assert (rejected[:2], rejected[3:]) == (["3", "rejected"], ["porch", "red", "start", "2", "tries", "not", "authorised"])
    assert (poison[:2], poison[6:]) == (["4", "poison"], ["0", "tries", "a", "NUL", "in", "its", "topic"])
    assert ran.err.startswith("1 waiting, 1 rejected, 1 poison; 0.0 MB; lost for want of room: 1 alerts, 0 notices (2023-11-1")


@pytest.mark.usefixtures("outbox")
def test_each_json_line_is_an_alert_with_its_payload_as_an_object(run: Run) -> None:
    _, rejected, _ = run("outbox", "--json").rows()
    assert rejected.pop("created").startswith("2023-11-1")
    assert rejected == {
        "id": 3,
        "state": "rejected",
        "episode": "e1",
        "seq": 1,
        "camera": "porch",
        "topic": "monitor/porch/alert",
        "payload": PAYLOAD,
        "attempts": 2,
        "error": "not authorised",
    }


def test_retry_sends_everything_again_that_was_set_aside(run: Run, outbox: Outbox) -> None:
    assert outbox.next(20) == []
    assert run("outbox", "retry").out == "2 alerts wait again\n"
    assert [message.seq for message in outbox.next(20)] == [1, 2]
    assert states(run) == dict.fromkeys(range(3), "waiting")
    assert run("outbox", "retry", "--json").rows() == [{"waiting_again": 0}]


@pytest.mark.usefixtures("outbox")
def test_retry_of_one_leaves_the_others(run: Run) -> None:
    assert run("outbox", "retry", "4").out == "1 alert waits again\n"
    assert states(run) == {0: "waiting", 1: "rejected", 2: "waiting"}


@pytest.mark.usefixtures("outbox")
def test_drop_says_what_was_dropped(run: Run) -> None:
    assert run("outbox", "drop", "4").out.startswith("dropped: 4  poison")
    assert states(run) == {0: "waiting", 1: "rejected"}
    (dropped,) = run("outbox", "drop", "3", "--json").rows()
    assert (dropped["id"], dropped["seq"]) == (3, 1)


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize("words", [["drop", "99"], ["retry", "99"], ["retry", "-1"], ["drop"], ["list", "1"], ["send"], ["drop", "x"]])
def test_a_wish_that_makes_no_sense_is_wrong_usage_and_changes_nothing(run: Run, words: list[str]) -> None:
    ran = run("outbox", *words)
    assert (ran.code, ran.out) == (2, "")
    assert states(run) == {0: "waiting", 1: "rejected", 2: "poison"}


@pytest.mark.usefixtures("outbox")
def test_an_alert_whose_payload_cannot_be_read_is_listed_all_the_same_and_is_not_retried_where_it_was_not_kept(
    run: Run, config: Path
) -> None:
    with closing(sqlite3.connect(config.parent / "logs" / "history.db", isolation_level=None)) as connection:
        connection.execute("UPDATE outbox SET payload = NULL WHERE id = 4")
        connection.execute("UPDATE outbox SET payload = x'ff' WHERE id = 3")
    assert [row["payload"] for row in run("outbox", "--json").rows()] == [PAYLOAD, None, None]
    assert "monitor/porch/alert" in run("outbox").out.splitlines()[1]
    ran = run("outbox", "retry", "4")
    assert (ran.code, ran.out) == (2, "")
    assert "the payload of alert 4 was not kept: it can only be dropped" in ran.err
    assert run("outbox", "retry").out == "1 alert waits again\n"


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("words", [["list"], ["retry"], ["drop", "1"]])
def test_a_history_that_is_not_there_yet_is_said_to_be_missing(run: Run, words: list[str]) -> None:
    ran = run("outbox", *words)
    assert (ran.code, ran.out) == (1, "")
    assert "history.db: no history there" in ran.err


@pytest.mark.usefixtures("outbox")
def test_somebody_who_may_not_write_is_told_which_group_to_join(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode, **_: mode == 4)
    assert run("outbox", "list").code == 0
    ran = run("outbox", "retry")
    assert (ran.code, ran.out) == (1, "")
    assert "no permission to write the history; members of the group `monitor` may: sudo usermod -aG monitor $USER" in ran.err
