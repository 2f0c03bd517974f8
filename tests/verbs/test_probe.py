from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from tests.spine import RED, write_video
from tests.verbs.conftest import Run


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.avi", [RED] * 10)


def test_a_source_is_described_in_words(run: Run, video: Path) -> None:
    ran = run("probe", video)
    assert (ran.code, ran.err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert facts["source"] == str(video)
    assert facts["picture"] == "64x64, mjpeg"
    assert facts["frames"] == "10.0 a second (it says 10)"


def test_as_json_it_is_one_object(run: Run, video: Path) -> None:
    (row,) = run("probe", video, "--json").rows()
    assert (row["source"], row["codec"], row["width"], row["height"], row["live"]) == (str(video), "mjpeg", 64, 64, False)
    assert row["problem"] is None
    assert "picture" not in row


def test_the_demo_can_be_probed(run: Run) -> None:
    assert "h264" in run("probe", "demo", "--seconds", 0.5).out


def test_the_first_picture_is_saved_where_it_was_asked_for(run: Run, video: Path, tmp_path: Path) -> None:
    ran = run("probe", video, "--picture", tmp_path / "first.png")
    assert (ran.code, ran.err) == (0, f"saved {tmp_path}/first.png\n")
    saved = cv2.imread(str(tmp_path / "first.png"))
    assert saved is not None
    assert saved.shape == (64, 64, 3)


@pytest.mark.parametrize("name", ["first.doc", "first"])
def test_a_kind_of_picture_that_nobody_knows_is_refused(run: Run, video: Path, tmp_path: Path, name: str) -> None:
    ran = run("probe", video, "--picture", tmp_path / name)
    assert ran.code == 69
    assert "end the name in .jpg or .png" in ran.err
    assert not (tmp_path / name).exists()


def test_a_source_that_cannot_be_opened_is_69_and_says_why(run: Run, tmp_path: Path) -> None:
    ran = run("probe", tmp_path / "none.avi")
    assert ran.code == 69
    assert "there is no file" in ran.err


def test_a_problem_is_in_the_json_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.avi").write_text("<html>404</html>")
    ran = run("probe", tmp_path / "page.avi", "--json")
    (row,) = ran.rows()
    assert ran.code == 69
    assert row["reason"] == "not_video"
    assert row["problem"] in ran.err


def test_nobody_there_is_69_and_no_password_is_shown(run: Run) -> None:
    ran = run("probe", "rtsp://viewer:hush@127.0.0.1:1/sub")
    assert ran.code == 69
    assert "127.0.0.1:1" in ran.err
    assert "hush" not in ran.out + ran.err


def test_a_source_that_makes_no_sense_is_refused_before_anything_is_opened(run: Run) -> None:
    ran = run("probe", "gopher://cam.lan/")
    assert (ran.code, ran.out) == (69, "")
    assert "the source must begin with one of rtsp://" in ran.err


@pytest.mark.parametrize("seconds", ["0", "-1", "1e9", "nan", "soon"])
def test_a_time_that_makes_no_sense_is_wrong_usage(run: Run, video: Path, seconds: str) -> None:
    assert run("probe", video, f"--seconds={seconds}").code == 2


def test_a_password_comes_from_a_variable_that_exists(run: Run, video: Path) -> None:
    ran = run("probe", video, "--username", "viewer", "--password-env", "NO_SUCH_PASSWORD")
    assert ran.code == 2
    assert "NO_SUCH_PASSWORD" in ran.err


def test_a_camera_of_the_configuration_is_probed_as_it_is_configured(run: Run, config: Path, video: Path) -> None:
    config.write_text(config.read_text().replace("source: demo", f"source: {video}"))
    ran = run("probe", "--camera", "porch", "--json")
    assert ran.code == 0
    assert ran.rows()[0]["source"] == str(video)


def test_its_picture_shows_masks_and_what_the_model_sees(run: Run, config: Path, video: Path, tmp_path: Path) -> None:
    masked = f"source: {video}, masks: [[[0, 0.5], [1, 0.5], [1, 1], [0, 1]]]"
    config.write_text(config.read_text().replace("source: demo", masked))
    assert run("probe", "--camera", "porch", "--picture", tmp_path / "seen.png").code == 0
    assert run("probe", video, "--picture", tmp_path / "plain.png").code == 0
    seen, plain = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("seen", "plain"))
    assert seen is not None
    assert plain is not None
    assert (seen[40:56, 10:54] == 0).all()
    assert seen[:30, :, 1].max() > 150, "there is nothing yellow on the red"
    assert plain[:, :, 1].max() < 50


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "SOURCE --camera is required"),
        (["demo", "--camera", "porch"], "not allowed with argument"),
        (["--camera", "prch"], "there are porch"),
        (["--camera", "porch", "--username", "viewer"], "has its own"),
        (["demo", "--config", "config.yaml"], "--config is for --camera"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(run: Run, config: Path, arguments: list[str], said: str) -> None:
    ran = run("probe", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_broken_configuration_is_not_blamed_on_the_camera(run: Run, config: Path) -> None:
    config.write_text("cameras: {}")
    assert run("probe", "--camera", "porch").code == 78


def test_what_it_costs_is_told(run: Run) -> None:
    (row,) = run("probe", "demo", "--seconds", 0.5, "--json").rows()
    assert 0 < row["keyframes_share"] < row["all_share"] < 0.5
    assert row["gate_share"] > 0
    assert row["clips_share"] > 0
    assert 100_000 < row["clips_bytes"] < 20_000_000
