from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.spine import GREY, RED, write_video
from tests.verbs.conftest import Run


@pytest.fixture(autouse=True)
def _every_frame(config: Path) -> None:
    """Have every frame looked at: a picture that turns red at once is a change of the scene, which is waited for."""
    config.write_text(config.read_text().replace("fps: 120", "fps: 120, motion: {enabled: false}"))


@pytest.fixture
def visit(tmp_path: Path) -> Path:
    """A second of nothing, two of red, two of nothing."""
    return write_video(tmp_path / "visit.avi", [GREY] * 10 + [RED] * 20 + [GREY] * 20)


@pytest.mark.usefixtures("config")
def test_each_json_line_is_an_alert_as_it_would_have_been_published(run: Run, visit: Path) -> None:
    ran = run("replay", visit, "--json")
    start, end = ran.rows()
    assert (ran.code, ran.err) == (0, "")
    assert list(start) == [
        *("event_type", "id", "seq", "node", "camera", "zone", "rule", "label", "score", "severity"),
        *("started_at", "time", "time_unix", "duration", "reason", "delayed", "snapshot"),
    ]
    assert (start["event_type"], start["node"], start["camera"], start["rule"]) == ("start", "box", "porch", "red")
    assert (start["time"], start["time_unix"]) == ("1970-01-01T00:00:01.100+00:00", 1.1)
    assert (end["event_type"], end["reason"], end["id"], end["seq"]) == ("end", "gone", start["id"], 1)
    assert (start["snapshot"], start["delayed"]) == (None, False)


@pytest.mark.usefixtures("config")
def test_two_runs_are_byte_identical(run: Run, visit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run("replay", visit, visit, "--json", "--summary")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert run("replay", visit, visit, "--json", "--summary") == first
    assert len(first.out.splitlines()) > 4


@pytest.mark.usefixtures("config")
def test_nothing_is_opened_but_the_video_and_the_model(run: Run, visit: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    run("replay", visit)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("config")
def test_times_count_from_the_start_that_is_given(run: Run, visit: Path) -> None:
    ran = run("replay", visit, "--start", "2026-11-22T18:30:00+01:00")
    start, end = ran.out.splitlines()
    assert start == "2026-11-22T17:30:01.100+00:00  red start: red 1.00"
    assert end.startswith("2026-11-22T17:30:04")
    assert "red end: red 1.00  gone after 2.9 s" in end


@pytest.mark.usefixtures("config")
def test_videos_are_played_one_after_the_other_as_one_recording(run: Run, visit: Path) -> None:
    assert [row["time_unix"] for row in run("replay", visit, visit, "--json").rows() if row["event_type"] == "start"] == [1.1, 6.1]


@pytest.mark.usefixtures("config")
def test_what_is_open_at_the_end_of_the_video_is_ended(run: Run, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", [RED] * 5)
    assert [(row["event_type"], row["reason"]) for row in run("replay", video, "--json").rows()] == [
        ("start", None),
        ("end", "camera_lost"),
    ]


@pytest.mark.usefixtures("config")
def test_the_summary_counts_what_each_threshold_would_have_given(run: Run, visit: Path) -> None:
    rows = [row for row in run("replay", visit, "--json", "--summary").rows() if "threshold" in row]
    assert [row["threshold"] for row in rows] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert {row["alerts"] for row in rows} == {1}
    assert {(row["rule"], row["looks"]) for row in rows} == {("red", 50)}
    assert rows[0]["best_score"] > 0.99


def test_the_summary_counts_looks_and_not_frames(run: Run, config: Path, visit: Path) -> None:
    config.write_text(config.read_text().replace("fps: 120", "fps: 120, frame_skip: 5"))
    ran = run("replay", visit, "--summary")
    assert re.search(r"^red: threshold 0.5, best score [\d.]+ in 10 looks$", ran.out, re.MULTILINE)
    assert "  at 0.9: 1 alert\n" in ran.out


def test_which_camera_is_meant_must_be_said_where_there_are_two(run: Run, config: Path, visit: Path) -> None:
    config.write_text(config.read_text().replace("cameras:\n", "cameras:\n  yard: {source: demo, rules: []}\n"))
    ran = run("replay", visit)
    assert (ran.code, ran.out, ran.err) == (2, "", "monitor: --camera is needed; there are yard, porch\n")
    assert run("replay", visit, "--camera", "yard").out == ""
    assert "red start" in run("replay", visit, "--camera", "porch").out
    garden = run("replay", visit, "--camera", "garden")
    assert (garden.code, garden.err) == (2, "monitor: --camera: there is no camera 'garden'; there are yard, porch\n")


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("content", [None, b"", b"<html>404</html>"])
def test_what_is_no_video_is_69_and_named(run: Run, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "bad.avi").write_bytes(content)
    ran = run("replay", "bad.avi")
    assert (ran.code, ran.out) == (69, "")
    assert ran.err.startswith("monitor: bad.avi: ")
    assert ran.err.count("\n") == 1


@pytest.mark.usefixtures("config")
def test_a_live_camera_is_wrong_usage_and_its_password_is_not_shown(run: Run) -> None:
    ran = run("replay", "rtsp://viewer:hush@127.0.0.1:1/sub")
    assert (ran.code, ran.out) == (2, "")
    assert "rtsp://127.0.0.1:1/sub: replay is for video files" in ran.err
    unknown = run("replay", "gopher://viewer:hush@cam.lan/")
    assert unknown.code == 69
    assert "hush" not in ran.err + unknown.err


@pytest.mark.usefixtures("config")
def test_a_start_that_is_no_time_is_wrong_usage(run: Run, visit: Path) -> None:
    assert "'noon' is no time" in run("replay", visit, "--start", "noon").err


def test_a_rule_that_the_model_does_not_know_is_an_error_of_the_configuration(run: Run, config: Path, visit: Path) -> None:
    config.write_text(config.read_text().replace("label: red", "label: person"))
    ran = run("replay", visit)
    assert (ran.code, ran.out) == (78, "")
    assert "the model has no class 'person'" in ran.err


def test_what_does_not_move_is_not_looked_at(run: Run, config: Path, visit: Path) -> None:
    config.write_text(config.read_text().replace(", motion: {enabled: false}", ""))
    rows = run("replay", visit, "--json", "--summary").rows()
    (looks,) = {row["looks"] for row in rows if "looks" in row}
    assert looks < 15, "of 50"
    (start,) = (row for row in rows if row.get("event_type") == "start")
    assert start["time_unix"] == pytest.approx(2.3)
