"""`history`: what was seen, read beside a running daemon."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.clock import iso
from monitor.errors import UsageError
from monitor.verbs.common import Verbs, add_config_option, json_line, load_config, out

if TYPE_CHECKING:
    from monitor.values import Alert, Sighting

SIGHTING_COLUMNS = ("first", "last", "camera", "zone", "label", "class_id", "best_score", "looks", "episode", "model")
ALERT_COLUMNS = (
    *("time", "event_type", "id", "seq", "camera", "zone", "rule"),
    *("label", "score", "severity", "started_at", "duration", "reason", "snapshot"),
)
"""Of CSV; the keys of `_sighting_row` and `_alert_row`. A head line is due also where there is no row."""


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("history", help="what was seen")
    parser.add_argument("--alerts", action="store_true", help="the alert messages instead of the sightings")
    parser.add_argument("--camera", help="only this camera")
    parser.add_argument("--label", help="only this label (of alerts also: only this rule)")
    parser.add_argument("--since", type=moment, metavar="TIME", help="not what ended before; ISO 8601, local time unless it has an offset")
    parser.add_argument("--until", type=moment, metavar="TIME", help="not what began at this time or later")
    parser.add_argument("--limit", type=int, metavar="N", help="only the newest N")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="as CSV with a head line")
    form.add_argument("--json", action="store_true", help="as JSON Lines")
    add_config_option(parser)
    parser.set_defaults(verb=history)


def moment(text: str) -> float:
    """Turn an ISO 8601 time into Unix seconds."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 2026-11-22, 2026-11-22T18:30 or 2026-11-22T18:30:00+01:00") from None


def history(args: argparse.Namespace) -> int:
    """List sightings or alerts, oldest first."""
    from monitor.record.reader import HistoryReader

    config = load_config(args.config).config
    if args.camera is not None and args.camera not in config.cameras:
        raise UsageError(f"no camera {args.camera!r} in the configuration; there are {', '.join(config.cameras)}")
    if args.limit is not None and args.limit < 1:
        raise UsageError("--limit must be at least 1")
    filters = {"camera": args.camera, "label": args.label, "since": args.since, "until": args.until, "limit": args.limit}
    with HistoryReader(config.history.path) as reader:
        rows = map(_alert_row, reader.alerts(**filters)) if args.alerts else map(_sighting_row, reader.sightings(**filters))
        _print(rows, args)
    return 0


def _sighting_row(sighting: Sighting) -> dict[str, Any]:
    return {
        "first": iso(sighting.first),
        "last": iso(sighting.last),
        "camera": sighting.camera,
        "zone": sighting.zone,
        "label": sighting.label,
        "class_id": sighting.class_id,
        "best_score": round(sighting.best_score, 4),
        "looks": sighting.looks,
        "episode": sighting.episode,
        "model": sighting.model,
    }


def _alert_row(alert: Alert) -> dict[str, Any]:
    return {
        "time": iso(alert.time),
        "event_type": alert.event_type.value,
        "id": alert.id,
        "seq": alert.seq,
        "camera": alert.place.camera,
        "zone": alert.place.zone,
        "rule": alert.place.rule,
        "label": alert.label,
        "score": round(alert.score, 4),
        "severity": alert.severity.value,
        "started_at": iso(alert.started_at),
        "duration": round(alert.duration, 3),
        "reason": alert.reason.value if alert.reason else None,
        "snapshot": alert.snapshot,
    }


def _print(rows: Iterable[Mapping[str, Any]], args: argparse.Namespace) -> None:
    if args.json:
        for row in rows:
            json_line(row)
    elif args.csv:
        writer = csv.DictWriter(sys.stdout, ALERT_COLUMNS if args.alerts else SIGHTING_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    elif args.alerts:
        for row in rows:
            end = f"  {row['reason']} after {row['duration']:.0f} s" if row["reason"] else ""
            out(f"{row['time']}  {_place(row)}  {row['rule']:<12} {row['event_type']:<6} {row['label']} {row['score']:.2f}{end}")
    else:
        for row in rows:
            span = f"{row['first'][:19]} .. {row['last'][11:19]}"
            out(f"{span}  {_place(row)}  {row['label']} {row['best_score']:.2f}  ({row['looks']} looks)")


def _place(row: Mapping[str, Any]) -> str:
    place = row["camera"] if row["zone"] == "frame" else f"{row['camera']}/{row['zone']}"
    return f"{place:<12}"
