"""Every message of a real daemon says what its schema says."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.clock import stopwatch
from tests.end_to_end.conftest import Daemon, Subscriber, settings
from tests.publish.brokers import Mosquitto
from tests.share.schema import check, name_for

pytestmark = [pytest.mark.real, pytest.mark.slow]

SEEN = {"bridge_state", "bridge_info", "bridge_health", "bridge_lost", "availability", "problem", "rule", "alert", "stats", "response"}


def test_each_message_on_the_broker_keeps_to_its_schema(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], mosquitto: Mosquitto, visits_clip: Path
) -> None:
    camera = {"source": str(visits_clip), "loop": True, "zones": {"drive": [[0, 0], [1, 0], [1, 1], [0, 1]]}}
    rules = [{"label": "cat", "looks": 1, "hold": "300ms", "cooldown": "0s", "zones": ["frame", "drive"]}]
    dashboard = subscribe(mosquitto.port)
    box = daemon(settings({"porch": camera, "gone": {"source": "rtsp://127.0.0.1:9/none"}}, mosquitto.port, rules=rules))
    dashboard.wait("monitor/porch/alert", event_type="end")
    dashboard.ask("classify", {"camera": "porch", "transaction": "a"})
    dashboard.ask("nonsense")
    dashboard.wait("monitor/gone/availability", 20, state="offline")
    dashboard.wait("monitor/bridge/health", 20)
    dashboard.wait("monitor/porch/stats", 20)
    box.stop(signal.SIGTERM)
    dashboard.wait("monitor/bridge/state", since=stopwatch() - 3, state="offline")
    checked = set()
    for message in dashboard.messages:
        if message.payload and (name := name_for(message.topic)) is not None and not message.topic.endswith("/set"):
            check(name, message.payload)
            checked.add(name)
    assert checked >= SEEN
