from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.record.store import Batch, History
from monitor.values import EndReason, EventType
from tests.spine import a_sighting, an_alert
from tests.verbs.conftest import Run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def history(config: Path) -> Iterator[History]:
    """The history of a daemon that is running: two sightings, a start and an end."""
    history = History(config.parent / "logs" / "history.db", ManualClock())
    history.open()
    end = replace(an_alert(1, EventType.END), reason=EndReason.GONE, duration=61.0)
    sightings = [a_sighting("red", first=1.7e9), a_sighting("blue", first=1.7e9 + 3600)]
    history.commit(Batch(alerts=[an_alert(), end], sightings=sightings))
    yield history
    history.close()


@pytest.mark.usefixtures("history")
def test_sightings_are_listed_oldest_first_beside_a_running_daemon(run: Run) -> None:
    ran = run("history")
    assert (ran.code, ran.err) == (0, "")
    first, second = ran.out.splitlines()
    assert "porch" in first
    assert first.endswith("red 0.90  (5 looks)")
    assert second.endswith("blue 0.90  (5 looks)")


@pytest.mark.usefixtures("history")
def test_each_json_line_is_a_sighting_or_an_alert(run: Run) -> None:
    red, _ = run("history", "--json").rows()
    assert (red["camera"], red["label"], red["class_id"], red["looks"], red["model"]) == ("porch", "red", 0, 5, "colours")
    start, end = run("history", "--alerts", "--json").rows()
    assert (start["id"], start["seq"], start["event_type"], start["reason"]) == ("e1", 0, "start", None)
    assert start["time_quality"] == red["time_quality"] == "unset"
    assert (end["id"], end["seq"], end["event_type"], end["reason"]) == ("e1", 1, "end", "gone")


@pytest.mark.usefixtures("history")
def test_alerts_are_listed_with_how_they_ended(run: Run) -> None:
    start, end = run("history", "--alerts").out.splitlines()
    assert start.endswith("start  red 0.90")
    assert end.endswith("end    red 0.90  gone after 61 s")


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("what", [[], ["--alerts"]])
def test_csv_has_a_head_line_and_the_same_columns_as_json(run: Run, what: list[str]) -> None:
    rows = list(csv.DictReader(run("history", "--csv", *what).out.splitlines()))
    as_json = run("history", "--json", *what).rows()
    assert [list(row) for row in rows] == [list(row) for row in as_json]
    assert [row["label"] for row in rows] == [row["label"] for row in as_json]


@pytest.mark.usefixtures("history")
def test_csv_has_its_head_line_also_where_nothing_was_found(run: Run) -> None:
    assert run("history", "--csv", "--label", "green").out.startswith("kind,time,camera,")
    assert run("history", "--label", "green").out == ""


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("options", "labels"),
    [
        (["--label", "blue"], ["blue"]),
        (["--camera", "porch"], ["red", "blue"]),
        (["--since", "2023-11-14T22:30:00+00:00"], ["blue"]),
        (["--until", "2023-11-14T22:30:00+00:00"], ["red"]),
        (["--limit", "1"], ["blue"]),
    ],
)
def test_the_list_can_be_narrowed(run: Run, options: list[str], labels: list[str]) -> None:
    assert [row["label"] for row in run("history", "--json", *options).rows()] == labels


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--camera", "garden"], "no camera 'garden' in the configuration; there are porch"),
        (["--limit", "0"], "--limit must be at least 1"),
        (["--since", "yesterday"], "'yesterday' is no time; write 2026-11-22"),
        (["--since", "0001-01-01"], "is no time"),
        (["--csv", "--json"], "not allowed with"),
    ],
)
def test_a_wish_that_makes_no_sense_is_wrong_usage(run: Run, options: list[str], message: str) -> None:
    ran = run("history", *options)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.usefixtures("config")
def test_a_history_that_is_not_there_yet_is_said_to_be_missing(run: Run) -> None:
    ran = run("history")
    assert (ran.code, ran.out) == (1, "")
    assert "history.db: no history there" in ran.err


def test_a_file_that_is_no_history_is_refused(run: Run, config: Path) -> None:
    path = config.parent / "logs" / "history.db"
    path.parent.mkdir()
    path.write_text("not a database, whatever its name says\n" * 40)
    ran = run("history")
    assert ran.code == 1
    assert "history.db: cannot read the history: file is not a database" in ran.err


def test_a_reader_that_has_had_enough_is_no_error(history: History, config: Path) -> None:
    history.commit(Batch(sightings=[a_sighting(first=1.7e9 + second) for second in range(3000)]))
    command = [sys.executable, "-m", "monitor", "history", "--json", "--config", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0
