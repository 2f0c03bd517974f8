"""Alerts as messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.dispatch import Dispatch
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.record.outbox import Outbox
from monitor.record.second import SecondConnection
from tests.spine import an_alert


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def woken() -> list[None]:
    return []


@pytest.fixture
def dispatch(tmp_path: Path, clock: ManualClock, woken: list[None]) -> Iterator[Dispatch]:
    file = SecondConnection(tmp_path / "history.db")
    yield Dispatch(Outbox(file, clock), Voice(Topics("B"), lambda: None), "pi", lambda: woken.append(None))
    file.close()


def test_a_message_goes_to_its_cameras_topic_and_names_this_box(dispatch: Dispatch, clock: ManualClock) -> None:
    [message] = dispatch.compose([an_alert()], clock.now())
    assert message.topic == "B/porch/alert"
    assert message.key == ("e1", 0)
    told = json.loads(message.payload)
    assert (told["node"], told["delayed"]) == ("pi", False)


@pytest.mark.parametrize(("age", "since"), [(0.0, 0.0), (7.5, 7.5), (-3600.0, 0.0)], ids=["now", "earlier", "a clock that went back"])
def test_a_message_is_as_old_as_what_it_tells_of(dispatch: Dispatch, clock: ManualClock, age: float, since: float) -> None:
    now = clock.now()
    [message] = dispatch.compose([replace(an_alert(), time=now.wall - age)], now)
    assert message.since == pytest.approx(now.mono - since)


def test_what_json_cannot_hold_costs_its_message_and_nothing_else(
    dispatch: Dispatch, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    alerts = [replace(an_alert(0), score=float("nan")), an_alert(1)]
    assert [message.seq for message in dispatch.compose(alerts, clock.now())] == [1]
    assert "alert e1/0 cannot be sent" in caplog.text


def test_what_the_disk_refused_is_sent_and_written_with_the_next(dispatch: Dispatch, clock: ManualClock, woken: list[None]) -> None:
    dispatch.refused(dispatch.compose([an_alert(0)], clock.now()))
    assert len(woken) == 1
    messages = dispatch.compose([an_alert(1)], clock.now())
    assert [message.seq for message in messages] == [0, 1]
    dispatch.committed(messages)
    assert not dispatch.compose([], clock.now())
