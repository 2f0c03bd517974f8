from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.doctor import examination
from monitor.doctor.finding import Finding, ok, warning
from monitor.record.lock import HistoryLock
from tests.camera.conftest import _opencv, camera, h264_stream
from tests.camera.rtsp_server import RtspServer
from tests.publish.conftest import Mosquitto, mosquitto
from tests.verbs.conftest import Run

__all__ = ["_opencv", "camera", "h264_stream", "mosquitto"]


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_box_that_is_well_is_0_with_a_line_for_each_thing(run: Run, config: Path) -> None:
    ran = run("doctor")
    assert ran.code == 0, ran.out
    assert ran.err.startswith("problems: 0, warnings: ")
    lines = ran.out.splitlines()
    assert all(line.split()[0] in ("ok", "warning") for line in lines)
    for what in (
        "configuration",
        "python",
        "opencv",
        "daemon",
        "service",
        "clock",
        "memory",
        "disk",
        "history",
        "weights",
        "engine",
        "broker",
    ):
        assert any(line.split()[1] == what for line in lines), what
    assert lines[-1].startswith("ok       camera porch")


def test_a_real_camera_and_a_real_broker_are_asked(run: Run, config: Path, camera: RtspServer, mosquitto: Callable[..., Mosquitto]) -> None:
    change(config, "source: demo", f"source: {camera.url}")
    change(config, "{enabled: false}", f"{{host: 127.0.0.1, port: {mosquitto().port}}}")
    ran = run("doctor", "--json")
    rows = {row["what"]: row for row in ran.rows()}
    assert ran.code == 0, ran.out
    assert rows["broker"]["told"].endswith("takes us in")
    assert rows["camera porch"]["told"].startswith("320x240 h264")


def test_a_problem_is_1_and_the_rest_is_looked_at_all_the_same(run: Run, config: Path) -> None:
    change(config, "{source: demo, fps: 120}", "{source: 'rtsp://127.0.0.1:1/sub'}\n  yard: {source: demo}")
    ran = run("doctor", "--json")
    levels = {row["what"]: row["level"] for row in ran.rows()}
    assert ran.code == 1
    assert ran.err.startswith("problems: 1, ")
    assert (levels["camera porch"], levels["camera yard"]) == ("problem", "ok")


@pytest.mark.parametrize("text", ["", "cameras: {}", "cameras: {porch: {source: demo}}\nrules: [{label: unicorn}]\n"])
def test_a_configuration_that_is_no_good_is_78_as_with_check_config(run: Run, config: Path, text: str) -> None:
    config.write_text(text)
    ran = run("doctor")
    assert ran.code == 78
    assert ran.err == run("check-config").err


def test_a_warning_alone_is_0(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "check_daemon", lambda _: [warning("daemon", "it is old", "be patient")])
    ran = run("doctor")
    assert ran.code == 0
    assert "warning  daemon           it is old; be patient\n" in ran.out


def test_a_check_that_fails_is_a_problem_and_keeps_no_other_from_being_made(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Iterator[Finding]:
        yield ok("history", "so far so good")
        raise ZeroDivisionError("hush")

    monkeypatch.setattr(examination, "check_history", broken)
    rows = run("doctor", "--json").rows()
    assert [row["told"] for row in rows if row["what"] == "history"] == ["so far so good", "cannot be checked (ZeroDivisionError: hush)"]
    assert rows[-1]["what"] == "camera porch"


def test_what_may_not_be_looked_at_is_a_warning_to_ask_as_root(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> list[Finding]:
        raise PermissionError(13, "Permission denied", "/var/lib/monitor")

    monkeypatch.setattr(examination, "check_disk", closed)
    ran = run("doctor", "--json")
    (row,) = [row for row in ran.rows() if row["what"] == "disk"]
    assert (ran.code, row["level"], row["remedy"]) == (0, "warning", "run this with sudo")
    assert "/var/lib/monitor" in row["told"]


def test_no_secret_is_shown_whoever_repeats_it(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(config, "source: demo", "source: rtsp://127.0.0.1:1/sub, username: viewer, password: 'h/sh'")
    monkeypatch.setattr(examination, "check_daemon", lambda _: [warning("daemon", "tried h/sh and h%2Fsh", "not h/sh")])
    ran = run("doctor")
    assert "h/sh" not in ran.out + ran.err
    assert "tried *** and ***; not ***" in ran.out


def test_beside_a_daemon_nothing_of_its_own_is_touched(run: Run, config: Path) -> None:
    history = config.parent / "logs" / "history.db"
    history.parent.mkdir()
    lock = HistoryLock(history)
    lock.acquire()
    before = sorted(config.parent.rglob("*"))
    ran = run("doctor")
    assert "daemon           runs, process " in ran.out
    assert sorted(config.parent.rglob("*")) == before
    lock.release()
