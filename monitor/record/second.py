"""The publisher thread's own connection to the history, for what it reads and settles while the record thread commits.

It never makes the file: that is the writer's. A file that was moved aside and begun anew is noticed by its place on the disk.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from monitor.errors import StorageError
from monitor.record.beside import open_beside
from monitor.record.faults import storage_error

log = logging.getLogger(__name__)

_PATIENCE = 1.0

T = TypeVar("T")


class SecondConnection:
    """Opened when it is first needed, and again after an error. Used by one thread at a time; no call raises, but for bugs.

    What is written survives a kill, and may be taken back by a power cut.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._place: tuple[int, int] | None = None
        self._trouble = ""

    def read(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Give what `work` makes of the file, or `otherwise` if it cannot be read now."""
        try:
            result = work(self._opened())
        except (sqlite3.Error, OSError, StorageError) as error:
            self._give_up(error)
            return otherwise
        self._tell("")
        return result

    def write(self, work: Callable[[sqlite3.Connection], None]) -> bool:
        """Let `work` change the file, all of it or nothing; tell whether it did."""

        def transaction(connection: sqlite3.Connection) -> bool:
            connection.execute("BEGIN IMMEDIATE")
            work(connection)
            connection.execute("COMMIT")
            return True

        return self.read(transaction, otherwise=False)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()  # takes back a transaction that was not committed
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        # A file that is merely gone is no reason to let go of it: its writer has it open still.
        place = self._find()
        if self._connection is None or place not in (self._place, None):
            self.close()
            self._connection = open_beside(self._path, writing=True, patience=_PATIENCE)
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._place = place
        return self._connection

    def _find(self) -> tuple[int, int] | None:
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            return None
        return facts.st_dev, facts.st_ino

    def _give_up(self, error: sqlite3.Error | OSError | StorageError) -> None:
        self.close()
        fault = error if isinstance(error, StorageError) else storage_error(self._path, "use the outbox", error)
        self._tell(str(fault))

    def _tell(self, trouble: str) -> None:
        """Log once that the outbox on the disk cannot be used, and once that it can again."""
        if trouble and not self._trouble:
            log.error("%s; alerts that cannot be kept there are sent from memory", trouble)
        elif self._trouble and not trouble:
            log.info("the outbox on the disk is used again")
        self._trouble = trouble
