"""`outbox`: alerts that no broker has acknowledged yet, beside a running daemon or without one."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from monitor.clock import iso
from monitor.errors import UsageError
from monitor.verbs.common import Verbs, add_config_option, json_line, load_config, message, out

if TYPE_CHECKING:
    from monitor.outgoing import OutboxFacts
    from monitor.record.outbox_desk import OutboxDesk
    from monitor.record.outbox_rows import OutboxRow


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("outbox", help="alerts waiting for the broker")
    parser.add_argument(
        "what",
        nargs="?",
        choices=("list", "retry", "drop"),
        default="list",
        help="list them all, oldest first (the default); send again what was refused or set aside, all of it or one; delete one",
    )
    parser.add_argument("id", type=int, nargs="?", metavar="ID", help="the number that `list` shows")
    parser.add_argument("--json", action="store_true", help="as JSON Lines")
    add_config_option(parser)
    parser.set_defaults(verb=outbox)


def outbox(args: argparse.Namespace) -> int:
    """List what is in the outbox, or do what is to be done with it."""
    from monitor.record.outbox_desk import OutboxDesk

    if (args.what == "list" and args.id is not None) or (args.what == "drop" and args.id is None):
        raise UsageError("write `monitor outbox list`, `monitor outbox retry [ID]` or `monitor outbox drop ID`")
    with OutboxDesk(load_config(args.config).config.history.path, writing=args.what != "list") as desk:
        if args.what == "list":
            _list(desk, args)
        elif args.what == "retry":
            _retry(desk, args)
        else:
            _drop(desk, args)
    return 0


def _list(desk: OutboxDesk, args: argparse.Namespace) -> None:
    for row in desk.rows():
        if args.json:
            json_line(_line(row))
        else:
            out(_text(row))
    message(_summary(desk.facts()))


def _retry(desk: OutboxDesk, args: argparse.Namespace) -> None:
    if args.id is not None and _find(desk, args.id).payload is None:
        raise UsageError(f"the payload of alert {args.id} was not kept: it can only be dropped")
    count = desk.retry(args.id)
    if args.json:
        json_line({"waiting_again": count})
    else:
        out(f"{count} {'alert waits' if count == 1 else 'alerts wait'} again")


def _drop(desk: OutboxDesk, args: argparse.Namespace) -> None:
    row = _find(desk, args.id)
    desk.drop(args.id)
    if args.json:
        json_line(_line(row))
    else:
        out(f"dropped: {_text(row).strip()}")


def _find(desk: OutboxDesk, row_id: int) -> OutboxRow:
    row = desk.find(row_id)
    if row is None:
        raise UsageError(f"no alert {row_id} in the outbox; `monitor outbox` lists what is there")
    return row


def _content(row: OutboxRow) -> dict[str, Any] | None:
    """Give the payload as an object, None if it is none."""
    try:
        content = json.loads(row.payload or b"")
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _line(row: OutboxRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": row.state,
        "episode": row.episode,
        "seq": row.seq,
        "camera": row.camera,
        "topic": row.topic,
        "payload": _content(row),
        "attempts": row.attempts,
        "error": row.error,
        "created": iso(row.created),
    }


def _text(row: OutboxRow) -> str:
    content = _content(row) or {}
    what = f"{content.get('rule', row.topic):<12} {content.get('event_type', ''):<6}"
    tries = f"{row.attempts} {'try' if row.attempts == 1 else 'tries'}"
    return f"{row.id:>6}  {row.state:<8}  {iso(row.created)[:19]}  {row.camera:<12}  {what} {tries:<8} {row.error or ''}".rstrip()


def _summary(facts: OutboxFacts) -> str:
    """Say how many there are of each state, and what was lost."""
    text = f"{facts.waiting} waiting, {facts.rejected} rejected, {facts.poison} poison; {facts.size / 1e6:.1f} MB"
    if facts.lost_since is None or facts.lost_until is None:
        return text
    span = f"{iso(facts.lost_since)[:19]} .. {iso(facts.lost_until)[:19]}"
    return f"{text}; lost for want of room: {facts.lost_alerts} alerts, {facts.lost_notices} notices ({span})"
