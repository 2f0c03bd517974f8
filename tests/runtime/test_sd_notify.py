from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.runtime.sd_notify import Notifier
from monitor.values import Moment


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def systemd(path: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.settimeout(5)
        yield listener


def heard(listener: socket.socket) -> list[str]:
    return listener.recv(4096).decode().split("\n")


def silent(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        listener.recv(4096)
    except BlockingIOError:
        return True
    return False


def test_systemd_hears_each_change_of_state(systemd: socket.socket, path: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000"})
    notifier.ready("2 cameras, resnet18")
    assert heard(systemd) == ["READY=1", "STATUS=2 cameras, resnet18"]
    notifier.ready()
    assert heard(systemd) == ["READY=1"]
    notifier.status("porch is offline")
    assert heard(systemd) == ["STATUS=porch is offline"]
    notifier.watchdog()
    assert heard(systemd) == ["WATCHDOG=1"]
    notifier.reloading(Moment(mono=12.5, wall=0))
    assert heard(systemd) == ["RELOADING=1", "MONOTONIC_USEC=12500000"]
    notifier.extend_timeout(90)
    assert heard(systemd) == ["EXTEND_TIMEOUT_USEC=90000000"]
    notifier.stopping()
    assert heard(systemd) == ["STOPPING=1"]


def test_a_status_cannot_smuggle_in_another_assignment(systemd: socket.socket, path: str) -> None:
    Notifier({"NOTIFY_SOCKET": path}).status("camera said\nSTOPPING=1\r\n\udcff")
    assert heard(systemd) == ["STATUS=camera said STOPPING=1 ?"]


def test_an_abstract_socket_is_understood() -> None:
    name = f"monitor-test-{os.getpid()}-{os.urandom(4).hex()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        listener.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@" + name}).ready()
        assert heard(listener) == ["READY=1"]


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}, {"WATCHDOG_USEC": "60000000"}])
def test_nothing_happens_where_systemd_does_not_listen(environ: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier(environ)
    notifier.ready()
    notifier.watchdog()
    assert notifier.watchdog_interval is None
    assert not caplog.records


def test_the_watchdog_is_fed_twice_as_often_as_it_bites(path: str) -> None:
    assert Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000"}).watchdog_interval == 30
    assert Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "41"}, pid=41).watchdog_interval == 1.5


@pytest.mark.parametrize("usec", ["", "0", "-5", "soon"])
def test_a_watchdog_that_is_off_is_not_fed(systemd: socket.socket, path: str, usec: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": usec})
    notifier.watchdog()
    assert silent(systemd)


def test_a_watchdog_meant_for_another_process_is_not_fed(systemd: socket.socket, path: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "40"}, pid=41)
    notifier.watchdog()
    assert notifier.watchdog_interval is None
    assert silent(systemd)


def test_a_socket_that_is_gone_is_told_once_and_never_raised(path: str, caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": path})
    with caplog.at_level(logging.WARNING):
        notifier.ready()
        notifier.status("still here")
    assert len(caplog.records) == 1
