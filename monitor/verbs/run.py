"""`run`: the daemon."""

from __future__ import annotations

import argparse

from monitor.verbs.common import Verbs, add_config_option, load_config


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("run", help="the daemon")
    add_config_option(parser)
    parser.set_defaults(verb=run)


def run(args: argparse.Namespace) -> int:
    """Watch until told to stop."""
    from monitor.clock import SystemClock
    from monitor.runtime.memory import keep_little_memory
    from monitor.runtime.signals import Signals

    keep_little_memory()
    clock = SystemClock()
    with Signals(clock) as signals:
        with signals.leaving():  # these imports take a Raspberry Pi seconds
            from monitor.service import Service
        return Service(lambda: load_config(args.config), signals, clock).run()
