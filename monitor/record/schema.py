"""The tables of the history, as the steps that lead to them.

`user_version` counts the steps a file has seen. A step that was ever released is never edited; a change is one more step.
"""

from __future__ import annotations

APPLICATION_ID = int.from_bytes(b"moni")
"""Marks a SQLite file as a history of ours (`PRAGMA application_id`)."""

_FIRST = """
CREATE TABLE sightings (
    id INTEGER PRIMARY KEY,
    camera TEXT NOT NULL,
    zone TEXT NOT NULL,
    label TEXT NOT NULL,
    class_id INTEGER NOT NULL,
    first REAL NOT NULL,
    last REAL NOT NULL,
    best_score REAL NOT NULL,
    looks INTEGER NOT NULL,
    episode TEXT,
    model TEXT NOT NULL,
    UNIQUE (camera, zone, class_id, first)
) STRICT;
CREATE INDEX sightings_last ON sightings (last);

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    event_type TEXT NOT NULL,
    episode TEXT NOT NULL,
    seq INTEGER NOT NULL,
    camera TEXT NOT NULL,
    zone TEXT NOT NULL,
    rule TEXT NOT NULL,
    label TEXT NOT NULL,
    score REAL NOT NULL,
    severity TEXT NOT NULL,
    started_at REAL NOT NULL,
    time REAL NOT NULL,
    duration REAL NOT NULL,
    reason TEXT,
    snapshot TEXT,
    UNIQUE (episode, seq)
) STRICT;
CREATE INDEX alerts_time ON alerts (time);

CREATE TABLE camera_events (
    id INTEGER PRIMARY KEY,
    camera TEXT NOT NULL,
    at REAL NOT NULL,
    online INTEGER NOT NULL,
    reason TEXT,
    detail TEXT NOT NULL,
    UNIQUE (camera, at, online)
) STRICT;
CREATE INDEX camera_events_at ON camera_events (at);

CREATE TABLE open_episodes (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    camera TEXT NOT NULL,
    zone TEXT NOT NULL,
    rule TEXT NOT NULL,
    label TEXT NOT NULL,
    best_score REAL NOT NULL,
    severity TEXT NOT NULL,
    started_at REAL NOT NULL,
    last_seen REAL NOT NULL
) STRICT;

CREATE TABLE last_run (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    alive REAL NOT NULL,
    clean INTEGER NOT NULL
) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""SQL scripts; number N (from 1) leads from version N - 1 to N."""
