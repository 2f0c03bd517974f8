"""A broker that dies while alerts happen."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import SystemClock, stopwatch
from tests.end_to_end.conftest import Daemon, Subscriber, committed_alerts, note, settings
from tests.publish.conftest import Mosquitto

pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_no_committed_alert_is_lost_by_a_broker_that_is_killed_again_and_again(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, visits_clip: Path
) -> None:
    cameras = {name: {"source": str(visits_clip), "loop": True} for name in ("one", "two", "three")}
    rules = [{"label": "cat", "looks": 1, "hold": "300ms", "cooldown": "0s"}]
    clock = SystemClock()
    dashboard = subscribe(mosquitto.port)
    box = daemon(settings(cameras, mosquitto.port, rules=rules))
    outages: list[tuple[float, float]] = []
    for _ in range(3):
        dashboard.wait_for_more_alerts(5)
        mosquitto.kill()
        went = clock.now().wall
        mosquitto.start()
        dashboard.wait_subscribed()
        dashboard.wait("monitor/bridge/state", since=stopwatch(), state="online")
        outages.append((went, clock.now().wall))
    dashboard.wait("monitor/one/alert", since=stopwatch(), delayed=False)
    box.stop(signal.SIGTERM)
    committed = committed_alerts(box)
    dashboard.wait_for(lambda: keys(committed) <= keys(dashboard.alerts()))

    received: dict[tuple[str, int], dict[str, Any]] = {}
    for alert in dashboard.alerts():
        first = received.setdefault((alert["id"], alert["seq"]), alert)
        assert first | {"delayed": None} == alert | {"delayed": None}
    assert received.keys() == keys(committed)
    assert any(went < alert["time_unix"] < back for alert in received.values() for went, back in outages)
    note(f"{len(committed)} committed, {len(dashboard.alerts())} received")


def keys(alerts: list[dict[str, Any]]) -> set[tuple[str, int]]:
    """What duplicates are known by."""
    return {(alert["id"], alert["seq"]) for alert in alerts}
