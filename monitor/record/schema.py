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

# The payload stands last: what stands behind a large one can only be read by walking through it. The totals are kept by triggers,
# so that bounding a commit does not count rows; those triggers never touch a payload.
_SECOND = """
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    episode TEXT NOT NULL,
    seq INTEGER NOT NULL,
    camera TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('alert', 'notice')),
    topic TEXT NOT NULL,
    created REAL NOT NULL,
    since REAL NOT NULL,
    boot TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'rejected', 'poison')),
    error TEXT,
    size INTEGER NOT NULL AS (coalesce(length(payload), 0)) STORED,
    payload BLOB,
    UNIQUE (episode, seq)
) STRICT;
CREATE INDEX outbox_line ON outbox (camera, state);
CREATE INDEX outbox_severity ON outbox (severity);
CREATE INDEX outbox_created ON outbox (created);
CREATE INDEX outbox_rejected ON outbox (camera, attempts) WHERE state = 'rejected';

CREATE TABLE outbox_totals (
    camera TEXT NOT NULL,
    state TEXT NOT NULL,
    messages INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (camera, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER outbox_came AFTER INSERT ON outbox BEGIN
    INSERT INTO outbox_totals VALUES (NEW.camera, NEW.state, 1, NEW.size)
        ON CONFLICT (camera, state) DO UPDATE SET messages = messages + 1, size = size + excluded.size;
END;
CREATE TRIGGER outbox_went AFTER DELETE ON outbox BEGIN
    UPDATE outbox_totals SET messages = messages - 1, size = size - OLD.size WHERE camera = OLD.camera AND state = OLD.state;
END;
CREATE TRIGGER outbox_changed AFTER UPDATE OF state, payload ON outbox BEGIN
    UPDATE outbox_totals SET messages = messages - 1, size = size - OLD.size WHERE camera = OLD.camera AND state = OLD.state;
    INSERT INTO outbox_totals VALUES (NEW.camera, NEW.state, 1, NEW.size)
        ON CONFLICT (camera, state) DO UPDATE SET messages = messages + 1, size = size + excluded.size;
END;

CREATE TABLE outbox_losses (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    alerts INTEGER NOT NULL,
    notices INTEGER NOT NULL,
    since REAL,
    until REAL
) STRICT;
INSERT INTO outbox_losses VALUES (1, 0, 0, NULL, NULL);

CREATE TABLE retained (
    topic TEXT PRIMARY KEY,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE overrides (
    camera TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (camera, name)
) STRICT, WITHOUT ROWID;
"""

_THIRD = """
CREATE TABLE camera_problems (
    id INTEGER PRIMARY KEY,
    camera TEXT NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    UNIQUE (camera, at, kind)
) STRICT;
CREATE INDEX camera_problems_at ON camera_problems (at);
"""

# NULL: written by an older version, or there was no telling.
_FOURTH = "; ".join(
    f"ALTER TABLE {table} ADD COLUMN time_quality TEXT" for table in ("sightings", "alerts", "camera_events", "camera_problems")
)

# What `age.today` gave at the last sign of life; NULL: written by an older version.
_FIFTH = "ALTER TABLE last_run ADD COLUMN today REAL"

MIGRATIONS: tuple[str, ...] = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH)
"""SQL scripts; number N (from 1) leads from version N - 1 to N."""
