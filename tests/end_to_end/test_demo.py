"""Out of the box: the shipped configuration's camera and broker."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.end_to_end.conftest import EMBEDDED, Daemon, Subscriber, embedded_port, note, settings

pytestmark = pytest.mark.slow


def test_the_demo_alerts_an_ordinary_client_within_thirty_seconds_and_ends_cleanly(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber]
) -> None:
    box = daemon(settings({"demo": {"source": "demo"}}, EMBEDDED))
    port = embedded_port(box)
    dashboard = subscribe(port)
    start = dashboard.wait("monitor/demo/alert", 30, event_type="start", rule="cat")
    assert start.at - box.began < 30
    assert start.body["label"] in {"tabby", "tiger cat", "Egyptian cat", "Persian cat"}
    assert start.body["score"] >= 0.5
    picture = dashboard.wait("monitor/demo/snapshot")
    assert picture.at <= start.at
    assert picture.payload.startswith(b"\xff\xd8")
    state = dashboard.wait("monitor/demo/cat", state="ON", episode=start.body["id"])
    assert state.at <= start.at

    late = subscribe(port, "late")
    assert late.wait("monitor/demo/snapshot").retain
    assert late.wait("monitor/bridge/state", state="online").retain
    assert late.wait("monitor/demo/availability", state="online").retain
    assert not late.on("monitor/demo/alert")

    took = box.stop(signal.SIGINT)
    dashboard.wait("monitor/bridge/state", state="offline")
    note(f"alert after {start.at - box.began:.1f} s, end after {took:.2f} s")
