"""What the history lets go of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from monitor.clock import ManualClock
from monitor.outgoing import Outgoing
from monitor.record.reader import HistoryReader
from monitor.record.store import Batch, History
from monitor.values import Alert, Sighting

DAY = 86400.0
PLENTY = 10**12


def kept(path: Path) -> list[float]:
    with HistoryReader(path) as reader:
        return [sighting.first for sighting in reader.sightings()]


def test_rows_past_their_age_go_and_the_others_stay(
    history: History, tmp_path: Path, clock: ManualClock, sighting: Callable[..., Sighting], alert: Callable[..., Alert]
) -> None:
    now = clock.now().wall
    old, young = now - 31 * DAY, now - 29 * DAY
    history.commit(
        Batch([alert(time=old), alert(seq=1, time=young)], [sighting(first=old - 5, last=old), sighting(first=young - 5, last=young)])
    )
    assert history.prune(30 * DAY, PLENTY) == 2
    assert kept(tmp_path / "history.db") == [young - 5]
    with HistoryReader(tmp_path / "history.db") as reader:
        assert [found.seq for found in reader.alerts()] == [1]
    assert history.prune(30 * DAY, PLENTY) == 0


def test_a_clock_that_jumps_years_ahead_costs_nothing_though_it_stays_wrong_for_days_and_over_a_restart(
    history: History, tmp_path: Path, clock: ManualClock, sighting: Callable[..., Sighting], alert: Callable[..., Alert]
) -> None:
    now = clock.now().wall
    history.commit(Batch([alert(time=now)], [sighting(first=now - 29 * DAY + n, last=now - 29 * DAY + n) for n in range(50)]))
    clock.set_wall(now + 3650 * DAY)
    for _ in range(40):
        assert history.prune(30 * DAY, PLENTY) == 0
        clock.advance(900.0)
    history.commit(Batch())
    again = restarted(history, tmp_path, clock, synchronised=False)
    assert again.prune(30 * DAY, PLENTY) == 0
    clock.set_wall(clock.now().wall - 3650 * DAY)
    assert again.prune(30 * DAY, PLENTY) == 0
    again.close()


def restarted(history: History, folder: Path, clock: ManualClock, *, synchronised: bool) -> History:
    history.close()
    return History(folder / "history.db", clock, synchronised=lambda: synchronised)


def test_where_nobody_keeps_the_clock_what_passes_under_our_eyes_counts_whatever_it_says(
    history: History, clock: ManualClock, sighting: Callable[..., Sighting]
) -> None:
    now = clock.now().wall
    history.commit(Batch(sightings=[sighting(first=now, last=now)]))
    clock.set_wall(500.0)
    clock.advance(29 * DAY)
    assert history.prune(30 * DAY, PLENTY) == 0
    clock.advance(2 * DAY)
    assert history.prune(30 * DAY, PLENTY) == 1


def test_a_clock_that_is_set_for_the_first_time_is_believed_though_nobody_keeps_it(
    history: History, tmp_path: Path, clock: ManualClock, sighting: Callable[..., Sighting]
) -> None:
    history.close()
    clock.set_wall(500.0)
    first = History(tmp_path / "new.db", clock, synchronised=lambda: False)
    first.commit(Batch())
    clock.set_wall(1.7e9)
    first.commit(Batch(sightings=[sighting(first=1.7e9, last=1.7e9)]))
    clock.advance(31 * DAY)
    assert first.prune(30 * DAY, PLENTY) == 1
    first.close()


def test_time_in_which_the_box_was_off_counts_once_a_time_service_vouches_for_the_clock(
    history: History, tmp_path: Path, clock: ManualClock, sighting: Callable[..., Sighting]
) -> None:
    now = clock.now().wall
    history.commit(Batch(sightings=[sighting(first=now, last=now)]))
    clock.set_wall(now + 31 * DAY)
    for synchronised, gone in ((False, 0), (True, 1)):
        again = restarted(history, tmp_path, clock, synchronised=synchronised)
        assert again.prune(30 * DAY, PLENTY) == gone
        again.close()


def test_what_a_clock_that_nobody_had_set_wrote_has_no_age(
    history: History, tmp_path: Path, clock: ManualClock, sighting: Callable[..., Sighting]
) -> None:
    history.commit(Batch(sightings=[sighting(first=500.0, last=500.0)]))
    assert history.prune(30 * DAY, PLENTY) == 0


def test_a_clock_that_is_years_ahead_though_a_time_service_keeps_it_costs_a_tenth_at_a_time(
    history: History, tmp_path: Path, clock: ManualClock, sighting: Callable[..., Sighting]
) -> None:
    now = clock.now().wall
    history = restarted(history, tmp_path, clock, synchronised=True)
    history.commit(Batch(sightings=[sighting(first=now + n, last=now + n + 1) for n in range(5000)]))
    clock.set_wall(now + 3650 * DAY)
    assert history.prune(30 * DAY, PLENTY) == 500
    assert len(kept(tmp_path / "history.db")) == 4500
    history.close()


def test_a_clock_that_starts_in_1970_deletes_nothing(
    history: History, tmp_path: Path, clock: ManualClock, sighting: Callable[..., Sighting]
) -> None:
    history.commit(Batch(sightings=[sighting()]))
    clock.set_wall(0.0)
    assert history.prune(30 * DAY, PLENTY) == 0


def test_a_file_past_its_size_loses_its_oldest_sightings_and_shrinks(
    history: History, tmp_path: Path, clock: ManualClock, sighting: Callable[..., Sighting], alert: Callable[..., Alert]
) -> None:
    now = clock.now().wall
    path = tmp_path / "history.db"
    history.commit(Batch([alert()], [sighting(first=now + n, last=now + n + 1, label="x" * 100) for n in range(8000)]))
    history.close()
    before = path.stat().st_size

    while history.prune(30 * DAY, 700_000):
        pass

    history.close()
    assert path.stat().st_size < 720_000 < before
    remaining = kept(path)
    assert remaining == [now + n for n in range(8000 - len(remaining), 8000)]
    with HistoryReader(path) as reader:
        assert list(reader.alerts()) == [alert()]


def test_the_size_of_the_outbox_costs_no_sightings(
    history: History, tmp_path: Path, sighting: Callable[..., Sighting], message: Callable[..., Outgoing]
) -> None:
    history.commit(Batch(sightings=[sighting(first=float(n)) for n in range(300)]))
    history.commit(Batch(outgoing=[message(seq=n, payload=b"x" * 500) for n in range(5000)]))
    assert history.prune(1e12, 1_000_000) == 0
    assert len(kept(tmp_path / "history.db")) == 300


def test_a_disk_that_is_nearly_full_costs_the_oldest_sightings_and_no_alerts(
    history: History, tmp_path: Path, sighting: Callable[..., Sighting], alert: Callable[..., Alert]
) -> None:
    alerts = [alert(seq=number) for number in range(2000)]
    history.commit(Batch(alerts, [sighting(first=float(n), last=1.7e9) for n in range(1500)]))
    assert history.prune(1e12, PLENTY, short=True) == 150
    assert kept(tmp_path / "history.db") == [float(n) for n in range(150, 1500)]
    with HistoryReader(tmp_path / "history.db") as reader:
        assert list(reader.alerts()) == alerts


def test_a_short_history_is_not_lost_to_a_clock_that_jumps_either(
    history: History, tmp_path: Path, clock: ManualClock, sighting: Callable[..., Sighting]
) -> None:
    now = clock.now().wall
    history = restarted(history, tmp_path, clock, synchronised=True)
    history.commit(Batch(sightings=[sighting(first=now + n, last=now + n + 1) for n in range(50)]))
    clock.set_wall(now + 3650 * DAY)
    assert history.prune(30 * DAY, PLENTY) == 10
    history.close()
