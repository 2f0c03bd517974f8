"""Whatever stands at the end of a log, in a label or in a row of the outbox: what is whole stays, and nothing blocks the line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.clock import ManualClock
from monitor.dispatch import Dispatch
from monitor.outgoing import Outgoing
from monitor.publish.hearing import Hearing
from monitor.publish.publisher import Publisher
from monitor.publish.sendable import check_sendable
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.record.detection_log import DetectionLog, alert_line
from monitor.record.outbox import Outbox
from monitor.record.outbox_desk import OutboxDesk
from monitor.record.outbox_rows import State
from monitor.record.reader import HistoryReader
from monitor.record.second import SecondConnection
from monitor.record.store import Batch, History
from monitor.values import Severity
from tests.publish.fakes import BOX, FakeLink
from tests.record.conftest import ALERT, MESSAGE, SIGHTING
from tests.strategies import AWKWARD, JSON, TEXTS, damaged, quick

LINES = [{"n": number, "text": "x" * (number * 7 % 50)} for number in range(12)]
TOPICS = Topics("monitor")
LARGEST = 100_000
"""Bytes of a payload that is read, here."""

one_folder = settings(quick, suppress_health_check=[HealthCheck.function_scoped_fixture])


def readable(path: Path) -> list[object]:
    """What a reader gets that passes over lines it cannot read."""
    found: list[object] = []
    for line in path.read_bytes().split(b"\n"):
        with suppress(ValueError, RecursionError):
            found.append(json.loads(line))
    return found


# The detection log


@one_folder
@given(tail=damaged(b"".join(json.dumps(line).encode() + b"\n" for line in LINES[6:])), text=TEXTS)
def test_a_log_that_was_cut_or_garbled_anywhere_keeps_what_is_whole_and_what_comes(tmp_path: Path, tail: bytes, text: str) -> None:
    path = tmp_path / "detections.jsonl"
    whole = b"".join(json.dumps(line).encode() + b"\n" for line in LINES[:6])
    path.write_bytes(whole + tail)
    log = DetectionLog(path)
    log.append([alert_line(replace(ALERT, label=text))])
    log.append([{"last": True}])
    found = readable(path)
    assert found[:6] == LINES[:6]
    assert found[-2:] == [alert_line(replace(ALERT, label=text)), {"last": True}]
    assert path.read_bytes().startswith(whole + tail)


@pytest.mark.parametrize("cut", range(1, 40))
def test_of_a_log_cut_at_any_byte_one_line_is_lost(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "detections.jsonl"
    log = DetectionLog(path)
    log.append(LINES[:3])
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    log.append(LINES[3:4])
    assert readable(path) == [line for line in LINES[:3] if json.dumps(line).encode() in whole[:-cut]] + LINES[3:4]


# The outbox


@dataclass
class Line:
    """The way of an alert from the record thread to the broker. sent: what went out since the last `drive`."""

    folder: Path
    clock: ManualClock
    history: History
    outbox: Outbox
    link: FakeLink
    dispatch: Dispatch
    publisher: Publisher

    def drive(self) -> list[tuple[str, bytes]]:
        """Let the publisher send what it can; give the alerts among it."""
        self.link.sent.clear()
        for _ in range(6):
            self.publisher.step(self.clock.now())
        return [(topic, payload) for topic, payload in self.link.sent if not topic.startswith("monitor/bridge/")]

    def states(self) -> list[State]:
        with OutboxDesk(self.folder / "history.db") as desk:
            return [row.state for row in desk.rows()]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    folder, clock = tmp_path_factory.mktemp("line"), ManualClock()
    history = History(folder / "history.db", clock)
    history.open()
    second = SecondConnection(folder / "history.db")
    outbox, link, voice = Outbox(second, clock, LARGEST), FakeLink(), Voice(TOPICS, lambda: None)
    hearing = Hearing(TOPICS, BOX, random=lambda: 0.5)
    yield Line(
        *(folder, clock, history, outbox, link),
        Dispatch(outbox, voice, "pi", lambda: None),
        Publisher(link, voice, outbox, hearing, clock),
    )
    second.close()
    history.close()


NUMBER = iter(range(10**9))


@quick
@given(label=TEXTS, score=st.floats(0, 1))
def test_an_alert_of_any_label_is_kept_and_arrives_whole(line: Line, label: str, score: float) -> None:
    alert = replace(ALERT, id=f"a{next(NUMBER)}", label=label, score=score)
    shown = label.encode(errors="replace").decode()
    messages = line.dispatch.compose([alert], line.clock.now())
    line.history.commit(Batch([alert], [replace(SIGHTING, label=label, first=float(next(NUMBER)))], outgoing=messages))
    line.dispatch.committed(messages)
    [(topic, payload)] = line.drive()
    check_sendable(topic, payload)
    told = json.loads(payload)
    assert (topic, told["id"], told["label"]) == ("monitor/porch/alert", alert.id, shown)
    assert line.outbox.facts.waiting == 0


ROWS = st.builds(
    Outgoing,
    id=st.just(""),
    seq=st.just(0),
    camera=st.sampled_from(["porch", "yard", "", "a\0b", "猫"]),
    severity=st.sampled_from(Severity),
    topic=st.just("monitor/porch/alert") | st.sampled_from([text for text in AWKWARD if text.isprintable() or "\0" in text]) | st.text(),
    payload=st.one_of(
        st.binary(max_size=50),
        JSON.map(lambda value: json.dumps(value).encode()),
        st.sampled_from([b"", b"{}", b'{"delayed":NaN}', b'{"a":' * 15_000 + b"1" + b"}" * 15_000, b"[" * 90_000, bytes(LARGEST + 1)]),
    ),
    since=st.sampled_from([float("-inf"), 0.0, 1000.0, 1e12]),
)


@quick
@given(rows=st.lists(ROWS, min_size=1, max_size=5))
def test_a_row_of_any_content_is_sent_or_set_aside_and_blocks_nothing(line: Line, rows: list[Outgoing]) -> None:
    rows = [replace(row, id=f"r{next(NUMBER)}") for row in rows]
    before = len(line.states())
    line.history.commit(Batch(outgoing=[*rows, replace(MESSAGE, id=f"m{next(NUMBER)}")]))
    sent = line.drive()
    for topic, payload in sent:
        check_sendable(topic, payload)
    states = line.states()
    assert MESSAGE.payload.replace(b"false", b"true") in [payload.replace(b"false", b"true") for _, payload in sent]
    assert set(states) <= {State.POISON}
    assert len(sent) + len(states) - before == len(rows) + 1
    assert line.outbox.facts.waiting == 0


# Retention


@one_folder
@given(
    counts=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    before=st.sampled_from([-1e18, 0.0, 50.0, 1.8e9, 1e18]),
    max_bytes=st.sampled_from([0, 1, 50_000, 10**12]),
    short=st.booleans(),
)
def test_a_call_lets_go_of_no_more_than_its_share(
    tmp_path: Path, counts: tuple[int, int], before: float, max_bytes: int, short: bool
) -> None:
    path = tmp_path / f"{next(NUMBER)}.db"
    history = History(path, ManualClock(wall=before))
    sightings = [replace(SIGHTING, first=float(n), last=float(n)) for n in range(counts[0])]
    history.commit(Batch([replace(ALERT, seq=n, time=float(n)) for n in range(counts[1])], sightings))
    gone = history.prune(0.0, max_bytes, short=short)
    history.close()
    with HistoryReader(path) as reader:
        left = len(list(reader.sightings())), len(list(reader.alerts()))
    assert gone == sum(counts) - sum(left)
    most = 100  # of a table and a reason: of so few rows a tenth would take for ever
    assert counts[0] - left[0] <= (1 + (max_bytes < 10**12) + short) * most
    assert counts[1] - left[1] <= (1 + (max_bytes < 10**12)) * most
