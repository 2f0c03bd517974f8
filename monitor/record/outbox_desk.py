"""The outbox as `monitor outbox` sees it, beside a running daemon or without one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor.outgoing import OutboxFacts
from monitor.record.beside import open_beside
from monitor.record.faults import storage_error
from monitor.record.outbox_rows import GET_PAGE, MAX_PAYLOAD, OutboxRow, facts_in, outbox_row_of

_PAGE = 500

_RETRY = (
    "UPDATE outbox SET state = 'waiting' WHERE id IN (SELECT id FROM outbox"
    " WHERE camera IN (SELECT camera FROM outbox_totals) AND state IN ('rejected', 'poison')"
    " AND payload IS NOT NULL AND (:id IS NULL OR id = :id) LIMIT :page)"
)


class OutboxDesk:
    """Opened when made; close it, or use it in a `with`. Every call raises StorageError if the disk refuses."""

    def __init__(self, path: Path, *, writing: bool = False) -> None:
        """Open the history at `path`. Raises StorageError (missing, no permission, older, unreadable), HistoryRefusedError (newer)."""
        self._path = path
        self._connection = open_beside(path, writing=writing)

    def rows(self) -> Iterator[OutboxRow]:
        """Yield every message in the order committed, a page at a time: a pager left open holds no transaction."""
        start = 0
        while rows := self._page(start, _PAGE):
            yield from rows
            start = rows[-1].id + 1

    def find(self, row_id: int) -> OutboxRow | None:
        """Give one message, None if there is none of this id."""
        return next((row for row in self._page(row_id, 1) if row.id == row_id), None)

    def facts(self) -> OutboxFacts:
        """How the outbox stands."""
        with self._sqlite("read the outbox"):
            return facts_in(self._connection)

    def retry(self, row_id: int | None = None) -> int:
        """Let a message wait again that was set aside, or all of them; give how many. One whose payload was not kept stays."""
        total = 0
        with self._sqlite("write the outbox"):
            # A part at a time: the daemon wants to write as well.
            while changed := self._connection.execute(_RETRY, {"id": row_id, "page": _PAGE}).rowcount:
                total += changed
        return total

    def drop(self, row_id: int) -> None:
        """Delete a message. One that is no longer there is no error."""
        with self._sqlite("write the outbox"):
            self._connection.execute("DELETE FROM outbox WHERE id = ?", (row_id,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _page(self, start: int, page: int) -> list[OutboxRow]:
        with self._sqlite("read the outbox"):
            found = self._connection.execute(GET_PAGE, {"start": start, "page": page, "limit": MAX_PAYLOAD})
            return [outbox_row_of(row) for row in found]

    @contextmanager
    def _sqlite(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise storage_error(self._path, doing, error) from error
