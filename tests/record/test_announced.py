"""What is remembered of the broker."""

from __future__ import annotations

import logging

import pytest

from monitor.record.announced import AnnouncedTopics
from monitor.record.second import SecondConnection
from monitor.record.store import History


def test_what_was_kept_last_is_recalled_after_a_restart(history: History, second: SecondConnection) -> None:
    announced = AnnouncedTopics(second)
    assert announced.recall() == {}
    announced.keep({"monitor/porch/cat": "", "homeassistant/device/x/config": "hash"})
    announced.keep({"monitor/porch/dog": "", "homeassistant/device/x/config": "another"})
    second.close()
    assert AnnouncedTopics(second).recall() == {"monitor/porch/dog": "", "homeassistant/device/x/config": "another"}


def test_a_disk_without_a_history_remembers_nothing_and_says_so(second: SecondConnection, caplog: pytest.LogCaptureFixture) -> None:
    announced = AnnouncedTopics(second)
    with caplog.at_level(logging.WARNING):
        assert announced.recall() == {}
        announced.keep({"monitor/porch/cat": ""})
    assert "history.db: no history there" in caplog.text
    assert "what is retained at the MQTT broker could not be noted" in caplog.text
