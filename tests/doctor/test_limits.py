from __future__ import annotations

import socket
from pathlib import Path

import pytest

from monitor.config.schema import WebSettings
from monitor.doctor.daemon import Running
from monitor.doctor.limits import check_open_files, check_port
from tests.doctor.conftest import levels

NOBODY = Running()


@pytest.mark.parametrize(
    ("running", "limit", "level"), [(NOBODY, 1024, "ok"), (NOBODY, 32, "problem"), (Running(runs=True, pid=77), 96, "ok")]
)
def test_the_limit_is_that_of_the_daemon_or_else_our_own(tmp_path: Path, running: Running, limit: int, level: str) -> None:
    whose = tmp_path / "proc" / ("77" if running.runs else "self")
    whose.mkdir(parents=True)
    (whose / "limits").write_text(f"Max processes  1  1  processes\nMax open files            {limit}   524288   files\n")
    assert levels(check_open_files(2, running, tmp_path)) == [level]


def test_a_limit_that_is_not_told_is_not_judged(tmp_path: Path) -> None:
    assert levels(check_open_files(2, NOBODY, tmp_path)) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_port_that_another_program_has_is_a_warning(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        web = WebSettings.model_construct(enabled=True, listen=f"{host}:{port}")
        assert levels(check_port(web, NOBODY)) == ["warning"]
        assert levels(check_port(web, Running(runs=True, pid=1))) == []
        assert levels(check_port(web.model_copy(update={"enabled": False}), NOBODY)) == []
    assert levels(check_port(web, NOBODY)) == ["ok"]
