from __future__ import annotations

import shutil
import sys
from pathlib import Path

import cv2
import pytest

from monitor.classify.choose import installed
from monitor.classify.int8.calibrate import Recipe
from monitor.classify.int8.file import int8_engines
from tests.small_net import SIDE, coloured, write_pictures, write_small_net
from tests.verbs.conftest import Run

INT8_ENGINES = [name for name in installed() if name != "torch"]


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 100 pictures. Not to be changed."""
    return write_pictures(tmp_path_factory.mktemp("album"), coloured(100))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A weights folder with the small net."""
    folder = tmp_path / "own"
    write_small_net(folder)
    return folder


@pytest.fixture
def settings(own: Path, tmp_path: Path) -> Path:
    """A configuration for the small net, with a rule and a camera that plays a clip."""
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (SIDE, SIDE))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no MJPEG")
    for picture in coloured(60):
        writer.write(picture)
    writer.release()
    file = tmp_path / "config.yaml"
    file.touch(mode=0o600)
    file.write_text(
        f"""cameras:
  clip: {{source: {clip}, zones: {{left: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}}}}
model: {{name: small, weights: {own}}}
rules:
  - {{label: red, zones: [frame, left]}}
mqtt: {{enabled: false}}
"""
    )
    return file


@pytest.fixture
def hopeless(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A net in place of the small one whose answers int8 cannot tell apart, and one recipe."""
    monkeypatch.setattr("monitor.classify.int8.quantize.RECIPES", [Recipe("MinMax", 0, 0)])
    shutil.rmtree(own)
    write_small_net(own, undecided=True)


@pytest.mark.usefixtures("settings")
def test_the_pictures_of_a_folder_give_an_int8_file_and_a_table_of_what_it_is_worth(run: Run, own: Path, album: Path) -> None:
    ran = run("weights", "quantize", "--pictures", album)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[:2] == ["small in int8 (MinMax, every layer in int8)", "calibrated on 50 pictures, compared with fp32 on 50 others"]
    assert lines[2].split() == ["engine", "what", "same", "answer", "scores", "apart", "ms", "(fp32)"]
    assert [line.split()[0] for line in lines[3::3]] == INT8_ENGINES
    assert all(line.split()[1:4] == ["best", "label", "100.0%"] for line in lines[3::3])
    assert all(line.split()[:2] == ["rule", "red"] for line in lines[4::3])
    assert [line.strip() for line in lines[5::3]] == ["kept"] * len(INT8_ENGINES)
    assert "reading pictures: 100 %\n" in ran.err
    assert "\r" not in ran.err
    assert len(list(own.glob("*.int8.onnx"))) == 1


@pytest.mark.usefixtures("settings")
def test_what_was_kept_runs(run: Run, album: Path) -> None:
    assert run("weights", "quantize", "--pictures", album).code == 0
    (row,) = run("classify", album / "0002.png", "--precision", "int8", "--json").rows()
    assert row["predictions"][0]["label"] == "blue"
    assert run("check-config").code == 0


@pytest.mark.usefixtures("settings")
def test_as_json_it_is_one_object(run: Run, album: Path) -> None:
    (row,) = run("weights", "quantize", "small", "--pictures", album, "--json").rows()
    assert (row["name"], row["recipe"], row["calibrated"], row["measured"]) == ("small", "MinMax, every layer in int8", 50, 50)
    assert list(row["engines"]) == INT8_ENGINES
    first = row["engines"]["onnxruntime"]
    assert (first["agreement"], first["kept"], first["accepted"]) == (1.0, True, False)
    assert set(first["rules"]["red"]) == {"same", "difference"}


@pytest.mark.usefixtures("settings", "hopeless")
def test_one_that_is_not_as_good_is_exit_code_1_with_its_table_and_is_not_kept(run: Run, own: Path, album: Path) -> None:
    before = sorted(own.iterdir())
    ran = run("weights", "quantize", "--pictures", album)
    assert ran.code == 1
    assert ran.out.count("not kept") == len(INT8_ENGINES)
    assert ran.err.endswith("monitor: the int8 file of small was not kept: it is not as good as fp32 (--accept keeps it all the same)\n")
    assert sorted(own.iterdir()) == before
    assert run("weights", "quantize", "--pictures", album, "--json").code == 1


@pytest.mark.usefixtures("settings", "hopeless")
def test_it_is_kept_all_the_same_for_who_says_so(run: Run, own: Path, album: Path) -> None:
    ran = run("weights", "quantize", "--pictures", album, "--accept")
    assert ran.code == 0
    assert ran.out.count("kept, as you said (--accept)") == len(INT8_ENGINES)
    assert len(list(own.glob("*.int8.onnx"))) == 1


@pytest.mark.usefixtures("settings")
def test_too_few_pictures_are_wrong_usage(run: Run, tmp_path: Path) -> None:
    ran = run("weights", "quantize", "--pictures", write_pictures(tmp_path / "few", coloured(99)))
    assert (ran.code, ran.out) == (2, "")
    assert "monitor: 99 pictures are too few to tell whether int8 is as good as fp32; at least 100 are needed" in ran.err


@pytest.mark.usefixtures("settings")
def test_a_folder_without_pictures_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no picture")
    for folder in ("empty", "nowhere"):
        ran = run("weights", "quantize", "--pictures", tmp_path / folder)
        assert (ran.code, ran.out) == (2, "")
        assert f"{folder} has no pictures (.jpg, .png, .webp)" in ran.err


@pytest.mark.usefixtures("settings")
def test_pictures_of_which_none_can_be_read_are_wrong_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_bytes(b"no picture")
    ran = run("weights", "quantize", "--pictures", tmp_path / "bad")
    assert ran.code == 2
    assert "there are no pictures to measure on" in ran.err


@pytest.mark.usefixtures("settings")
def test_a_broken_picture_is_left_out_and_told(run: Run, album: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(album, tmp_path / "album"))
    (folder / "deeper").mkdir()
    (folder / "0050x.JPG").write_bytes((folder / "0050.png").read_bytes()[:-100])
    (folder / "0007.png").rename(folder / "deeper" / "7.PNG")
    ran = run("weights", "quantize", "--pictures", folder)
    assert ran.code == 0
    assert f"left out: {folder}/0050x.JPG: the picture is truncated" in ran.err
    assert "calibrated on 50 pictures, compared with fp32 on 50 others" in ran.out


@pytest.mark.usefixtures("settings")
def test_of_a_large_folder_pictures_are_taken_all_over_it(run: Run, album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.verbs.quantize.MOST", 70)
    ran = run("weights", "quantize", "--pictures", album)
    assert ran.code == 2
    assert "50 pictures are too few" in ran.err
    assert "reading pictures: 100 %" in ran.err


@pytest.mark.usefixtures("settings")
def test_a_camera_is_measured_as_it_is_looked_at_a_picture_for_each_zone(run: Run) -> None:
    ran = run("weights", "quantize", "--camera", "clip", "--every", "0", "--frames", "55")
    assert ran.code == 0
    assert "calibrated on 60 pictures, compared with fp32 on 50 others" in ran.out
    told = [line for line in ran.err.splitlines() if line.startswith("reading pictures")]
    assert told == [f"reading pictures: {10 * tenth} %" for tenth in range(11)]


@pytest.mark.usefixtures("settings")
def test_a_clip_that_is_too_short_gives_too_few_pictures(run: Run) -> None:
    ran = run("weights", "quantize", "--camera", "clip")
    assert ran.code == 2
    assert "12 pictures are too few" in ran.err


@pytest.mark.usefixtures("settings")
def test_a_camera_that_is_not_there_is_wrong_usage(run: Run) -> None:
    ran = run("weights", "quantize", "--camera", "attic")
    assert (ran.code, ran.out) == (2, "")
    assert "--camera attic: there is no such camera; there are: clip" in ran.err


@pytest.mark.parametrize("option", [("--frames", "0"), ("--every", "-1"), ("--every", "nan"), ("--every", "inf")])
@pytest.mark.usefixtures("settings")
def test_numbers_that_make_no_sense_are_wrong_usage(run: Run, option: tuple[str, str]) -> None:
    ran = run("weights", "quantize", "--camera", "clip", *option)
    assert (ran.code, ran.out) == (2, "")
    assert "--frames and --every must be positive" in ran.err


def test_a_camera_that_cannot_be_opened_is_69(run: Run, settings: Path, tmp_path: Path) -> None:
    (tmp_path / "clip.avi").unlink()
    ran = run("weights", "quantize", "--camera", "clip")
    assert (ran.code, ran.out) == (69, "")
    assert "clip.avi" in ran.err


@pytest.mark.usefixtures("settings")
def test_the_pictures_of_past_alerts_are_where_the_configuration_keeps_them(run: Run, album: Path, tmp_path: Path) -> None:
    ran = run("weights", "quantize", "--snapshots")
    assert ran.code == 2
    assert f"{tmp_path}/logs/snapshots has no pictures" in ran.err
    shutil.copytree(album, tmp_path / "logs" / "snapshots" / "clip")
    assert run("weights", "quantize", "--snapshots").code == 0


def test_without_a_configuration_the_rules_are_not_compared(run: Run, own: Path, album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_WEIGHTS", str(own))
    ran = run("weights", "quantize", "small", "--pictures", album)
    assert ran.code == 0
    assert "the rules are not compared: " in ran.err
    assert "rule" not in ran.out


@pytest.mark.usefixtures("settings")
def test_a_card_that_nobody_knows_is_69(run: Run, album: Path) -> None:
    ran = run("weights", "quantize", "smal", "--pictures", album)
    assert (ran.code, ran.out) == (69, "")
    assert "did you mean small?" in ran.err


@pytest.mark.usefixtures("settings")
def test_there_must_be_one_place_to_take_pictures_from(run: Run, album: Path) -> None:
    assert run("weights", "quantize").code == 2
    assert run("weights", "quantize", "--snapshots", "--pictures", album).code == 2


@pytest.mark.usefixtures("settings")
def test_on_a_terminal_a_bar_is_drawn_and_what_is_left_out_has_a_line_of_its_own(
    run: Run, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(album, tmp_path / "album"))
    (folder / "0050x.jpg").write_bytes(b"no picture")
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda stream: True, raising=False)
    ran = run("weights", "quantize", "--pictures", folder)
    assert ran.code == 0
    assert "\r[" in ran.err
    lines = ran.err.split("\n")
    assert [line for line in lines if line.startswith(f"left out: {folder}/0050x.jpg")]
    assert all("%" in line for line in lines if line.startswith("\r"))


@pytest.mark.usefixtures("settings")
def test_the_file_is_kept_for_the_engines_that_are_said(run: Run, own: Path, album: Path) -> None:
    from monitor.classify.card import find_card

    run("weights", "quantize", "--pictures", album)
    assert int8_engines(find_card("small", own), own) == INT8_ENGINES
