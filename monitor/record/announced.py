"""What was retained at a broker in our name, kept over restarts so that a later configuration can take it back."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping

from monitor.record.second import SecondConnection

log = logging.getLogger(__name__)


class AnnouncedTopics:
    """Topics with a note each, on the publisher's connection. No call raises."""

    def __init__(self, file: SecondConnection) -> None:
        self._file = file

    def recall(self) -> dict[str, str]:
        """Give every topic that may still be retained, with its note; none if the disk cannot be read."""
        return self._file.read(lambda connection: dict(connection.execute("SELECT topic, note FROM retained").fetchall()), {})

    def keep(self, topics: Mapping[str, str]) -> None:
        """Replace what is recalled."""

        def replace(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM retained")
            connection.executemany("INSERT INTO retained (topic, note) VALUES (?, ?)", topics.items())

        if not self._file.write(replace):
            log.warning("what is retained at the MQTT broker could not be noted; topics that the configuration drops may stay there")
