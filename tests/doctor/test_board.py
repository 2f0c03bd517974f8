from __future__ import annotations

from pathlib import Path

import pytest

from monitor.doctor.board import NEEDED, check_board, judge_heat, judge_memory
from monitor.doctor.daemon import Running
from monitor.runtime.thermal import FLAGS, ZONES, Heat
from tests.doctor.conftest import levels

PLENTY = {"MemTotal": 4_000_000, "MemAvailable": 3_000_000, "SwapTotal": 0, "SwapFree": 0}


@pytest.mark.parametrize(
    ("heat", "flags", "expected"),
    [
        (Heat(), 0, ["ok"]),
        (Heat(55.0, False), 0, ["ok"]),
        (Heat(80.0, False), 0, ["warning"]),
        (Heat(70.0, True), 0, ["warning"]),
        (Heat(55.0, False), 1 << 18, ["warning"]),
        (Heat(55.0, False), 1 << 0, ["ok", "warning"]),
        (Heat(55.0, False), 1 << 16, ["ok", "warning"]),
    ],
)
def test_heat_throttling_and_low_voltage_are_warnings(heat: Heat, flags: int, expected: list[str]) -> None:
    assert levels(judge_heat(heat, flags)) == expected


def test_a_daemon_that_is_yet_to_start_needs_more_memory_than_one_that_runs() -> None:
    little = PLENTY | {"MemAvailable": NEEDED - 1}
    assert levels(judge_memory(PLENTY, Running())) == ["ok"]
    assert levels(judge_memory(little, Running())) == ["warning"]
    assert levels(judge_memory(little, Running(runs=True, pid=1))) == ["ok"]


def test_a_swap_that_is_much_used_is_a_warning() -> None:
    assert levels(judge_memory(PLENTY | {"SwapTotal": 100_000, "SwapFree": 40_000}, Running())) == ["ok", "warning"]


def test_memory_that_is_not_told_is_not_judged() -> None:
    assert levels(judge_memory({}, Running())) == []


def test_all_is_read_from_the_files_of_the_kernel(tmp_path: Path) -> None:
    zone = tmp_path / ZONES / "thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("61200\n")
    (tmp_path / FLAGS).parent.mkdir(parents=True)
    (tmp_path / FLAGS).write_text("10000\n")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:  948304 kB\nMemAvailable:  500000 kB\nHugePages_Total:  0\n")
    heat, power, memory = check_board(Running(), tmp_path)
    assert heat.told == "the processor has 61 °C"
    assert power.told == "the voltage is too low (since it was started)"
    assert memory.told == "488 of 926 MB available"
