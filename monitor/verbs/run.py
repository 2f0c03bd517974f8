"""`run`: the daemon."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, NoReturn

from monitor.errors import MonitorError
from monitor.ladder import BUG, DONE
from monitor.verbs.common import Verbs, add_config_option, load_config

if TYPE_CHECKING:
    from monitor.app import Daemon
    from monitor.clock import Clock
    from monitor.config.load import Loaded
    from monitor.runtime.sd_notify import Notifier
    from monitor.runtime.signals import Request, Signals

log = logging.getLogger(__name__)


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("run", help="the daemon")
    add_config_option(parser)
    parser.set_defaults(verb=run)


def run(args: argparse.Namespace) -> int:
    """Watch until told to stop. What is wrong before it watches is raised; what goes wrong later is handled."""
    from monitor.clock import SystemClock
    from monitor.runtime.signals import Request, Signals

    clock = SystemClock()
    request, stragglers = Request.RELOAD, list[str]()
    daemon: Daemon | None = None
    with Signals(clock) as signals:
        with signals.leaving():  # these imports take a Raspberry Pi seconds
            from monitor.app import Daemon
            from monitor.camera.opencv import prepare_opencv
            from monitor.classify.load import load_classifier
            from monitor.config.dump import secrets_of
            from monitor.observe.logs import Logs
            from monitor.runtime.sd_notify import Notifier

            loaded = load_config(args.config)
        notifier = Notifier()
        prepare_opencv()
        while request is Request.RELOAD and not stragglers:
            with closing(Logs(loaded.config.logging, clock, secrets_of(loaded.config))):
                for warning in loaded.warnings:
                    log.warning("%s", warning)
                kept = daemon is not None and daemon.config.model == loaded.config.model
                with signals.leaving():
                    classifier = daemon.classifier if daemon is not None and kept else load_classifier(loaded.config.model)
                daemon = Daemon(loaded, classifier, clock, signals.ask)
                reload = _reloader(args, daemon)
                request, loaded, stragglers = _watch(daemon, signals, notifier, clock, reload)
    if stragglers and request is Request.RELOAD and Request.STOP not in iter(lambda: signals.wait(0), None):
        _begin_anew()
    code = BUG if request is Request.GIVE_UP else DONE
    if stragglers:
        _leave(code)
    return code


def _watch(
    daemon: Daemon, signals: Signals, notifier: Notifier, clock: Clock, reload: Callable[[], Loaded | None]
) -> tuple[Request, Loaded, list[str]]:
    """Start the daemon and keep it company until it is to stop or to run another configuration."""
    from monitor.reporting import Reporter
    from monitor.runtime.signals import Request

    try:
        daemon.start()
        notifier.ready("watching")
        reporter = Reporter(daemon, notifier, clock)
        while True:
            request = signals.wait(timeout=1.0)
            reporter.step(clock.now())
            if request is Request.RELOAD:
                notifier.reloading(clock.now())
                if (loaded := reload()) is not None:
                    return request, loaded, daemon.stop()
                notifier.ready("watching; the new configuration was refused")
            elif request is not None:
                log.info("stopping")
                notifier.stopping()
                return request, daemon.loaded, daemon.stop()
    except BaseException:
        daemon.stop()
        raise


def _reloader(args: argparse.Namespace, daemon: Daemon) -> Callable[[], Loaded | None]:
    """Make the function that reads the configuration again and gives it, or None if it is no good."""
    from monitor.classify.load import load_classifier
    from monitor.rulebook import Rulebook

    def reload() -> Loaded | None:
        try:
            loaded = load_config(args.config)
            card = daemon.classifier.card
            if loaded.config.model != daemon.config.model:
                card = load_classifier(loaded.config.model).card
            Rulebook(loaded, card)
        except MonitorError as error:
            log.error("the new configuration is refused and the old one stays in force:")
            for line in str(error).splitlines():
                log.error("%s", line)
            return None
        log.info("reloading %s", loaded.file)
        return loaded

    return reload


def _begin_anew() -> NoReturn:
    """Become a fresh process under the same number: a thread that is stuck in a library cannot be left behind in any other way."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # stays so until the new process listens; by default it would end it
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - our own command line, once more


def _leave(code: int) -> NoReturn:
    """End the process at once: a thread is stuck inside a library, whose clean-up would crash or wait for it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
