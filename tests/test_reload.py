"""What goes on under a new configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.schema import Config
from monitor.reload import Kept, differ_in_cameras_only, kept
from monitor.rulebook import Rulebook
from tests.spine import CARD, load_text

BEFORE = """
cameras:
  porch: {source: rtsp://cam/porch, username: viewer, password: secret, zones: {drive: [[0, 0], [1, 0], [1, 1]]}}
  yard: {source: demo, zones: {lawn: [[0, 0], [1, 0], [0, 1]]}}
groups: {warm: [red]}
rules: [{label: warm, zones: [frame]}]
"""


def read(folder: Path, text: str) -> tuple[Config, Rulebook]:
    loaded = load_text(folder, text)
    return loaded.config, Rulebook(loaded, CARD)


@pytest.mark.parametrize(
    ("old", "new", "porch"),
    [
        ("", "", Kept.ALL),
        ("yard: {source: demo", "yard: {source: demo, fps: 1", Kept.ALL),
        ("rules: [", "rules: [{label: blue, zones: [lawn]}, ", Kept.ALL),  # a zone that it does not have
        ("warm: [red]", "warm: [red, green]", Kept.WATCH),  # the same rule, but other classes
        ("zones: [frame]}]", "zones: [frame], threshold: 0.4}]", Kept.WATCH),
        ("username: viewer", "view: centre, username: viewer", Kept.WATCH),
        ("zones: [frame]}]", "zones: [frame], looks: 5}]", Kept.CAPTURE),
        ("zones: [frame]}]", "zones: [drive]}]", Kept.CAPTURE),
        ("[1, 1]]", "[0.5, 1]]", Kept.CAPTURE),
        ("password: secret", "password: other", Kept.NOTHING),
        ("username: viewer", "fps: 1, username: viewer", Kept.NOTHING),
        ("username: viewer", "motion: {sensitivity: 0.9}, username: viewer", Kept.NOTHING),
        ("  porch:", "  door:", Kept.NOTHING),
    ],
)
def test_a_camera_keeps_what_the_change_does_not_concern(tmp_path: Path, old: str, new: str, porch: Kept) -> None:
    before, after = read(tmp_path, BEFORE), read(tmp_path, BEFORE.replace(old, new))
    assert kept("porch", before, after) is porch
    assert differ_in_cameras_only(before[0], after[0])


def test_a_camera_that_is_new_has_nothing_to_keep(tmp_path: Path) -> None:
    before, after = read(tmp_path, BEFORE), read(tmp_path, BEFORE.replace("cameras:", "cameras:\n  door: {source: demo}"))
    assert kept("door", before, after) is kept("door", after, before) is Kept.NOTHING


@pytest.mark.parametrize(
    "section",
    [
        "node: other",
        "snapshots: {quality: 50}",
        "history: {keep: 1d}",
        "mqtt: {port: 1884}",
        "model: {top_k: 3}",
        "logging: {level: debug}",
    ],
)
def test_whatever_else_changes_takes_a_daemon_of_its_own(tmp_path: Path, section: str) -> None:
    before, after = read(tmp_path, BEFORE), read(tmp_path, f"{BEFORE}{section}\n")
    assert not differ_in_cameras_only(before[0], after[0])
