"""A cat, a third of the picture's height, enters a wide scene at its edges and in its middle: what the rules say with each view."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.classify.card import find_card, weights_path
from tests.edge_scene import ENTRIES, SLIDE, entry_of, write

ROOT = Path(__file__).parents[1]
MODEL = "efficientnet_lite0"
WEIGHTS = Path(os.environ.get("MONITOR_WEIGHTS") or ROOT / "weights")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not weights_path(find_card(MODEL, WEIGHTS), WEIGHTS).is_file():
        pytest.skip(f"the weights of {MODEL} are not in {WEIGHTS}: `make setup` fetches them")
    return write(tmp_path_factory.mktemp("scene") / "scene.avi")


def starts(scene: Path, folder: Path, view: str) -> list[dict[str, Any]]:
    """The alerts with which episodes start, as `monitor replay` gives them."""
    config = folder / "config.yaml"
    config.touch(mode=0o600)
    settings = {
        "cameras": {"yard": {"source": "demo", "view": view}},
        "model": {"name": MODEL, "weights": str(WEIGHTS)},
        "rules": [{"label": "cat", "hold": "1s", "cooldown": "1s"}],
        "mqtt": {"enabled": False},
    }
    config.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "monitor", "replay", str(scene), "--json", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=100)
    alerts = [json.loads(line) for line in done.stdout.splitlines()]
    return [alert for alert in alerts if alert["event_type"] == "start"]


def test_with_the_view_motion_every_entry_is_alerted_as_soon_as_the_cat_is_there(scene: Path, tmp_path: Path) -> None:
    found = starts(scene, tmp_path, "motion")
    assert [entry_of(alert["time_unix"]) for alert in found] == list(ENTRIES)
    for alert in found:
        assert alert["time_unix"] - ENTRIES[entry_of(alert["time_unix"])] < SLIDE + 1


@pytest.mark.parametrize("view", ["centre", "letterbox"])
def test_what_the_other_views_miss_of_it(scene: Path, tmp_path: Path, view: str) -> None:
    found = [entry_of(alert["time_unix"]) for alert in starts(scene, tmp_path, view)]
    assert found == {"centre": ["middle"], "letterbox": []}[view]
