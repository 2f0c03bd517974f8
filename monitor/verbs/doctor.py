"""`doctor`: is this box fit to watch, and what is to be done?"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from monitor.verbs.common import Verbs, add_config_option, json_line, load_config, message, out

if TYPE_CHECKING:
    from monitor.doctor.finding import Finding

_COLUMN = 16


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("doctor", help="check this box: cameras, broker, disk, clock, model, service; and say what to do")
    parser.add_argument("--json", action="store_true", help="as JSON Lines")
    add_config_option(parser)
    parser.set_defaults(verb=doctor)


def doctor(args: argparse.Namespace) -> int:
    """Print a line for each finding as it comes; 1 if one of them is a problem. A configuration that is no good is raised, as for `run`."""
    from monitor.camera.opencv import prepare_opencv
    from monitor.clock import SystemClock
    from monitor.config.dump import secrets_of
    from monitor.doctor.examination import examine
    from monitor.doctor.finding import Level
    from monitor.observe.redact import Redactor

    loaded = load_config(args.config)
    redactor = Redactor(secrets_of(loaded.config))
    prepare_opencv()
    levels: Counter[Level] = Counter()
    with _quiet():
        for found in examine(loaded, SystemClock()):
            finding = replace(found, told=redactor.clean(found.told), remedy=redactor.clean(found.remedy))
            levels[finding.level] += 1
            if args.json:
                json_line(asdict(finding))
            else:
                out(_line(finding))
    message(f"problems: {levels[Level.PROBLEM]}, warnings: {levels[Level.WARNING]}")
    return 1 if levels[Level.PROBLEM] else 0


def _line(finding: Finding) -> str:
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    return f"{finding.level:<8} {finding.what:<{_COLUMN}} {finding.told}{remedy}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the parts would log: the findings say it, in their own words and without secrets."""
    ours, nobody = logging.getLogger("monitor"), logging.NullHandler()
    propagated = ours.propagate
    ours.addHandler(nobody)
    ours.propagate = False
    try:
        yield
    finally:
        ours.removeHandler(nobody)
        ours.propagate = propagated
