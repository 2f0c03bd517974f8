"""`weights`: the model cards and their files."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from monitor.errors import DownloadError, UsageError, WeightsError
from monitor.verbs.common import Verbs, add_config_option, json_line, message, models, out
from monitor.verbs.progress import Bar
from monitor.verbs.quantize import add_options, quantize


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb and its own verbs."""
    parser = verbs.add_parser("weights", help="model cards and their files")
    parts = parser.add_subparsers(metavar="WHAT", required=True)
    _part(parts, "list", "the cards, and which are ready", list_cards).add_argument("--json", action="store_true", help="as JSON Lines")
    _part(parts, "fetch", "download and verify the models in use, or one", fetch).add_argument("name", nargs="?", metavar="NAME")
    own = _part(parts, "import", "take in an official file by its SHA-256, or a checkpoint of your own", import_)
    own.add_argument("file", type=Path, metavar="FILE")
    own.add_argument("--name", help="what to call a model of your own")
    own.add_argument("--labels", type=Path, metavar="FILE", help="its classes: one a line, or JSON")
    own.add_argument("--arch", metavar="A", help="its architecture (resnet18)")
    _part(parts, "verify", "check every file against its card", verify).add_argument("--json", action="store_true", help="as JSON Lines")
    _part(parts, "export", "write the ONNX files that the daemon runs", export).add_argument("name", nargs="?", metavar="NAME")
    add_options(_part(parts, "quantize", "make an int8 file and keep it if it is as good as fp32", quantize))
    _part(parts, "groups", "the shipped groups of labels", groups).add_argument("--json", action="store_true", help="as JSON Lines")


def _part(
    parts: Verbs[argparse.ArgumentParser], name: str, about: str, does: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser = parts.add_parser(name, help=about)
    add_config_option(parser)
    parser.set_defaults(verb=does)
    return parser


def list_cards(args: argparse.Namespace) -> int:
    """List the cards with the state of their files."""
    from monitor.classify.inventory import inventory

    for stock in inventory(models(args.config).weights):
        if args.json:
            json_line(asdict(stock))
        else:
            accuracy = f"{stock.top1:.1f} % top-1" if stock.top1 else ""
            out(f"{stock.name:<20} {stock.readiness:<12} {accuracy:<14} {stock.licence or ''}".rstrip())
            for more in filter(None, (stock.why, stock.int8 and f"int8: {stock.int8}")):
                out(f"{'':<20} {more}")
    return 0


def verify(args: argparse.Namespace) -> int:
    """Check the files of every card that has any; 69 if one is damaged or none is usable."""
    from monitor.classify.inventory import Readiness, inventory

    weights = models(args.config).weights
    stocks = inventory(weights)
    for stock in stocks:
        if args.json:
            json_line(
                {"name": stock.name, "readiness": stock.readiness, "why": stock.why, "int8": stock.int8, "int8_sound": stock.int8_sound}
            )
        else:
            out(f"{stock.name:<20} {stock.readiness}{': ' if stock.why else ''}{stock.why}")
            if not stock.int8_sound:
                out(f"{'':<20} int8: {stock.int8}")
    bad = [stock.name for stock in stocks if stock.readiness in (Readiness.DAMAGED, Readiness.BROKEN) or not stock.int8_sound]
    if bad:
        raise WeightsError(f"not what their cards say: {', '.join(bad)}")
    if not any(stock.readiness in (Readiness.READY, Readiness.NO_EXPORT) for stock in stocks):
        raise WeightsError(f"{weights} has no model that could run: `monitor weights fetch`")
    return 0


def fetch(args: argparse.Namespace) -> int:
    """Download what is missing. Without a name, a card that cannot be had is a warning, unless none can."""
    from monitor.classify.card import find_card
    from monitor.classify.fetch import fetch as get
    from monitor.classify.fetch import wanted

    settings = models(args.config)
    weights = settings.weights

    def one(name: str) -> Path:
        with closing(Bar()) as bar:
            return get(find_card(name, weights), weights, lambda done, size: bar.show(f"{name}, {size / 1e6:.1f} MB", done, size))

    if args.name is not None:
        out(str(one(args.name)))
        return 0
    failures = []
    names = wanted(settings)
    for name in names:
        try:
            out(str(one(name)))
        except (DownloadError, WeightsError) as error:
            failures.append(error)
            message(f"warning: {name} is not available: {error}")
    if len(failures) == len(names):
        raise DownloadError("no model could be fetched; the reasons are above")
    return 0


def import_(args: argparse.Namespace) -> int:
    """Take in a checkpoint."""
    from monitor.classify.importing import import_weights

    card = import_weights(args.file, models(args.config).weights, args.name, args.labels, args.arch)
    out(f"{card.name}: {len(card.labels)} classes, ready; name it as `model: {{name: {card.name}}}` in the configuration")
    return 0


def export(args: argparse.Namespace) -> int:
    """Write the ONNX files of all cards that have a checkpoint, or of one."""
    from monitor.classify.card import cards, find_card, weights_path
    from monitor.classify.export import export as write

    weights = models(args.config).weights
    chosen = [find_card(args.name, weights)] if args.name else [c for c in cards(weights).values() if weights_path(c, weights).exists()]
    if not chosen:
        raise UsageError(f"{weights} has no checkpoint to export; `monitor weights fetch` gets one")
    for card in chosen:
        out(str(write(card, weights)))
    return 0


def groups(args: argparse.Namespace) -> int:
    """List the shipped groups and their labels."""
    from monitor.classify.groups import shipped_groups

    for name, members in shipped_groups().items():
        if args.json:
            json_line({"name": name, "labels": list(members)})
        else:
            out(f"{name:<16} {', '.join(members)}")
    return 0
