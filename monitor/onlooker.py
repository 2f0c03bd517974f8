"""What one camera shows right now and why the daemon decided so, for whoever looks on. From any thread: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.clock import iso
from monitor.config.polygon import Polygon
from monitor.values import GateReason, Moment, Region
from monitor.workers import Lane

GATE = {
    GateReason.UNGATED: "every frame is looked at: the motion gate is off",
    GateReason.START: "a new picture: nothing to compare it with yet",
    GateReason.MOVEMENT: "something moves",
    GateReason.CHANGE: "the whole picture changed",
    GateReason.RECHECK: "nothing moves; a look from time to time all the same",
    GateReason.NEEDED: "looked at because a rule is between states, or somebody asked",
    GateReason.QUIET: "nothing moves",
    GateReason.SAME: "the same picture once more",
    GateReason.IDLE: "detection is off",
    GateReason.BLIND: "not looked at: its pictures cannot be trusted",
}
_ON_OFF = {True: "ON", False: "OFF", None: None}


def live_camera(lane: Lane, zones: Mapping[str, Polygon], now: Moment) -> dict[str, Any]:
    """Tell what a camera shows. Places in the picture are fractions of its width and height; zones: those of its configuration."""
    pipeline, eye = lane.pipeline, lane.capture.eye
    decider, verdict, seen = pipeline.decider, eye.verdict, pipeline.seen
    presence, reasons, thresholds = decider.availability, decider.reasons(now), decider.thresholds
    return {
        "state": "connecting" if presence is None else "online" if presence.online else "offline",
        "reason": presence.reason if presence else None,
        "problem": pipeline.problem,
        "detail": eye.trouble[1] if pipeline.problem else lane.capture.link.detail,
        "detect": pipeline.detect,
        "size": eye.size,
        "gate": verdict
        and {"reason": verdict.reason, "words": GATE[verdict.reason], "movement": verdict.movement and _box(verdict.movement)},
        "looked_at": seen and iso(seen.at.wall),
        "labels": [{"label": each.label, "score": round(each.score, 4)} for each in seen.labels] if seen else [],
        "squares": [_box(square) for square in seen.squares] if seen else [],
        "zones": {name: [[round(x, 4), round(y, 4)] for x, y in polygon] for name, polygon in zones.items()},
        "rules": [
            {
                "rule": state.place.rule,
                "zone": state.place.zone,
                "state": _ON_OFF[state.on],
                "score": None if state.score is None else round(state.score, 4),
                "label": state.label,
                "since": iso(state.since),
                "threshold": thresholds[state.place.rule],
                "words": reasons[state.place],
            }
            for state in decider.states
        ],
    }


def _box(region: Region) -> list[float]:
    return [round(value, 4) for value in (region.x, region.y, region.width, region.height)]
