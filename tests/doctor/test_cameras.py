from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from monitor.camera.protocol import Fault
from monitor.config.schema import CameraSettings
from monitor.doctor import cameras
from monitor.doctor.account import Account
from monitor.doctor.cameras import check_camera
from monitor.doctor.daemon import Running
from monitor.doctor.finding import Finding
from monitor.errors import CameraError
from tests.camera.rtsp_server import RtspServer
from tests.doctor.conftest import levels

NOBODY, RUNS = Running(), Running(runs=True, pid=77)


def checked(source: str, account: Account, running: Running = NOBODY, **settings: Any) -> list[Finding]:
    return list(check_camera("porch", CameraSettings(source=source, **settings), account, running))


def test_a_camera_that_sends_is_well_and_told_with_what_it_sends(camera: RtspServer, me: Account) -> None:
    (finding,) = checked(camera.url, me)
    assert (finding.level, finding.what) == ("ok", "camera porch")
    assert finding.told.startswith("320x240 h264")
    assert camera.connections > 0


def test_a_login_that_is_refused_is_told_without_it(camera: RtspServer, me: Account) -> None:
    camera.login = ("viewer", "right")
    (finding,) = checked(camera.url, me, username="viewer", password=SecretStr("hush"))
    assert finding.level == "problem"
    assert "refuses the user name or password" in finding.told
    assert "`password:`" in finding.remedy
    assert "hush" not in finding.told + finding.remedy


def test_a_login_that_is_right_is_well_and_that_it_can_be_overheard_is_advice(camera: RtspServer, me: Account) -> None:
    camera.login = ("viewer", "right")
    assert levels(checked(camera.url, me, username="viewer", password=SecretStr("right"))) == ["ok", "ok"]


def test_nobody_there_is_a_problem_that_says_what_to_look_at(me: Account) -> None:
    (finding,) = checked("rtsp://127.0.0.1:1/sub", me)
    assert (finding.level, finding.remedy) == ("problem", "")
    assert finding.told.endswith("is the camera running, is the port right?")


class Blind:
    """A camera that opens and shows nothing. grabs: whether frames come at all."""

    def __init__(self, grabs: bool) -> None:
        self.facts = type("Facts", (), {"misses": 3})()
        self._grabs = grabs
        self.closed = False

    def grab(self) -> bool:
        return self._grabs

    def retrieve(self) -> None:
        return None

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("grabs", [True, False])
def test_one_that_opens_and_shows_nothing_is_a_problem_soon(me: Account, monkeypatch: pytest.MonkeyPatch, grabs: bool) -> None:
    blind = Blind(grabs)
    monkeypatch.setattr(cameras, "open_source", lambda _: blind)
    monkeypatch.setattr(cameras, "PATIENCE", 0.05)
    (finding,) = checked("rtsp://cam/sub", me)
    assert finding.level == "problem"
    assert "gave no picture" in finding.told
    assert blind.closed


@pytest.mark.parametrize(("running", "level"), [(NOBODY, "problem"), (RUNS, "ok")])
def test_a_camera_that_serves_no_second_viewer_is_well_while_the_daemon_is_the_first(
    me: Account, monkeypatch: pytest.MonkeyPatch, running: Running, level: str
) -> None:
    def refuse(_: object) -> None:
        raise CameraError("cam is busy (453): too many viewers", Fault.BUSY)

    monkeypatch.setattr(cameras, "open_source", refuse)
    assert levels(checked("rtsp://cam/sub", me, running)) == [level]


@pytest.mark.parametrize(("running", "told"), [(RUNS, "the daemon that runs"), (Running(known=False), "the daemon that may be running")])
def test_a_usb_camera_is_left_to_the_daemon(me: Account, monkeypatch: pytest.MonkeyPatch, running: Running, told: str) -> None:
    monkeypatch.setattr(cameras, "open_source", lambda _: pytest.fail("it was opened"))
    (finding,) = checked("/dev/null", me, running)
    assert (finding.level, finding.told) == ("ok", f"/dev/null is there, and left to {told}")


def test_a_usb_camera_that_was_pulled_out_is_found_beside_the_daemon(me: Account) -> None:
    (finding,) = checked("/dev/video77", me, RUNS)
    assert finding.level == "problem"
    assert "is the camera plugged in?" in finding.told


def test_a_device_that_the_user_of_the_service_may_not_use_names_the_group(stranger: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "may", lambda self, path, right: path != Path("/dev/null"))
    finding, _ = checked("/dev/null", stranger, RUNS)
    assert (finding.level, finding.told) == ("problem", "user monitor may not use /dev/null")
    assert finding.remedy.startswith("sudo usermod -aG video monitor")
    assert os.geteuid() != stranger.uid


def test_a_source_that_makes_no_sense_is_a_problem(me: Account, tmp_path: Path) -> None:
    assert levels(checked(str(tmp_path / "none.mp4"), me)) == ["problem"]
