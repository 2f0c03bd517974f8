"""The broker is away for an hour of alerts, which wait on the disk; then it is back."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.backoff import Backoff
from monitor.clock import ManualClock, SystemClock, stopwatch
from monitor.config.schema import MqttSettings
from monitor.dispatch import Dispatch
from monitor.publish.hearing import Hearing
from monitor.publish.lasting import MqttLink
from monitor.publish.link import Will
from monitor.publish.publisher import Publisher
from monitor.publish.topics import Topics
from monitor.publish.voice import Voice
from monitor.record.outbox import Outbox
from monitor.record.second import SecondConnection
from monitor.record.store import Batch, History
from monitor.values import Alert, EventType, Place, Severity
from tests.end_to_end.conftest import Subscriber, note
from tests.publish.conftest import Mosquitto

pytestmark = pytest.mark.real

CAMERAS = ("porch", "yard", "drive")
HOUR = 3600
TOPICS = Topics("monitor")


def alert_of_second(second: int, began: float) -> Alert:
    """One alert a second, cameras in uneven turns: most are the porch's."""
    camera = CAMERAS[0] if second % 2 else CAMERAS[second % 3]
    at = began + second
    return Alert(EventType.START, f"e{second:05}", 0, Place(camera, "frame", "cat"), "tabby", 0.9, Severity.ALERT, at, at, 0.0)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    made = History(tmp_path / "history.db", SystemClock())
    made.open()
    yield made
    made.close()


@pytest.fixture
def second(tmp_path: Path) -> Iterator[SecondConnection]:
    made = SecondConnection(tmp_path / "history.db")
    yield made
    made.close()


def test_an_hour_of_alerts_arrives_in_order_and_cameras_take_turns(
    history: History, second: SecondConnection, mosquitto: Mosquitto, subscribe: Callable[[int], Subscriber]
) -> None:
    wake, clock = threading.Event(), SystemClock()
    outbox, voice = Outbox(second, clock), Voice(TOPICS, wake.set)
    past = ManualClock(clock.now().mono - HOUR - 60, clock.now().wall - HOUR - 60)
    began = past.now().wall
    dispatch = Dispatch(outbox, voice, "box", wake.set)
    for number in range(HOUR):
        alerts = [alert_of_second(number, began)]
        history.commit(Batch(alerts, outgoing=dispatch.compose(alerts, past.advance(1.0))))

    dashboard = subscribe(mosquitto.port)
    hearing = Hearing(TOPICS, "monitor-box-abcdef", random=random.Random(1).random)
    will = Will(TOPICS.bridge_state, b'{"state":"offline"}')
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port)
    backoff = Backoff(random.Random(1).random, first=0.05)
    link = MqttLink(settings, "box", will, clock=clock, backoff=backoff, wake=wake.set, subscriptions=hearing.subscriptions)
    publisher = Publisher(link, voice, outbox, hearing, clock)
    begun = stopwatch()
    publisher.step(clock.now())
    while outbox.facts.waiting:
        wake.wait(publisher.step(clock.now()))
        wake.clear()
    took = stopwatch() - begun
    publisher.close()
    alerts_seen = dashboard.wait_for(lambda: dashboard.alerts() if len(dashboard.alerts()) == HOUR else None)
    note(f"{HOUR} alerts in {took:.1f} s: {HOUR / took:.0f} a second")

    for camera in CAMERAS:
        mine = [alert["id"] for alert in alerts_seen if alert["camera"] == camera]
        assert mine == sorted(mine)
    assert all(alert["delayed"] for alert in alerts_seen)
    last_of_the_smaller = max(number for number, alert in enumerate(alerts_seen) if alert["camera"] == "drive")
    turns = [alert["camera"] for alert in alerts_seen[:last_of_the_smaller]]
    assert all(one != next_one for one, next_one in pairwise(turns)), "nobody goes twice while others wait"
    assert json.loads(dashboard.on(f"{TOPICS.base}/bridge/state")[-1].payload) == {"state": "offline"}
