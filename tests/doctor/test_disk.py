from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from monitor.config.schema import Config
from monitor.doctor.account import Account
from monitor.doctor.disk import HISTORY_FREE, Place, check_disk, folders, judge, look_at
from monitor.doctor.finding import Finding
from tests.doctor.conftest import levels

FOLDER = Path("/var/lib/monitor")
GOOD = Place(
    FOLDER, ("history", "snapshots"), FOLDER, read_only=False, writable=True, free=8 * 10**9, total=16 * 10**9, on_card=False, device=1
)
MIN_FREE = 500 * 10**6


def judged(*places: Place) -> list[Finding]:
    return list(judge(places, MIN_FREE, "monitor"))


def test_room_enough_is_one_line_a_file_system() -> None:
    (finding,) = judged(GOOD, replace(GOOD, folder=Path("/var/log/monitor"), uses=("detection log",)))
    assert (finding.level, finding.told) == ("ok", "8.0 GB of 16.0 GB free where history, snapshots, detection log are kept")
    assert len(judged(GOOD, replace(GOOD, device=2))) == 2


def test_the_less_room_the_worse() -> None:
    assert levels(judged(replace(GOOD, free=2 * MIN_FREE - 1))) == ["warning"]
    (finding,) = judged(replace(GOOD, free=MIN_FREE - 1))
    assert (finding.level, "snapshots need 500 MB" in finding.told) == ("problem", True)
    assert levels(judged(replace(GOOD, free=MIN_FREE - 1, uses=("history",)))) == ["warning"]
    assert levels(judged(replace(GOOD, free=HISTORY_FREE - 1, uses=("history",)))) == ["problem"]


def test_a_file_system_that_is_read_only_is_the_problem_and_not_the_rights_to_it() -> None:
    problems = [finding for finding in judged(replace(GOOD, read_only=True, writable=False)) if finding.level == "problem"]
    assert len(problems) == 1
    assert "mounted read-only" in problems[0].told


def test_a_folder_that_the_user_of_the_service_may_not_write_to_names_both() -> None:
    finding, _ = judged(replace(GOOD, writable=False))
    assert (finding.level, finding.remedy) == ("problem", "sudo chown monitor /var/lib/monitor")
    finding, _ = judged(replace(GOOD, writable=False, existing=Path("/var/lib")))
    assert (finding.level, finding.remedy) == ("problem", "sudo install -d -o monitor /var/lib/monitor")


def test_a_card_wears_out_which_is_advice_and_no_fault() -> None:
    _, finding = judged(replace(GOOD, on_card=True))
    assert finding.level == "ok"
    assert "USB disk" in finding.remedy


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_above(tmp_path: Path, me: Account) -> None:
    place = look_at(tmp_path / "a" / "b", ("history",), me)
    assert (place.existing, place.writable, place.read_only) == (tmp_path, True, False)
    assert 0 < place.free <= place.total


def test_a_file_system_that_is_mounted_read_only_is_known(tmp_path: Path, me: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = SimpleNamespace(f_flag=os.ST_RDONLY | os.ST_NOSUID, f_bavail=1, f_blocks=2, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda _: mounted)
    place = look_at(tmp_path, ("history",), me)
    assert (place.read_only, place.free, place.total) == (True, 4096, 8192)


def test_a_stranger_may_not_write_here(tmp_path: Path, stranger: Account) -> None:
    tmp_path.chmod(0o700)
    assert not look_at(tmp_path, ("history",), stranger).writable


def test_a_card_is_known_by_its_device(tmp_path: Path, me: Account) -> None:
    device = tmp_path.stat().st_dev
    link = tmp_path / f"root/sys/dev/block/{os.major(device)}:{os.minor(device)}"
    for name, card in (("mmc_host/mmc0/block/mmcblk0/mmcblk0p2", True), ("usb1/block/sda/sda1", False)):
        (tmp_path / "root" / name).mkdir(parents=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / "root" / name)
        assert look_at(tmp_path, ("history",), me, tmp_path / "root").on_card is card


def config_in(tmp_path: Path) -> Config:
    return Config.model_validate({
        "cameras": {"porch": {"source": "demo"}},
        "history": {"path": str(tmp_path / "history.db"), "log": str(tmp_path / "detections.jsonl")},
        "snapshots": {"path": str(tmp_path / "snapshots"), "min_free": "1MB"},
        "logging": {"file": None},
    })  # fmt: skip


def test_every_folder_of_the_configuration_is_looked_at_once(tmp_path: Path, me: Account) -> None:
    config = config_in(tmp_path)
    assert folders(config) == {tmp_path: ("history", "detection log"), tmp_path / "snapshots": ("snapshots",)}
    assert {finding.what for finding in check_disk(config, me)} == {"disk"}


def test_a_file_that_somebody_else_left_is_a_problem_unless_nobody_writes_to_it(tmp_path: Path, stranger: Account) -> None:
    for name in ("history.db", "history.db-wal", "history.db.corrupt-2026", "other.db", "detections.jsonl"):
        (tmp_path / name).touch(0o600)
    (tmp_path / "history.db").chmod(0o666)
    config = config_in(tmp_path)
    told = {finding.told for finding in check_disk(config, stranger)}
    for name, said in (("history.db", False), ("history.db-wal", True), ("history.db.corrupt-2026", False), ("other.db", False)):
        assert (f"user monitor may not write to {tmp_path}/{name}" in told) is said, name
    assert f"user monitor may not write to {tmp_path}/detections.jsonl" in told
