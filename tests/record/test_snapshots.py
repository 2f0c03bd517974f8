"""Pictures of alerts."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.clock import iso
from monitor.config.schema import SnapshotSettings
from monitor.record.snapshots import Snapshots, jpeg, snapshot_url
from monitor.values import Alert

NOW = 1_700_000_000.0
DAY = 86400.0


def settings(path: Path, **changes: Any) -> SnapshotSettings:
    return SnapshotSettings().model_copy(update={"path": path, "min_free": 0, **changes})


def keep(root: Path, name: str, age: float, size: int = 1000) -> Path:
    """Put a picture that is `age` seconds old into the folder."""
    path = root / iso(NOW - age)[:10] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (NOW - age, NOW - age))
    return path


def test_a_picture_comes_back_as_it_was_but_for_jpeg() -> None:
    image = np.zeros((60, 80, 3), np.uint8)
    image[:, :40] = (0, 0, 255)
    good, poor = jpeg(image, 95), jpeg(image, 20)
    assert len(poor) < len(good)
    decoded = cv2.imdecode(np.frombuffer(good, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (60, 80, 3)
    assert abs(decoded.astype(int) - image)[:, :30].max() < 10


def test_an_alert_s_picture_is_named_after_its_id_and_seq_and_found_again(tmp_path: Path, alert: Callable[..., Alert]) -> None:
    snapshots = Snapshots(settings(tmp_path / "pictures"))
    path = snapshots.save(alert(seq=3), b"JPEG")
    assert path == tmp_path / "pictures" / iso(alert().time)[:10] / "e1-3.jpg"
    assert path.read_bytes() == b"JPEG"
    assert [file.name for file in path.parent.iterdir()] == ["e1-3.jpg"]
    assert snapshots.find("e1", 3) == path
    assert snapshots.find("e1", 4) is None
    assert snapshot_url("e1", 3) == "/api/alerts/e1/3.jpg"


def test_an_id_cannot_lead_out_of_the_folder(tmp_path: Path, alert: Callable[..., Alert]) -> None:
    snapshots = Snapshots(settings(tmp_path / "pictures"))
    with pytest.raises(ValueError, match="not an id for a file name"):
        snapshots.save(alert(id="../../etc/cron.d/x"), b"")
    assert snapshots.find("../*", 0) is None
    assert snapshots.find("*", 0) is None


def test_with_little_room_left_no_picture_is_kept_and_the_log_says_so_once(
    tmp_path: Path, alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture
) -> None:
    snapshots = Snapshots(settings(tmp_path / "pictures", min_free=10**18))
    with caplog.at_level(logging.INFO):
        assert [snapshots.save(alert(seq=number), b"JPEG") for number in range(3)] == [None] * 3
    assert [record.getMessage() for record in caplog.records] == [
        f"snapshots: no pictures are kept in {tmp_path / 'pictures'}: fewer than 1000000000000 MB free (snapshots.min_free)"
    ]


def test_a_full_disk_costs_the_picture_and_both_changes_are_logged(
    small_disk: Path, alert: Callable[..., Alert], caplog: pytest.LogCaptureFixture
) -> None:
    snapshots = Snapshots(settings(small_disk))
    with caplog.at_level(logging.INFO):
        assert snapshots.save(alert(), bytes(2_000_000)) is None
        assert snapshots.save(alert(), bytes(2_000_000)) is None
        assert list(small_disk.glob("*/*")) == []
        assert snapshots.save(alert(), b"JPEG")
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        f"snapshots: no pictures are kept in {small_disk}: No space left on device",
        f"snapshots: pictures are kept in {small_disk} again",
    ]


def test_a_sweep_takes_old_pictures_and_empty_days_and_leaves_the_rest(tmp_path: Path) -> None:
    old = keep(tmp_path, "a-0.jpg", 8 * DAY)
    young = keep(tmp_path, "b-0.jpg", 6 * DAY)
    theirs = [tmp_path / "holiday-1.jpg", keep(tmp_path, "notes.txt", 9 * DAY), tmp_path / "holiday" / "c-0.jpg"]
    theirs[2].parent.mkdir()
    for file in theirs:
        file.write_bytes(b"")
        os.utime(file, (0, 0))

    assert Snapshots(settings(tmp_path)).sweep(NOW) == 1

    assert not old.parent.exists()
    assert young.exists()
    assert all(file.exists() for file in theirs)


def test_a_sweep_takes_the_oldest_until_the_size_is_right(tmp_path: Path) -> None:
    pictures = [keep(tmp_path, f"e{number}-0.jpg", 10 * number) for number in range(10)]
    assert Snapshots(settings(tmp_path, max_size=6500)).sweep(NOW) == 4
    assert [picture.exists() for picture in pictures] == [True] * 6 + [False] * 4


def test_a_clock_that_jumps_years_ahead_costs_a_tenth_at_most(tmp_path: Path) -> None:
    for number in range(300):
        keep(tmp_path, f"e{number}-0.jpg", number)
    snapshots = Snapshots(settings(tmp_path))
    assert snapshots.sweep(NOW + 3650 * DAY) == 30
    assert snapshots.sweep(0.0) == 0


def test_a_sweep_clears_what_a_killed_run_left_half_written(tmp_path: Path) -> None:
    half = keep(tmp_path, "e1-0.jpg.unfinished", 5)
    whole = keep(tmp_path, "e1-1.jpg", 5)
    Snapshots(settings(tmp_path)).sweep(NOW)
    assert not half.exists()
    assert whole.exists()


def test_a_sweep_of_nothing_is_fine(tmp_path: Path) -> None:
    assert Snapshots(settings(tmp_path / "never")).sweep(NOW) == 0


def test_a_sweep_makes_the_room_that_is_to_be_left_free_a_part_at_a_time(tmp_path: Path) -> None:
    pictures = [keep(tmp_path, f"e{number:03}-0.jpg", 400 - number) for number in range(300)]
    assert Snapshots(settings(tmp_path, min_free=10**18)).sweep(NOW) == 30
    assert [picture.exists() for picture in pictures] == [False] * 30 + [True] * 270
