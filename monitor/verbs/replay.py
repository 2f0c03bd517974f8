"""`replay`: what would the rules have alerted over recorded video?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from monitor.errors import UsageError
from monitor.verbs.common import Verbs, add_config_option, json_line, load_config, out
from monitor.verbs.history import moment

if TYPE_CHECKING:
    from monitor.config.schema import Config
    from monitor.decide.rule import Rule
    from monitor.replay import Looks
    from monitor.values import Alert

THRESHOLDS = [number / 10 for number in range(1, 10)]


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("replay", help="the whole pipeline over recorded video: what would it have alerted?")
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="played one after the other, as one recording")
    parser.add_argument("--camera", metavar="NAME", help="whose rules, zones and masks count; may be left out when there is one camera")
    parser.add_argument("--start", type=moment, default=0.0, metavar="TIME", help="when the recording began (1970-01-01T00:00:00+00:00)")
    parser.add_argument("--summary", action="store_true", help="what other thresholds would have given")
    parser.add_argument("--json", action="store_true", help="each alert as the JSON that would have been published")
    add_config_option(parser)
    parser.set_defaults(verb=replay)


def replay(args: argparse.Namespace) -> int:
    """Run recorded video through the pipeline and print the alerts."""
    from monitor.camera.opencv import prepare_opencv
    from monitor.classify.load import load_classifier
    from monitor.gate.watch import Watch
    from monitor.pipeline import Pipeline
    from monitor.replay import alerts, frames
    from monitor.rulebook import Rulebook
    from monitor.values import Moment

    loaded = load_config(args.config)
    config = loaded.config
    camera = _camera(args.camera, config)
    prepare_opencv()
    classifier = load_classifier(config.model)
    rulebook = Rulebook(loaded, classifier.card)
    pipeline = Pipeline(camera, config, classifier, rulebook, Moment(0.0, args.start))
    looks: Looks = []
    settings = config.cameras[camera]
    watch = Watch(settings, rulebook.zones(camera), rulebook.looks(camera), live=False)
    pictures = frames(args.videos, camera, settings, args.start, watch, lambda: pipeline.need)
    for alert in alerts(pipeline, pictures, looks if args.summary else None):
        _print(alert, config.node, as_json=args.json)
    if args.summary:
        for question in rulebook.questions(camera):
            _summarise(camera, question.rule, looks, as_json=args.json)
    return 0


def _camera(name: str | None, config: Config) -> str:
    if name is None and len(config.cameras) == 1:
        return next(iter(config.cameras))
    if name in config.cameras:
        return name
    names = ", ".join(config.cameras)
    raise UsageError(f"--camera: there is no camera {name!r}; there are {names}" if name else f"--camera is needed; there are {names}")


def _print(alert: Alert, node: str, *, as_json: bool) -> None:
    from monitor.clock import iso
    from monitor.publish import payloads

    if as_json:
        json_line(payloads.alert(alert, node=node, delayed=False, utc=True))
        return
    end = f"  {alert.reason.value} after {alert.duration:.1f} s" if alert.reason else ""
    place = "" if alert.place.zone == "frame" else f" in {alert.place.zone}"
    out(f"{iso(alert.time, utc=True)}  {alert.place.rule}{place} {alert.event_type.value}: {alert.label} {alert.score:.2f}{end}")


def _summarise(camera: str, rule: Rule, looks: Looks, *, as_json: bool) -> None:
    from monitor.replay import best_score, what_if

    best = round(best_score(looks, rule.name), 4)
    results = what_if(camera, rule, looks, THRESHOLDS)
    looked = sum(1 for _, readings in looks if readings)
    if as_json:
        for threshold, starts in results:
            json_line({"rule": rule.name, "threshold": threshold, "alerts": len(starts), "looks": looked, "best_score": best})
        return
    out(f"\n{rule.name}: threshold {rule.threshold}, best score {best} in {looked} looks")
    for threshold, starts in results:
        out(f"  at {threshold:.1f}: {len(starts)} alert{'' if len(starts) == 1 else 's'}")
