"""`weights quantize`: an int8 file of a card, measured on the user's own pictures and kept if it is as good."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import PictureError, UsageError, WeightsRefusedError
from monitor.verbs.common import json_line, load_config, message, models, out
from monitor.verbs.progress import Bar

if TYPE_CHECKING:
    from monitor.classify.card import Card
    from monitor.classify.int8.quantize import Report, Rules
    from monitor.classify.preprocess import Square
    from monitor.config.load import Loaded

MOST = 400
"""Pictures that are used of a folder, evenly spread over it; 0.6 MB of memory each."""

READING = "reading pictures"

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `weights quantize` takes."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="the card (else the configuration's)")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pictures", type=Path, metavar="FOLDER", help="pictures of what your cameras see")
    where.add_argument("--snapshots", action="store_true", help="the pictures of past alerts")
    where.add_argument("--camera", metavar="NAME", help="frames of one of the configuration's cameras, as it is looked at")
    parser.add_argument("--frames", type=int, default=200, metavar="N", help="how many of a camera (200)")
    parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="how far apart (1)")
    parser.add_argument("--accept", action="store_true", help="keep the result even if it is not as good")
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def quantize(args: argparse.Namespace) -> int:
    """Make the int8 file, print what it is worth, and fail if it was not kept."""
    from monitor.camera.opencv import prepare_opencv
    from monitor.classify.engines.protocol import threads_for
    from monitor.classify.int8.quantize import quantize as make
    from monitor.classify.preprocess import to_batch
    from monitor.classify.relabel import chosen_card

    prepare_opencv()
    settings = models(args.config)
    card = chosen_card(args.name or settings.name, settings)
    rules = _rules(args, card)
    with closing(Bar()) as bar:
        inputs = [to_batch([square], card.preprocessing)[0] for square in _squares(args, bar)]
        if not inputs:
            raise UsageError("there are no pictures to measure on")
        threads = threads_for(settings.threads)
        report = make(card, settings.weights, inputs, rules, threads, accept=args.accept, progress=bar.show)
    if args.json:
        json_line({"name": card.name, **asdict(report), "recipe": str(report.recipe)})
    else:
        for line in _table(card, report):
            out(line)
    if not any(each.kept for each in report.engines.values()):
        raise WeightsRefusedError(f"the int8 file of {card.name} was not kept: it is not as good as fp32 (--accept keeps it all the same)")
    if settings.precision != "int8":
        message("to use it, set `model: {precision: int8}` and reload or restart")
    return 0


def _squares(args: argparse.Namespace, bar: Bar) -> Iterator[Square]:
    """Yield what the model is to see of each picture."""
    if args.camera is not None:
        yield from _of_camera(args, bar)
        return
    from monitor.classify.decode import read_image
    from monitor.classify.preprocess import Square

    folder = load_config(args.config).config.snapshots.path if args.snapshots else args.pictures
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise UsageError(f"{folder} has no pictures (.jpg, .png, .webp)")
    chosen = files[:: max(1, -(-len(files) // MOST))]
    for number, file in enumerate(chosen, 1):
        try:
            yield Square(read_image(file))
        except PictureError as error:
            bar.close()
            message(f"left out: {error}")
        bar.show(READING, number, len(chosen))


def _of_camera(args: argparse.Namespace, bar: Bar) -> Iterator[Square]:
    from monitor.camera.sample import sample
    from monitor.camera.source import parse_source
    from monitor.classify.view import View
    from monitor.gate.grey import black_out

    if args.frames < 1 or not 0 <= args.every < math.inf:
        raise UsageError("--frames and --every must be positive")
    config = load_config(args.config).config
    if args.camera not in config.cameras:
        raise UsageError(f"--camera {args.camera}: there is no such camera; there are: {', '.join(config.cameras)}")
    settings = config.cameras[args.camera]
    zones = list({zone: None for rule in config.rules_of(args.camera) for zone in rule.zones}) or ["frame"]
    view = View(settings)
    source = parse_source(settings.source, settings.username, settings.password)
    for number, image in enumerate(sample(source, args.frames, args.every), 1):
        black_out(image, settings.masks)
        yield from view.squares(image, zones)
        bar.show(READING, number, args.frames)


def _rules(args: argparse.Namespace, card: Card) -> Rules:
    """Return the configured rules as class ids and threshold by name, where the card knows all that they ask for."""
    from monitor.errors import ConfigError
    from monitor.rulebook import Rulebook

    try:
        loaded: Loaded = load_config(args.config)
        book = Rulebook(loaded, card)
    except ConfigError as error:
        message(f"the rules are not compared: {error}")
        return {}
    questions = [question for camera in loaded.config.cameras for question in book.questions(camera)]
    return {question.rule.name: (question.class_ids, question.rule.threshold) for question in questions}


def _table(card: Card, report: Report) -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"{card.name} in int8 ({report.recipe})"
    yield f"calibrated on {report.calibrated} pictures, compared with fp32 on {report.measured} others"
    yield f"{'engine':<14}{'what':<24}{'same answer':>12}{'scores apart':>14}{'ms (fp32)':>16}"
    for name, each in report.engines.items():
        speed = f"{each.ms:.1f} ({each.fp32_ms:.1f})"
        yield f"{name:<14}{'best label':<24}{each.agreement:>11.1%}{each.score_difference:>14.4f}{speed:>16}"
        for rule, figures in each.rules.items():
            yield f"{'':<14}{'rule ' + rule:<24}{figures.same:>11.1%}{figures.difference:>14.4f}"
        verdict = "kept" if each.kept and not each.accepted else "kept, as you said (--accept)" if each.kept else "not kept"
        yield f"{'':<14}{verdict}"
