from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "monitor.service"


def directives(path: Path) -> list[tuple[str, str]]:
    """Every `Key=value` line of a unit, in order."""
    lines = (line for line in path.read_text().splitlines() if line and line[0] not in "#[")
    return [(key, value) for key, _, value in (line.partition("=") for line in lines)]


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.real
@pytest.mark.parametrize("drop_in", [None, "torch-engine.conf"])
def test_the_unit_exposes_little(tmp_path: Path, drop_in: str | None) -> None:
    unit = tmp_path / "monitor.service"
    unit.write_text(UNIT.read_text() + ((SYSTEMD / drop_in).read_text() if drop_in else ""))
    # The threshold is ten times the figure that is shown.
    verdict = analyze("security", "--offline=true", "--threshold=15", unit)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.real
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    program = tmp_path / "monitor"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "monitor.service"
    unit.write_text(UNIT.read_text().replace("/opt/monitor/.venv/bin/monitor", str(program)))
    verdict = analyze("verify", unit)
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


def test_a_wrong_configuration_is_not_restarted_and_everything_else_is_for_ever() -> None:
    unit = directives(UNIT)
    assert ("RestartPreventExitStatus", "78") in unit
    assert ("Restart", "always") in unit
    assert ("StartLimitIntervalSec", "0") in unit


def test_the_watchdog_leaves_stacks_behind() -> None:
    unit = directives(UNIT)
    assert ("Type", "notify") in unit
    assert ("WatchdogSec", "60") in unit
    assert ("WatchdogSignal", "SIGABRT") in unit


def test_the_group_can_read_what_the_service_writes() -> None:
    unit = directives(UNIT)
    assert ("UMask", "0007") in unit
    assert ("StateDirectoryMode", "2770") in unit
    assert ("LogsDirectoryMode", "2770") in unit


def test_what_would_blind_the_daemon_is_not_switched_on() -> None:
    unit = directives(UNIT)
    keys = {key for key, _ in unit}
    assert not keys & {"PrivateDevices", "ProcSubset", "PrivateNetwork"}
    assert ("DeviceAllow", "char-video4linux rw") in unit
    assert ("SupplementaryGroups", "video") in unit
    assert ("SystemCallErrorNumber", "EPERM") in unit, "a refused system call would kill the process"


def test_only_the_torch_drop_in_allows_code_that_writes_code() -> None:
    assert ("MemoryDenyWriteExecute", "yes") in directives(UNIT)
    assert directives(SYSTEMD / "torch-engine.conf") == [("MemoryDenyWriteExecute", "no")]


def test_memory_is_bounded_by_what_the_box_has_and_a_child_that_takes_too_much_is_killed_alone() -> None:
    unit = dict(directives(UNIT))
    assert unit["OOMPolicy"] == "continue"
    high, most = (int(unit[key].removesuffix("%")) for key in ("MemoryHigh", "MemoryMax"))
    assert 50 <= high < most <= 80, "290 MB and a camera's clips must fit into half a gigabyte of a box of one"
