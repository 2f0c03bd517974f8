"""The life of the process: start, keep company, reload, stop.

A reload makes the next daemon ready beside the running one, model included; so a configuration that is no good costs nothing but a few
lines in the log. If only cameras and rules have changed, the running one takes them over; else it is stopped and the next one started.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from typing import NoReturn

from monitor.app import Daemon
from monitor.camera.opencv import prepare_opencv
from monitor.classify.load import load_classifier
from monitor.classify.relabel import chosen_card
from monitor.clock import Clock, iso
from monitor.config.dump import secrets_of
from monitor.config.load import Loaded
from monitor.config.schema import ModelSettings
from monitor.errors import MonitorError
from monitor.ladder import BUG, DONE, SHORTAGES
from monitor.observe.logs import Logs
from monitor.page import page_of
from monitor.record.store import LastRun
from monitor.reporting import Reporter
from monitor.rulebook import check_models
from monitor.runtime.output import Output
from monitor.runtime.sd_notify import Notifier
from monitor.runtime.signals import Request, Signals

log = logging.getLogger(__name__)


class Service:
    """Runs one daemon after the other. load: reads the configuration; raises ConfigError."""

    def __init__(self, load: Callable[[], Loaded], signals: Signals, clock: Clock) -> None:
        self._load = load
        self._signals = signals
        self._clock = clock
        self._notifier = Notifier()
        self._stragglers: list[str] = []

    def run(self) -> int:
        """Watch until told to stop and return the exit code. What is wrong before the first daemon watches is raised."""
        prepare_opencv()
        with self._signals.leaving():
            loaded = self._load()
        successor: Daemon | None = None
        while True:
            logs = Logs(loaded.config.logging, self._clock, secrets_of(loaded.config))
            with closing(logs) as self._logs, Output(self._clock):
                if successor is None:
                    with self._signals.leaving():
                        successor = self._prepare(loaded, None)
                request, successor = self._watch(successor)
            if successor is None or self._stragglers:
                break
            loaded = successor.loaded
            gc.collect()
        left_behind = successor is not None  # a reload, but the old daemon left a thread behind
        if (left_behind or request is Request.RESTART) and not self._told_to_stop():
            _begin_anew()
        code = BUG if request is Request.GIVE_UP else DONE
        if self._stragglers:
            _leave(code)
        return code

    def _prepare(self, loaded: Loaded, running: Daemon | None) -> Daemon:
        """Make the daemon for a configuration; nothing of it runs yet. The model is loaded last: that may take a Raspberry Pi a minute."""
        model = loaded.config.model
        check_models(loaded)
        for warning in loaded.warnings:
            log.warning("%s", warning)
        classifier = running.classifier if running and _is_current(running, model) else load_classifier(model)
        return Daemon(loaded, classifier, self._clock, self._signals.ask)

    def _watch(self, daemon: Daemon) -> tuple[Request, Daemon | None]:
        """Run a daemon until it is to stop; give why, and the one that is to follow."""
        try:
            daemon.start()
            _tell_of_the_last_run(daemon.history.last_run)
            self._notifier.ready("watching")
            reporter = Reporter(daemon, self._notifier, self._clock)
            with page_of(daemon, reporter.vitals, self._clock):
                while True:
                    request = self._signals.wait(timeout=1.0)
                    self._report(reporter)
                    successor = self._reload(daemon) if request is Request.RELOAD else None
                    if request is not None and (successor is not None or request is not Request.RELOAD):
                        break
        except BaseException:
            daemon.stop()
            raise
        if request is Request.RESTART:
            log.info("starting anew")
            self._notifier.reloading(self._clock.now())
        elif successor is None:
            log.info("stopping")
            self._notifier.stopping()
        self._stragglers = daemon.stop()
        return request, successor

    def _report(self, reporter: Reporter) -> None:
        """Have done what is due; short of descriptors or memory, figures are missing for a while, and the daemon goes on."""
        try:
            reporter.step(self._clock.now())
        except SHORTAGES as error:
            log.warning("the figures are incomplete: %s", _in_words(error))

    def _reload(self, daemon: Daemon) -> Daemon | None:
        """Give the daemon that is to follow, or None if the running one goes on: the configuration is no good, or it can take it over."""
        self._notifier.reloading(self._clock.now())
        try:
            successor = self._prepare(self._load(), daemon)
        except (MonitorError, *SHORTAGES) as error:
            log.error("the new configuration is refused and the old one stays in force:")
            for line in _in_words(error).splitlines():
                log.error("%s", line)
            self._notifier.ready("watching; the new configuration was refused")
            daemon.answer_reload(_in_words(error))
            return None
        log.info("reloading %s", successor.loaded.file)
        daemon.answer_reload(None)
        self._logs.hide(secrets_of(successor.config))
        if not daemon.adopt(successor):
            return successor
        # A lane and its capture refer to each other: with their pictures, 4 MB a reload of three small cameras, they would stay for many
        # reloads, until Python's collector takes a look at what is old.
        gc.collect()
        self._notifier.ready("watching")
        return None

    def _told_to_stop(self) -> bool:
        """Tell whether a request to stop is waiting."""
        while (request := self._signals.wait(0)) is not None:
            if request is Request.STOP:
                return True
        return False


def _is_current(running: Daemon, model: ModelSettings) -> bool:
    """Tell whether the model that runs is what `model` asks for: the same settings, and neither its card nor its labels' file changed.

    A fallback is not what anybody asked for: each reload tries the model itself again. WeightsError if the card is no good any more; then
    the model that runs is kept.
    """
    if running.config.model != model or running.classifier.fallback_reason is not None:
        return False
    card = running.classifier.card
    return card == chosen_card(card.name, model)


def _in_words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _tell_of_the_last_run(last: LastRun | None) -> None:
    """Say so if the run before this one was killed, crashed, or lost its power; when it ended is known to within its last commit."""
    if last is not None and not last.clean:
        log.warning("the last run ended unclean (killed, crashed or without power); its last sign of life: %s", iso(last.alive))


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
