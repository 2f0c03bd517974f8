"""The history: one SQLite file, one writer.

What a batch holds is written in one transaction. With alerts or messages in it the transaction is on the disk when `commit` returns
(`synchronous=FULL`), so that neither kill -9 nor a power cut takes an alert back; the rest may lose its last seconds to a power
cut, and nothing to a kill. After an error nothing counts as written: the caller keeps the batch and commits it again, which
opens the file again if need be and writes nothing twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from monitor.clock import Clock, installed_at, is_synchronised, time_quality
from monitor.config.schema import OutboxSettings
from monitor.outgoing import Outgoing
from monitor.record.age import today
from monitor.record.bounds import bound, drop_old
from monitor.record.connect import connect
from monitor.record.faults import result_code, storage_error
from monitor.record.force import write_again
from monitor.record.lock import HistoryLock
from monitor.record.outbox_rows import PUT_OUTGOING, outgoing_row
from monitor.record.retention import make_room, prune, shrink
from monitor.record.rows import (
    DELETE_OVERRIDE,
    GET_OPEN_EPISODES,
    GET_OVERRIDES,
    PUT_ALERT,
    PUT_CAMERA_EVENT,
    PUT_CAMERA_PROBLEM,
    PUT_OPEN_EPISODE,
    PUT_OVERRIDE,
    PUT_SIGHTING,
    Row,
    alert_row,
    camera_event_row,
    camera_problem_row,
    open_episode_of,
    open_episode_row,
    sighting_row,
)
from monitor.values import Alert, CameraEvent, CameraProblem, EventType, Moment, OpenEpisode, Sighting

_OUTBOX = OutboxSettings()


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written together.

    open_episodes: for each camera named, all its episodes that are open now, in place of those recorded; a camera that is not
    named keeps what is recorded, but for an episode whose end is among the alerts: that is open no more.
    outgoing: messages for the outbox. overrides: (camera, name) -> what was set against the configuration; None takes it back.
    """

    alerts: Sequence[Alert] = ()
    sightings: Sequence[Sighting] = ()
    camera_events: Sequence[CameraEvent | CameraProblem] = ()
    open_episodes: Mapping[str, Sequence[OpenEpisode]] = field(default_factory=dict)
    outgoing: Sequence[Outgoing] = ()
    overrides: Mapping[tuple[str, str], str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run before this one. alive: Unix seconds of its last commit; clean: it ended by `close`."""

    alive: float
    clean: bool


class History:
    """The writing end of the history. Used by one thread at a time; making one touches nothing.

    synchronised: whether a time service keeps the wall clock now; None if nobody knows.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        outbox: OutboxSettings = _OUTBOX,
        synchronised: Callable[[], bool | None] = is_synchronised,
    ) -> None:
        self._path = path
        self._outbox = outbox
        self._clock = clock
        self._synchronised = synchronised
        self._lock = HistoryLock(path)
        self._connection: sqlite3.Connection | None = None
        self._last_run: LastRun | None = None
        self._today: Moment | None = None
        self._begun = False
        self._doubtful = False

    @property
    def last_run(self) -> LastRun | None:
        """The run before this one, as found by the first `open`; None if there was none."""
        return self._last_run

    def open(self) -> None:
        """Lock and open the file: made if missing, moved aside if damaged. Does nothing if it is open.

        Raises HistoryRefusedError if it is not ours to write, StorageError if the disk refuses; then it may be tried again.
        """
        self._opened()

    def today(self) -> float:
        """Give the Unix seconds by which ages are judged: where nobody vouches for the clock, it counts the time that passed."""
        now = self._clock.now()
        self._today = Moment(now.mono, today(self._today, now, self._synchronised()))
        return self._today.wall

    def open_episodes(self) -> list[OpenEpisode]:
        """The episodes recorded as open, oldest first: those a run that ended left behind."""
        with self._sqlite("read the history") as connection:
            return [open_episode_of(row) for row in connection.execute(GET_OPEN_EPISODES)]

    def overrides(self) -> dict[tuple[str, str], str]:
        """What was set against the configuration, by camera and name."""
        with self._sqlite("read the history") as connection:
            return {(camera, name): value for camera, name, value in connection.execute(GET_OVERRIDES)}

    def commit(self, batch: Batch) -> None:
        """Write `batch` in one transaction, and that the daemon was alive now; an empty one does the latter alone.

        Raises StorageError if it is not written for certain; commit the same batch again later.
        """
        synchronised, installed = self._synchronised(), installed_at()

        def rated(row: Row, wall: float) -> Row:
            return (*row, time_quality(wall, synchronised, installed))

        with self._sqlite("write the history") as connection:
            connection.execute("PRAGMA synchronous=FULL" if batch.alerts or batch.outgoing else "PRAGMA synchronous=NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(PUT_ALERT, (rated(alert_row(alert), alert.time) for alert in batch.alerts))
            connection.executemany(PUT_SIGHTING, (rated(sighting_row(sighting), sighting.last) for sighting in batch.sightings))
            for event in batch.camera_events:
                if isinstance(event, CameraEvent):
                    connection.execute(PUT_CAMERA_EVENT, rated(camera_event_row(event), event.at))
                else:
                    connection.execute(PUT_CAMERA_PROBLEM, rated(camera_problem_row(event), event.at))
            for camera, episodes in batch.open_episodes.items():
                connection.execute("DELETE FROM open_episodes WHERE camera = ?", (camera,))
                connection.executemany(PUT_OPEN_EPISODE, map(open_episode_row, episodes))
            ended = ((alert.id,) for alert in batch.alerts if alert.event_type is EventType.END)
            connection.executemany("DELETE FROM open_episodes WHERE id = ?", ended)
            connection.executemany(DELETE_OVERRIDE, batch.overrides)
            set_now = ((*key, value) for key, value in batch.overrides.items() if value is not None)
            connection.executemany(PUT_OVERRIDE, set_now)
            if batch.outgoing:
                wall = self._clock.now().wall
                connection.executemany(PUT_OUTGOING, (outgoing_row(message, wall) for message in batch.outgoing))
                bound(connection, self._outbox, wall)
            self._sign_of_life(connection, clean=False)
            connection.execute("COMMIT")

    def prune(self, keep: float, max_bytes: int, *, short: bool = False) -> int:
        """Delete a part of what is older than `keep` seconds or too much for `max_bytes`; return how many rows went.

        short: the disk is nearly full, the oldest sightings go as well.
        The outbox has bounds of its own: what is past its age goes with the same call, its size is not counted.
        To be called now and then (every quarter of an hour). Raises StorageError.
        """
        with self._sqlite("prune the history") as connection:
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            now = Moment(self._clock.now().mono, self.today())
            gone = prune(connection, now.wall - keep, max_bytes) + drop_old(connection, self._outbox, now)
            gone += make_room(connection) if short else 0
            connection.execute("COMMIT")
            if gone:
                shrink(connection)
            return gone

    def close(self) -> None:
        """Record a clean stop, close the file and give back the lock. Raises StorageError if the stop could not be recorded."""
        try:
            if self._connection is not None:
                with self._sqlite("close the history") as connection:
                    self._sign_of_life(connection, clean=True)
        finally:
            self._drop_connection()
            self._lock.release()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._lock.acquire()
                self._connection = connect(self._path, self._clock.now().wall)
                self._settle(self._connection)
                self._begin(self._connection)
            except (sqlite3.Error, OSError) as error:
                self._drop_connection()
                raise storage_error(self._path, "open the history", error) from error
            except BaseException:
                self._drop_connection()
                raise
        return self._connection

    def _settle(self, connection: sqlite3.Connection) -> None:
        """After an error, put all of the write-ahead log into the file before anything counts as written.

        A kernel that could not write a page may call it clean, and a later fsync then succeeds without it. What an earlier commit
        left in the log would be found there, and be taken for written. The log is made whole first: a power cut in the middle of
        its way into the file must find it.
        """
        if self._doubtful:
            connection.execute("BEGIN IMMEDIATE")  # nobody writes meanwhile
            write_again(self._path.with_name(f"{self._path.name}-wal"))
            connection.execute("ROLLBACK")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if busy:
                raise sqlite3.OperationalError("another process reads it")
            self._doubtful = False

    def _begin(self, connection: sqlite3.Connection) -> None:
        if not self._begun:
            found = connection.execute("SELECT alive, clean, coalesce(today, alive) FROM last_run").fetchone()
            self._last_run = LastRun(alive=found[0], clean=bool(found[1])) if found else None
            self._today = Moment(self._clock.now().mono, found[2]) if found else None
            self._begun = True
        self._sign_of_life(connection, clean=False)

    def _sign_of_life(self, connection: sqlite3.Connection, *, clean: bool) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO last_run (one, alive, clean, today) VALUES (1, ?, ?, ?)", (self._clock.now().wall, clean, self.today())
        )

    @contextmanager
    def _sqlite(self, doing: str) -> Iterator[sqlite3.Connection]:
        """Lend the open connection; SQLite's errors become StorageErrors, and no error at all leaves a transaction behind."""
        connection = self._opened()
        try:
            yield connection
        except sqlite3.Error as error:
            self._recover(connection, error)
            raise storage_error(self._path, doing, error) from error
        except BaseException:
            self._drop_connection()  # takes back what was not committed
            raise

    def _recover(self, connection: sqlite3.Connection, error: sqlite3.Error) -> None:
        """Leave the transaction. Only a full disk is known to leave a sound connection; after all else it is opened anew."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._drop_connection()
        if result_code(error) != sqlite3.SQLITE_FULL:
            self._doubtful = True
            self._drop_connection()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
