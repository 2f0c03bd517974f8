"""How values become rows and rows become values again, in the column order of the statements here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from monitor.values import Alert, CameraEvent, CameraProblem, EndReason, EventType, OpenEpisode, Place, Severity, Sighting

Row = tuple[Any, ...]

# A commit whose fsync failed may or may not be in the file; the caller tries it again, and nothing is written twice.
PUT_SIGHTING = (
    "INSERT INTO sightings (camera, zone, label, class_id, first, last, best_score, looks, episode, model, time_quality)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (camera, zone, class_id, first) DO NOTHING"
)
PUT_ALERT = (
    "INSERT INTO alerts"
    " (event_type, episode, seq, camera, zone, rule, label, score, severity, started_at, time, duration, reason, snapshot,"
    " time_quality) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (episode, seq) DO NOTHING"
)
PUT_CAMERA_EVENT = (
    "INSERT INTO camera_events (camera, at, online, reason, detail, time_quality) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (camera, at, online) DO NOTHING"
)
PUT_CAMERA_PROBLEM = (
    "INSERT INTO camera_problems (camera, at, kind, detail, time_quality) VALUES (?, ?, ?, ?, ?) ON CONFLICT (camera, at, kind) DO NOTHING"
)
PUT_OPEN_EPISODE = (
    "INSERT OR REPLACE INTO open_episodes (id, seq, camera, zone, rule, label, best_score, severity, started_at, last_seen)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
GET_OPEN_EPISODES = (
    "SELECT id, seq, camera, zone, rule, label, best_score, severity, started_at, last_seen FROM open_episodes ORDER BY started_at, id"
)
PUT_OVERRIDE = "INSERT INTO overrides (camera, name, value) VALUES (?, ?, ?)"
DELETE_OVERRIDE = "DELETE FROM overrides WHERE camera = ? AND name = ?"
GET_OVERRIDES = "SELECT camera, name, value FROM overrides"


def sighting_row(sighting: Sighting) -> Row:
    """A sighting as PUT_SIGHTING wants it, without how good its time was."""
    return tuple(_storable(value) if isinstance(value, str) else value for value in astuple(sighting))


def sighting_of(row: Sequence[Any]) -> Sighting:
    """The inverse of `sighting_row`."""
    return Sighting(*row)


def alert_row(alert: Alert) -> Row:
    """An alert as PUT_ALERT wants it, without how good its time was."""
    place = alert.place
    return (
        *(alert.event_type, alert.id, alert.seq, place.camera, place.zone, place.rule, _storable(alert.label), alert.score, alert.severity),
        *(alert.started_at, alert.time, alert.duration, alert.reason, alert.snapshot),
    )


def alert_of(row: Sequence[Any]) -> Alert:
    """The inverse of `alert_row`."""
    event_type, episode, seq, camera, zone, rule, label, score, severity, started_at, time, duration, reason, snapshot = row
    return Alert(
        event_type=EventType(event_type),
        id=episode,
        seq=seq,
        place=Place(camera, zone, rule),
        label=label,
        score=score,
        severity=Severity(severity),
        started_at=started_at,
        time=time,
        duration=duration,
        reason=None if reason is None else EndReason(reason),
        snapshot=snapshot,
    )


def camera_event_row(event: CameraEvent) -> Row:
    """A camera event as PUT_CAMERA_EVENT wants it, without how good its time was."""
    return (event.camera, event.at, event.online, event.reason, _storable(event.detail))


def camera_problem_row(problem: CameraProblem) -> Row:
    """A problem of a camera as PUT_CAMERA_PROBLEM wants it, without how good its time was; the end of one has the kind `none`."""
    return (problem.camera, problem.at, problem.kind or "none", _storable(problem.detail))


def open_episode_row(episode: OpenEpisode) -> Row:
    """An open episode as PUT_OPEN_EPISODE wants it."""
    place = episode.place
    return (
        *(episode.id, episode.seq, place.camera, place.zone, place.rule, _storable(episode.label)),
        *(episode.best_score, episode.severity, episode.started_at, episode.last_seen),
    )


def open_episode_of(row: Row) -> OpenEpisode:
    """The inverse of `open_episode_row`."""
    episode, seq, camera, zone, rule, label, best_score, severity, started_at, last_seen = row
    return OpenEpisode(episode, seq, Place(camera, zone, rule), label, best_score, Severity(severity), started_at, last_seen)


def _storable(text: str) -> str:
    r"""Write lone surrogates, which a label file or a file name can hold and UTF-8 cannot, as `\udcff`: no row may block the others."""
    return text.encode(errors="backslashreplace").decode()
