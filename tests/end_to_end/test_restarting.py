"""What becomes of an episode when the daemon ends in the middle of it, and who may write the history."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.conftest import EMBEDDED, Daemon, Subscriber, committed_alerts, embedded_port, settings

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("how", ["kill -9", "SIGTERM"])
def test_an_episode_goes_on_over_a_restart_and_ends_with_its_rule(
    daemon: Callable[..., Daemon], subscribe: Callable[..., Subscriber], cat_clip: Path, how: str
) -> None:
    config = settings({"hall": {"source": str(cat_clip), "loop": True}}, EMBEDDED)
    first = daemon(config)
    episode = subscribe(embedded_port(first)).wait("monitor/hall/alert", event_type="start").body["id"]
    first.kill() if how == "kill -9" else first.stop(signal.SIGTERM)

    second = daemon(config)
    dashboard = subscribe(embedded_port(second), "another")
    dashboard.wait("monitor/hall/cat", state="ON", episode=episode)
    # After a kill the start may come once more, if nobody had written down yet that the first broker has it; it is the same one.
    assert {(alert["id"], alert["seq"]) for alert in dashboard.alerts()} <= ({(episode, 0)} if how == "kill -9" else set())
    second.stop(signal.SIGTERM)

    third = daemon(config | {"rules": []})
    third.line("rule_removed")
    third.stop(signal.SIGTERM)
    spoken = [(alert["event_type"], alert["id"], alert["seq"], alert["reason"]) for alert in committed_alerts(third)]
    assert spoken == [("start", episode, 0, None), ("end", episode, 1, "rule_removed")]


def test_a_second_run_on_the_same_history_is_refused_and_names_the_first(daemon: Callable[..., Daemon], wall_clip: Path) -> None:
    config = settings({"yard": {"source": str(wall_clip), "loop": True}})
    first = daemon(config)
    first.line("yard: connected")
    second = daemon(config)
    assert second.wait(20) == 69
    assert f"process {first.pid};" in second.said[-1]
    assert "Traceback" not in second.text
    first.stop(signal.SIGTERM)
