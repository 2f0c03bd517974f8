"""What a board tells of its heat, in a tree of files as Linux has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.runtime.thermal import FLAGS, ZONES, Heat, read_heat


def zone(root: Path, number: int, kind: str, temp: str) -> None:
    folder = root / ZONES / f"thermal_zone{number}"
    folder.mkdir(parents=True)
    (folder / "type").write_text(f"{kind}\n")
    (folder / "temp").write_text(f"{temp}\n")


def flags(root: Path, text: str) -> None:
    (root / FLAGS).parent.mkdir(parents=True)
    (root / FLAGS).write_text(f"{text}\n")


def test_a_raspberry_pi_tells_both(tmp_path: Path) -> None:
    zone(tmp_path, 0, "cpu-thermal", "61322")
    flags(tmp_path, "0")
    assert read_heat(tmp_path) == Heat(61.322, throttled=False)


@pytest.mark.parametrize(
    ("text", "throttled"),
    [("0", False), ("1", False), ("2", True), ("4", True), ("8", True), ("70000", False), ("f000e", True), ("0x50005", True), ("?", None)],
)
def test_the_flags_count_for_now_and_not_for_what_was_and_low_voltage_is_no_throttling(
    tmp_path: Path, text: str, throttled: bool | None
) -> None:
    flags(tmp_path, text)
    assert read_heat(tmp_path).throttled is throttled


def test_the_hottest_processor_counts_and_nothing_else_does(tmp_path: Path) -> None:
    zone(tmp_path, 0, "x86_pkg_temp", "50000")
    zone(tmp_path, 1, "x86_pkg_temp", "72000")
    zone(tmp_path, 2, "iwlwifi_1", "99000")
    zone(tmp_path, 3, "acpitz", "27800")
    assert read_heat(tmp_path) == Heat(72.0)


def test_a_sensor_that_says_nothing_of_use_is_left_out(tmp_path: Path) -> None:
    zone(tmp_path, 0, "cpu-thermal", "")
    (tmp_path / ZONES / "thermal_zone1").mkdir()
    assert read_heat(tmp_path) == Heat()


def test_where_nothing_is_told_nothing_is_known(tmp_path: Path) -> None:
    assert read_heat(tmp_path) == Heat(None, None)


def test_this_machine_can_be_asked() -> None:
    heat = read_heat()
    assert heat.temperature is None or -50 < heat.temperature < 150
