"""`bench`: what this box can do."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import TYPE_CHECKING

from monitor.verbs.common import Verbs, add_config_option, json_line, message, models, out
from monitor.verbs.progress import Bar

if TYPE_CHECKING:
    from monitor.bench.box import Box
    from monitor.classify.card import Card
    from monitor.config.schema import ModelSettings


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("bench", help="measure this box: engines, precisions, memory, start")
    parser.add_argument("--model", metavar="NAME", help="a model card, in place of the configuration's")
    parser.add_argument("--save", action="store_true", help="have `engine: auto` take what was the fastest")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    add_config_option(parser)
    parser.set_defaults(verb=bench)


def bench(args: argparse.Namespace) -> int:
    """Measure and print; a card that is not at hand gives way to the fallback, with a message."""
    from monitor.bench.box import Box
    from monitor.bench.table import lines

    settings = models(args.config)
    card = _card(args.model, settings)
    box = Box(card, settings.weights)
    with closing(Bar()) as bar:
        box.measure(bar.show)
    if args.save:
        _save(box, card, settings)
    if args.json:
        json_line(box.result)
    else:
        for line in lines(box.result):
            out(line)
    return 0


def _card(name: str | None, settings: ModelSettings) -> Card:
    from monitor.classify.card import find_card
    from monitor.classify.verify import verify_file
    from monitor.errors import WeightsError

    card = find_card(name or settings.name, settings.weights)
    try:
        verify_file(card, settings.weights)
    except WeightsError as error:
        if name or settings.fallback is None:
            raise
        message(f"{error}. Measuring {settings.fallback} instead")
        card = find_card(settings.fallback, settings.weights)
        verify_file(card, settings.weights)
    return card


def _save(box: Box, card: Card, settings: ModelSettings) -> None:
    from monitor.bench.box import machine
    from monitor.bench.findings import fastest, together
    from monitor.classify.measured import Measured, save
    from monitor.classify.start import PRECISIONS

    rows = {precision: fastest(box.rows, precision, box.daemon_threads) for precision in PRECISIONS}
    findings: dict[tuple[str, str], Measured] = {
        (card.name, precision): Measured(row["engine"], row["version"], row["look_ms"], together(row["batch_ms"]), machine()["date"])
        for precision, row in rows.items()
        if row
    }
    save(findings, {card.name: card}, settings.weights)
    for (_, precision), found in findings.items():
        message(f"saved: `engine: auto` takes {found.engine} for {card.name} in {precision}")
