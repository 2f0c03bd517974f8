"""The history as `monitor history` sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.errors import StorageError
from monitor.record.reader import HistoryReader
from monitor.record.store import Batch, History
from monitor.values import Alert, Place, Sighting

ROOT = Path(__file__).parents[2]
GROUP = 54321

READ_AS_SOMEONE = """
import os, sys
from pathlib import Path
from monitor.errors import StorageError
from monitor.record.reader import HistoryReader
os.setgroups([int(group) for group in sys.argv[2:]])
os.setresgid(54322, 54322, 54322)
os.setresuid(54322, 54322, 54322)
try:
    with HistoryReader(Path(sys.argv[1])) as reader:
        print(len(list(reader.alerts())))
except StorageError as error:
    print(error)
"""


@pytest.fixture
def service_folder() -> Iterator[Path]:
    """A folder such as the installer makes: 2770, of a group that is not ours."""
    if os.geteuid() != 0:
        pytest.skip("reading as another user needs root")
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, -1, GROUP)
    folder.chmod(0o2770)
    before = os.umask(0o007)
    yield folder
    os.umask(before)
    shutil.rmtree(folder)


def read_as_someone(path: Path, *groups: int) -> str:
    command = [sys.executable, "-c", READ_AS_SOMEONE, str(path), *map(str, groups)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_filters_choose_by_camera_label_and_time(history: History, tmp_path: Path, sighting: Callable[..., Sighting]) -> None:
    history.commit(
        Batch(
            sightings=[
                sighting(first=100.0, last=110.0),
                sighting(first=200.0, last=210.0, label="beagle", class_id=162),
                sighting(first=300.0, last=310.0, camera="garden"),
            ]
        )
    )
    with HistoryReader(tmp_path / "history.db") as reader:

        def first(**filters: str | float) -> list[float]:
            return [found.first for found in reader.sightings(**filters)]  # type: ignore[arg-type] # each test names its own

        assert first() == [100.0, 200.0, 300.0]
        assert first(camera="porch") == [100.0, 200.0]
        assert first(label="tabby") == [100.0, 300.0]
        assert first(since=110.0, until=300.0) == [100.0, 200.0]
        assert first(since=110.5) == [200.0, 300.0]
        assert first(until=100.0) == []
        assert first(camera="porch", label="beagle", since=205.0) == [200.0]
        assert first(camera="' OR 1=1 --") == []


def test_a_limit_keeps_the_newest_in_order(history: History, tmp_path: Path, sighting: Callable[..., Sighting]) -> None:
    history.commit(Batch(sightings=[sighting(first=float(n), last=n + 1.0, camera="porch" if n % 2 else "garden") for n in range(2000)]))
    with HistoryReader(tmp_path / "history.db") as reader:
        assert [found.first for found in reader.sightings(limit=3)] == [1997, 1998, 1999]
        assert [found.first for found in reader.sightings(limit=3, camera="garden")] == [1994, 1996, 1998]
        assert list(reader.sightings(limit=0)) == []
        assert len(list(reader.sightings(limit=5000))) == 2000


def test_alerts_are_found_by_their_label_or_by_their_rule(history: History, tmp_path: Path, alert: Callable[..., Alert]) -> None:
    dog = alert(id="e2", label="beagle", place=Place("porch", "frame", "dog"), time=1_700_000_060.0)
    history.commit(Batch([alert(), dog]))
    with HistoryReader(tmp_path / "history.db") as reader:
        assert list(reader.alerts(label="cat")) == list(reader.alerts(label="tabby")) == [alert()]
        assert list(reader.alerts(since=1_700_000_060.0)) == [dog]
        assert list(reader.alerts(until=1_700_000_060.0)) == [alert()]
        assert list(reader.alerts(camera="garden")) == []


def test_a_missing_history_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"history\.db: no history there; `monitor run` writes it"):
        HistoryReader(tmp_path / "history.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_text("hello " * 1000)
    with pytest.raises(StorageError, match=r"history\.db: cannot read the history: file is not a database"):
        HistoryReader(tmp_path / "history.db")


def test_a_file_that_no_daemon_has_filled_yet_is_said(tmp_path: Path) -> None:
    (tmp_path / "history.db").touch()
    with pytest.raises(StorageError, match="start `monitor run` once"):
        HistoryReader(tmp_path / "history.db")


def test_a_path_with_odd_characters_is_opened_as_it_is(tmp_path: Path, clock: ManualClock, alert: Callable[..., Alert]) -> None:
    path = tmp_path / "was?mode=rw#50% ä" / "history.db"
    history = History(path, clock)
    history.commit(Batch([alert()]))
    with HistoryReader(path) as reader:
        assert list(reader.alerts()) == [alert()]
    history.close()


def test_a_member_of_the_group_reads_while_the_daemon_runs_and_when_it_does_not(
    service_folder: Path, clock: ManualClock, alert: Callable[..., Alert]
) -> None:
    path = service_folder / "history.db"
    history = History(path, clock)
    history.commit(Batch([alert()]))
    assert read_as_someone(path, GROUP) == "1"
    history.close()
    assert read_as_someone(path, GROUP) == "1"

    history.commit(Batch([alert(seq=1)]))  # what a reader left beside the file does not stop the daemon
    assert read_as_someone(path, GROUP) == "2"
    history.close()


def test_someone_else_is_told_which_group_to_join(service_folder: Path, clock: ManualClock) -> None:
    history = History(service_folder / "history.db", clock)
    history.open()
    answer = read_as_someone(service_folder / "history.db")
    history.close()
    assert "no permission to read the history; members of the group `monitor` may: sudo usermod -aG monitor $USER" in answer
