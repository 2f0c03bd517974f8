"""The plain detection log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.clock import iso
from monitor.errors import StorageError
from monitor.record.detection_log import DetectionLog, alert_line, camera_line, sighting_line
from monitor.values import Alert, CameraEvent, EndReason, OfflineReason, Sighting


def lines_of(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_says_what_was_seen_where_and_when(sighting: Callable[..., Sighting]) -> None:
    assert sighting_line(sighting(best_score=0.912345)) == {
        "kind": "sighting",
        "time": iso(1_700_000_004.5),
        "camera": "porch",
        "zone": "frame",
        "label": "tabby",
        "class_id": 281,
        "first": iso(1_700_000_000.0),
        "last": iso(1_700_000_004.5),
        "best_score": 0.9123,
        "looks": 12,
        "episode": "e1",
        "model": "resnet18",
    }


def test_alerts_and_cameras_have_lines_of_their_own_kind(tmp_path: Path, alert: Callable[..., Alert]) -> None:
    log = DetectionLog(tmp_path / "logs" / "detections.jsonl")
    log.append([alert_line(alert(reason=EndReason.GONE)), camera_line(CameraEvent("porch", 5.0, False, OfflineReason.LOST, "timed out"))])
    first, second = lines_of(tmp_path / "logs" / "detections.jsonl")
    assert first == {
        "kind": "alert",
        "time": iso(1_700_000_000.25),
        "event_type": "start",
        "id": "e1",
        "seq": 0,
        "camera": "porch",
        "zone": "frame",
        "rule": "cat",
        "label": "tabby",
        "score": 0.9,
        "severity": "alert",
        "started_at": iso(1_700_000_000.25),
        "duration": 0.0,
        "reason": "gone",
        "snapshot": None,
    }
    assert second == {"kind": "camera", "time": iso(5.0), "camera": "porch", "state": "offline", "reason": "lost", "detail": "timed out"}


@pytest.mark.parametrize("label", ["a\nb", "\x1b[31mred", "\u2028", "\x85", "\ud800", 'say "cat"', "猫"])
def test_no_label_can_break_out_of_its_line(tmp_path: Path, sighting: Callable[..., Sighting], label: str) -> None:
    path = tmp_path / "detections.jsonl"
    DetectionLog(path).append([sighting_line(sighting(label=label))])
    raw = path.read_bytes()
    assert raw.count(b"\n") == 1
    assert all(32 <= byte < 127 for byte in raw[:-1])
    assert json.loads(raw)["label"] == label


def test_the_torn_last_line_is_closed_and_a_reader_loses_only_that_one(tmp_path: Path) -> None:
    path = tmp_path / "detections.jsonl"
    log = DetectionLog(path)
    log.append([{"n": 1}, {"n": 2}])
    path.write_bytes(path.read_bytes()[:-5])
    log.append([{"n": 3}])
    good = []
    for line in path.read_text().splitlines():
        try:
            good.append(json.loads(line))
        except ValueError:
            assert line == '{"n"'
    assert good == [{"n": 1}, {"n": 3}]


def test_a_full_file_moves_on_and_only_so_many_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "detections.jsonl"
    log = DetectionLog(path, max_bytes=30, files=3)
    for number in range(20):
        log.append([{"n": number + 100}])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["detections.jsonl", "detections.jsonl.1", "detections.jsonl.2"]
    everything = [*lines_of(path.with_suffix(".jsonl.2")), *lines_of(path.with_suffix(".jsonl.1")), *lines_of(path)]
    assert everything == [{"n": number} for number in range(114, 120)]
    assert all(file.stat().st_size <= 30 for file in tmp_path.iterdir())


def test_a_log_that_was_moved_or_deleted_is_started_again(tmp_path: Path) -> None:
    path = tmp_path / "detections.jsonl"
    log = DetectionLog(path)
    log.append([{"n": 1}])
    path.rename(tmp_path / "elsewhere")
    log.append([{"n": 2}])
    assert lines_of(path) == [{"n": 2}]


def test_nothing_to_say_makes_no_file(tmp_path: Path) -> None:
    DetectionLog(tmp_path / "detections.jsonl").append([])
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_half_line_and_the_next_try_goes_on(small_disk: Path) -> None:
    path = small_disk / "detections.jsonl"
    log = DetectionLog(path)
    log.append([{"n": 1}])
    filler = small_disk / "filler"
    filler.write_bytes(bytes(900_000))
    with pytest.raises(StorageError, match=r"detections\.jsonl: cannot write the detection log: No space left on device"):
        log.append([{"n": 2, "text": "x" * 1000}] * 300)
    assert lines_of(path) == [{"n": 1}]

    filler.unlink()
    log.append([{"n": 2}])
    assert lines_of(path) == [{"n": 1}, {"n": 2}]
