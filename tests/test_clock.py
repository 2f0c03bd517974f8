"""What is known of the wall clock."""

from __future__ import annotations

import ctypes
from pathlib import Path
from types import SimpleNamespace

import pytest

from monitor.clock import SystemClock, TimeQuality, installed_at, is_synchronised, time_quality


def test_a_time_before_we_were_installed_was_set_by_nobody() -> None:
    assert time_quality(0.0, True, 1.7e9) is TimeQuality.UNSET
    assert time_quality(1.7e9, True, 1.7e9) is TimeQuality.SYNCHRONISED
    assert time_quality(1.7e9, False, 1.7e9) is TimeQuality.UNSYNCHRONISED
    assert time_quality(1.7e9, None, 1.7e9) is None
    assert installed_at() < SystemClock().now().wall


@pytest.mark.parametrize(("state", "known"), [(0, True), (2, True), (5, False)])
def test_the_kernel_knows_whether_its_clock_is_kept(monkeypatch: pytest.MonkeyPatch, state: int, known: bool) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(adjtimex=lambda _: state))
    assert is_synchronised() is known


def test_where_the_kernel_may_not_be_asked_systemd_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(adjtimex=lambda _: -1))
    assert is_synchronised(tmp_path / "never") is None
    assert is_synchronised(tmp_path) is False
    (tmp_path / "synchronized").touch()
    assert is_synchronised(tmp_path) is True


def test_the_kernel_here_can_be_asked() -> None:
    assert is_synchronised() in (True, False, None)
