"""`check-config`: every mistake of a configuration at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor.errors import WeightsError
from monitor.verbs.common import Verbs, add_config_option, json_line, load_config, message, out


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("check-config", help="all errors of a configuration at once")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the same as --config FILE")
    parser.add_argument("--json", action="store_true", help="the checked configuration as JSON, without its secrets")
    add_config_option(parser)
    parser.set_defaults(verb=check_config)


def check_config(args: argparse.Namespace) -> int:
    """Load the file and hold its rules against the labels of the model and its fallback; errors are raised as they are for `run`."""
    from monitor.classify.card import find_card
    from monitor.config.dump import without_secrets
    from monitor.rulebook import check_models

    loaded = load_config(args.file or args.config)
    config = loaded.config
    check_models(loaded)
    if config.model.fallback is not None:
        find_card(config.model.fallback, config.model.weights)
        try:
            find_card(config.model.name, config.model.weights)
        except WeightsError as error:
            message(f"warning: {loaded.file}: model.name: {error}; {config.model.fallback} would run instead")
    for warning in loaded.warnings:
        message(f"warning: {warning}")
    if args.json:
        json_line(without_secrets(config))
        return 0
    out(f"{loaded.file}: good")
    for name in config.cameras:
        rules = ", ".join(rule.name for rule in config.rules_of(name)) or "none"
        out(f"  camera {name}: rules {rules}")
    return 0
