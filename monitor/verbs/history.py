"""`history`: what was seen, read beside a running daemon."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from monitor.clock import from_iso, iso
from monitor.errors import UsageError
from monitor.values import ALERT_COLUMNS, SIGHTING_COLUMNS, WHOLE
from monitor.verbs.common import Verbs, add_config_option, json_line, load_config, out

if TYPE_CHECKING:
    from monitor.record.detection_log import Line
    from monitor.values import Alert, Sighting

Row = TypeVar("Row")


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
        return from_iso(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 2026-11-22, 2026-11-22T18:30 or 2026-11-22T18:30:00+01:00") from None


def history(args: argparse.Namespace) -> int:
    """List sightings or alerts, oldest first."""
    from monitor.record.detection_log import alert_line, sighting_line
    from monitor.record.reader import HistoryReader

    config = load_config(args.config).config
    if args.camera is not None and args.camera not in config.cameras:
        raise UsageError(f"no camera {args.camera!r} in the configuration; there are {', '.join(config.cameras)}")
    if args.limit is not None and args.limit < 1:
        raise UsageError("--limit must be at least 1")
    filters = {"camera": args.camera, "label": args.label, "since": args.since, "until": args.until, "limit": args.limit}
    with HistoryReader(config.history.path) as reader:
        if args.alerts:
            _show(reader.rated_alerts(**filters), alert_line, _alert, ALERT_COLUMNS, args)
        else:
            _show(reader.rated_sightings(**filters), sighting_line, _sighting, SIGHTING_COLUMNS, args)
    return 0


def _show(
    found: Iterable[tuple[Row, str | None]],
    line: Callable[[Row], Line],
    text: Callable[[Row], str],
    columns: Sequence[str],
    args: argparse.Namespace,
) -> None:
    """Print what was found for people, or as JSON or CSV with the rows of the detection log and how good their time was."""
    if args.json:
        for row, quality in found:
            json_line(line(row) | {"time_quality": quality})
    elif args.csv:
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(line(row) | {"time_quality": quality} for row, quality in found)
    else:
        for row, _ in found:
            out(text(row))


def _sighting(sighting: Sighting) -> str:
    span = f"{iso(sighting.first)[:19]} .. {iso(sighting.last)[11:19]}"
    return f"{span}  {_where(sighting.camera, sighting.zone)}  {sighting.label} {sighting.best_score:.2f}  ({sighting.looks} looks)"


def _alert(alert: Alert) -> str:
    place = alert.place
    end = f"  {alert.reason} after {alert.duration:.0f} s" if alert.reason else ""
    what = f"{place.rule:<12} {alert.event_type:<6} {alert.label} {alert.score:.2f}{end}"
    return f"{iso(alert.time)[:19]}  {_where(place.camera, place.zone)}  {what}"


def _where(camera: str, zone: str) -> str:
    return f"{camera if zone == WHOLE else f'{camera}/{zone}':<12}"
