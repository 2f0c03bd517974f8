"""What checks are made of: accounts, cameras and brokers from the neighbours' tests, and findings in short."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

from monitor.doctor.account import Account
from monitor.doctor.finding import Finding
from tests.camera.conftest import _opencv, camera, h264_stream
from tests.publish.conftest import driver, link_to, listen, mosquitto, scripted, wake

__all__ = ["_opencv", "camera", "driver", "h264_stream", "link_to", "listen", "mosquitto", "scripted", "wake"]


def levels(findings: Iterable[Finding]) -> list[str]:
    """How bad each is."""
    return [str(finding.level) for finding in findings]


@pytest.fixture
def me() -> Account:
    return Account("me", os.geteuid(), frozenset(os.getgroups()))


@pytest.fixture
def stranger() -> Account:
    """A user who owns nothing here."""
    return Account("monitor", 54_321, frozenset({54_321}))
