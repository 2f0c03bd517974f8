"""No alert is lost: daemon, link and broker are killed at random while alerts flow."""

from __future__ import annotations

import json
import random
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import SystemClock
from tests.end_to_end.conftest import Daemon, Subscriber, committed_alerts, note, settings, verb
from tests.faults.conftest import FULL, Link
from tests.publish.conftest import Mosquitto

pytestmark = [pytest.mark.real, pytest.mark.slow]

KILLS = 200 if FULL else 9
LONGEST_PAUSE = 1.0
"""Seconds between two kills, at most."""

Key = tuple[str, int]


@pytest.mark.timeout(1200)
def test_whatever_is_killed_no_committed_alert_is_lost(
    daemon: Callable[..., Daemon],
    subscribe: Callable[..., Subscriber],
    mosquitto: Mosquitto,
    link: Callable[[int], Link],
    colours: Path,
    blinking: Path,
    request: pytest.FixtureRequest,
) -> None:
    chance = random.Random(request.config.getoption("randomly_seed", 1))
    proxy = link(mosquitto.port)
    config = settings(
        {name: {"source": str(blinking), "loop": True, "fps": 20, "motion": {"enabled": False}} for name in ("one", "two", "three")},
        proxy.port,
        model={"name": "colours", "weights": str(colours)},
        rules=[{"label": "red", "looks": 1, "hold": "0s", "cooldown": "0s"}],
        snapshots={"enabled": False},
    )
    dashboard = subscribe(mosquitto.port)
    box = daemon(config)
    dashboard.wait_for_more_alerts(3)
    killed = dict.fromkeys(("daemon", "link", "broker"), 0)
    outages: list[tuple[float, float]] = []
    for number in range(KILLS):
        victim = ("daemon", "link", "broker")[number % 3] if number < 3 else chance.choice(("daemon", "link", "broker"))
        killed[victim] += 1
        threading.Event().wait(chance.uniform(0, LONGEST_PAUSE))  # any moment may be the worst
        match victim:
            case "daemon":
                box.kill()
                box = daemon(None)
            case "link":
                proxy.kill()
                proxy.start()
            case "broker":
                went = SystemClock().now().wall
                mosquitto.kill()
                mosquitto.start()
                dashboard.wait_subscribed()
                outages.append((went - 1.0, SystemClock().now().wall))
        if number % 5 == 0:  # now and then everything is well for long enough to make progress
            dashboard.wait_for_more_alerts(1)
    now = SystemClock().now().wall
    for camera in ("one", "two", "three"):  # until what waited has gone out, each in its turn
        dashboard.wait_for(partial(tells_of_later, dashboard, camera, now), 30, f"alert of {camera} from after {now}")
    box.stop(signal.SIGTERM)

    waiting = {(row["episode"], row["seq"]) for row in map(json.loads, verb(box, "outbox", "list", "--json").splitlines())}
    committed = committed_alerts(box)
    keys = [(alert["id"], alert["seq"]) for alert in committed]
    dashboard.wait_for(lambda: len(set(keys) - waiting - set(received(dashboard))) <= len(outages) * 40, what="the last alerts")
    got = received(dashboard)
    missing = [alert for alert in committed if (alert["id"], alert["seq"]) not in got and (alert["id"], alert["seq"]) not in waiting]
    forgotten = [alert for alert in missing if any(went <= told_at(alert) <= back for went, back in outages)]
    note(
        f"killed: {killed}; committed {len(committed)}, received {len(got)} ({len(dashboard.alerts()) - len(got)} twice), "
        f"still waiting {len(waiting)}, acknowledged by a broker that then forgot them {len(forgotten)}"
    )
    assert missing == forgotten
    assert not waiting
    for camera in ("one", "two", "three"):
        mine = [key for key in got if got[key]["camera"] == camera]
        order = [key for key in keys if key in got and got[key]["camera"] == camera]
        assert mine == order


def received(dashboard: Subscriber) -> dict[Key, dict[str, Any]]:
    """The alerts by key, in the order of their first coming; each later one must be the same but for `delayed`."""
    found: dict[Key, dict[str, Any]] = {}
    for alert in dashboard.alerts():
        first = found.setdefault((alert["id"], alert["seq"]), alert)
        assert first | {"delayed": None} == alert | {"delayed": None}
    return found


def tells_of_later(dashboard: Subscriber, camera: str, wall: float) -> bool:
    """Whether an alert of what happened at a camera after `wall` (Unix seconds) has come."""
    return any(alert["camera"] == camera and alert["time_unix"] > wall for alert in dashboard.alerts())


def told_at(alert: dict[str, Any]) -> float:
    """When an alert of the history happened, in Unix seconds."""
    return datetime.fromisoformat(alert["time"]).timestamp()
