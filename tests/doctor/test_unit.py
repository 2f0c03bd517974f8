from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from monitor.config.schema import Config
from monitor.doctor.daemon import Running
from monitor.doctor.finding import Finding
from monitor.doctor.unit import check_unit, read_unit

GOOD = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "User": "monitor",
    "MainPID": "77",
    "NRestarts": "0",
    "WatchdogUSec": "1min",
    "NeedDaemonReload": "no",
    "MemoryDenyWriteExecute": "yes",
}
RUNS = Running(runs=True, pid=77)


def config(engine: str = "auto") -> Config:
    return Config.model_validate({"cameras": {"porch": {"source": "demo"}}, "model": {"engine": engine}})


def judged(root: Path, changes: Mapping[str, str], running: Running = RUNS, engine: str = "auto") -> list[Finding]:
    return list(check_unit({**GOOD, **changes}, running, config(engine), root))


def test_a_service_as_it_should_be_is_one_line_with_its_user_and_process(tmp_path: Path) -> None:
    (finding,) = judged(tmp_path, {})
    assert (finding.level, finding.told) == ("ok", "monitor.service is active as user monitor, process 77")


@pytest.mark.parametrize(
    ("changes", "level", "told", "remedy"),
    [
        ({"LoadState": "not-found"}, "warning", "not installed", "make install-service"),
        ({"LoadState": "masked"}, "problem", "masked", "systemctl unmask"),
        ({"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "69"}, "problem", "exit code 69", "journalctl -u monitor"),
        ({"ActiveState": "inactive"}, "warning", "is not monitor.service", "start the service"),
        ({"UnitFileState": "disabled"}, "warning", "not enabled", "systemctl enable monitor"),
        ({"WatchdogUSec": "infinity"}, "warning", "no watchdog", "make install-service"),
        ({"NeedDaemonReload": "yes"}, "warning", "changed on the disk", "daemon-reload"),
        ({"User": ""}, "warning", "as root", "User=monitor"),
    ],
)
def test_each_thing_that_is_not_as_it_should_be_is_told_with_what_mends_it(
    tmp_path: Path, changes: dict[str, str], level: str, told: str, remedy: str
) -> None:
    (finding,) = [finding for finding in judged(tmp_path, changes) if finding.level != "ok"]
    assert finding.level == level
    assert told in finding.told
    assert remedy in finding.remedy


def test_an_installed_service_that_does_not_run_is_a_problem_if_nothing_else_watches(tmp_path: Path) -> None:
    (finding,) = judged(tmp_path, {"ActiveState": "inactive"}, Running())
    assert (finding.level, finding.remedy) == ("problem", "sudo systemctl enable --now monitor")


def test_how_often_it_was_started_again_is_told(tmp_path: Path) -> None:
    assert judged(tmp_path, {"NRestarts": "3"})[0].told.endswith("started again 3 times")


def test_an_engine_that_the_unit_keeps_from_working_is_a_problem(tmp_path: Path) -> None:
    assert [f.level for f in judged(tmp_path, {}, engine="torch")] == ["ok", "problem"]
    assert [f.level for f in judged(tmp_path, {"MemoryDenyWriteExecute": "no"}, engine="torch")] == ["ok"]


def test_a_second_unit_in_a_home_is_found(tmp_path: Path) -> None:
    other = tmp_path / "home/eve/.config/systemd/user/monitor.service"
    other.parent.mkdir(parents=True)
    other.touch()
    assert str(other) in judged(tmp_path, {})[-1].told


def test_without_systemd_nothing_is_wrong(tmp_path: Path) -> None:
    assert read_unit(tmp_path / "none") is None
    assert [f.level for f in check_unit(None, RUNS, config(), tmp_path)] == ["ok"]


def test_the_properties_are_read_from_systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "systemctl"
    program.write_text(
        '#!/bin/sh\ntest "$1 $2" = "show monitor.service" && printf "LoadState=loaded\\nUser=monitor\\nOdd\\nExecStart=a=b\\n"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert read_unit(tmp_path) == {"LoadState": "loaded", "User": "monitor", "ExecStart": "a=b"}


def test_a_systemctl_that_says_nothing_is_no_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_unit(tmp_path) is None
