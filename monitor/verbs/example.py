"""`example`: what other programs need to work with the daemon, ready to be saved."""

from __future__ import annotations

import argparse
import difflib
import json
from collections.abc import Iterator
from importlib import resources

from monitor.errors import UsageError
from monitor.verbs.common import Verbs, json_line, out


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "example", help="files for other programs: Home Assistant, Node-RED, mosquitto, Prometheus, Grafana, JSON schemas"
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="print this one; without it they are listed")
    parser.add_argument("--json", action="store_true", help="the list as JSON Lines")
    parser.set_defaults(verb=example)


def example(args: argparse.Namespace) -> int:
    """List the examples, or print one as it is."""
    examples = {name: (about, text) for name, about, text in _examples()}
    if args.name is None:
        for name, (about, _) in examples.items():
            if args.json:
                json_line({"name": name, "about": about})
            else:
                out(f"{name:<22} {about}")
    elif args.name in examples:
        out(examples[args.name][1].removesuffix("\n"))
    else:
        near = difflib.get_close_matches(args.name[:100], examples, n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise UsageError(f"there is no example {args.name[:100]!r}{hint} Known: {', '.join(examples)}")
    return 0


def _examples() -> Iterator[tuple[str, str, str]]:
    """Give each name with a line about it and its text."""
    share = resources.files("monitor") / "share"
    for name, file, about in (
        ("blueprint", "blueprint.yaml", "Home Assistant: a blueprint for automations that tell what a camera saw"),
        ("node-red", "node-red.json", "Node-RED: a flow that hears alerts and switches detection"),
        ("acl", "mosquitto.acl", "mosquitto: who may do what"),
        ("prometheus", "prometheus.yaml", "Prometheus: a job that scrapes the daemon's figures"),
        ("grafana", "grafana.json", "Grafana: a dashboard of these figures"),
    ):
        yield name, about, (share / file).read_text("utf-8")
    for schema in sorted((share / "schemas").iterdir(), key=lambda file: file.name):
        text = schema.read_text("utf-8")
        yield f"schemas/{schema.name.removesuffix('.json')}", f"JSON schema: {json.loads(text)['title']}", text
