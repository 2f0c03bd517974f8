"""What stands in each message, as dictionaries with their keys in a fixed order, and their JSON. Pure.

Scores have four decimals; times are ISO 8601 with offset. `utc` gives the offset +00:00 instead of the local one, so that two
runs of `replay` are byte-identical wherever they run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from monitor.clock import iso
from monitor.outgoing import OutboxFacts
from monitor.values import Alert, OfflineReason, RuleState

Payload = Mapping[str, object]
_ON_OFF = {True: "ON", False: "OFF", None: None}


def encode(payload: Payload) -> bytes:
    """Write compact UTF-8 JSON with the keys as they come. Raises ValueError for NaN and infinity, which JSON does not have."""
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")  # a lone surrogate in a label has no UTF-8; a message with "?" beats no message


def bridge_state(*, online: bool) -> Payload:
    """Tell whether the daemon is there."""
    return {"state": "online" if online else "offline"}


def bridge_info(
    *,
    box: str,
    version: str,
    node: str,
    model: str,
    fallback_reason: str | None,
    engine: Payload,
    restart_required: bool,
    overrides: Payload,
    config: Payload,
    config_schema: Payload,
) -> Payload:
    """Tell what the daemon is.

    box: its id. restart_required: the configuration file says something else than what runs. overrides: by camera, what MQTT set against
    the file. fallback_reason: why `model` is not the one that was asked for, or None. engine: its name, version and precision, and the
    reason for it.
    config: without secrets.
    """
    return {
        "id": box,
        "version": version,
        "node": node,
        "model": {"name": model, "fallback_reason": fallback_reason},
        "engine": engine,
        "restart_required": restart_required,
        "overrides": overrides,
        "config": config,
        "config_schema": config_schema,
    }


def availability(reason: OfflineReason | None) -> Payload:
    """Tell whether a camera gives pictures: it does if there is no reason why not."""
    return {"state": "online" if reason is None else "offline", "reason": reason}


def problem(kind: str | None) -> Payload:
    """Tell what is wrong with a camera's picture, None if nothing is known to be."""
    return {"state": "OFF" if kind is None else "ON", "kind": kind}


def lost(facts: OutboxFacts) -> Payload:
    """Tell how many alerts and notices the outbox had to drop since the history began, and when the first and the last of them."""
    since, until = (None if wall is None else iso(wall) for wall in (facts.lost_since, facts.lost_until))
    return {"alerts": facts.lost_alerts, "notices": facts.lost_notices, "since": since, "until": until}


def response(data: Payload | None = None, *, error: str | None = None, transaction: str | int | float | None = None) -> Payload:
    """Answer a request: with its data, or with what is wrong with it."""
    return {"status": "ok" if error is None else "error", "data": data or {}, "error": error, "transaction": transaction}


def rule_state(state: RuleState, *, utc: bool = False) -> Payload:
    """Tell what a rule says now."""
    return {
        "state": _ON_OFF[state.on],
        "score": None if state.score is None else round(state.score, 4),
        "label": state.label,
        "since": iso(state.since, utc=utc),
        "episode": state.episode,
    }


def alert(alert: Alert, *, node: str, delayed: bool, utc: bool = False) -> Payload:
    """Tell of an episode. time_unix and duration: seconds to the millisecond."""
    return {
        "event_type": alert.event_type,
        "id": alert.id,
        "seq": alert.seq,
        "node": node,
        "camera": alert.place.camera,
        "zone": alert.place.zone,
        "rule": alert.place.rule,
        "label": alert.label,
        "score": round(alert.score, 4),
        "severity": alert.severity,
        "started_at": iso(alert.started_at, utc=utc),
        "time": iso(alert.time, utc=utc),
        "time_unix": round(alert.time, 3),
        "duration": round(alert.duration, 3),
        "reason": alert.reason,
        "delayed": delayed,
        "snapshot": alert.snapshot,
    }


def with_delayed(payload: bytes) -> bytes:
    """Give an alert's message with `delayed` true and everything else as it was. Raises ValueError for what is no JSON object."""
    try:
        content = json.loads(payload)
    except RecursionError:
        raise ValueError("it has too many levels") from None
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - what is wrong is what it says, not what Python calls it
    return encode({**content, "delayed": True})
