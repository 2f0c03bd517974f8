"""A stage on which one rule of one camera is played, second by second."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from monitor.clock import ManualClock
from monitor.decide.decider import CameraDecider, Event
from monitor.decide.rule import Reading, Rule
from monitor.values import Alert, CameraEvent, CameraProblem, OfflineReason, OpenEpisode, ProblemKind

CAT = Rule(name="cat", label="cat", threshold=0.5, release=0.35, looks=2, hold=5.0, cooldown=60.0)


def word(event: Event) -> str:
    """Say an event shortly: `ON*` (with an episode), `OFF`, `?`, `start 0.90`, `end gone`, `online`, `offline lost`."""
    if isinstance(event, Alert):
        return f"{event.event_type} {event.reason or format(event.score, '.2f')}"
    if isinstance(event, CameraEvent):
        return f"offline {event.reason}" if event.reason else "online"
    if isinstance(event, CameraProblem):
        return event.kind or "well"
    return {True: "ON", False: "OFF", None: "?"}[event.on] + ("*" if event.episode else "")


class Stage:
    """Plays a script against a real `CameraDecider`.

    A script is words, each one second: `90` a look with the score 0.90 · `90:tiger` the same with a label · `-` a frame that is not
    looked at · `x` no frame · `!black` something is wrong with the pictures from now on, which still come, `!` nothing any more ·
    `-*60` a word sixty times. After each word there is a tick, as in the daemon.
    """

    def __init__(self, *, kept: Iterable[OpenEpisode] = (), frame_first: bool = True, **changes: Any) -> None:
        self.clock = ManualClock(mono=1000.0, wall=1_700_000_000.0)
        self.rule = replace(CAT, **changes)
        self.decider = CameraDecider("porch", [self.rule], self.clock.now(), kept)
        self.events: list[Event] = []
        self.link: OfflineReason | None = None
        self.second = 0
        if frame_first:
            self.decider.frame_seen(self.clock.now())

    def play(self, script: str) -> list[str]:
        """Play on, and say what happened in which second (counted from the first script on)."""
        said = []
        for entry in script.split():
            token, _, times = entry.partition("*")
            for _ in range(int(times or 1)):
                said += [f"{self.second} {word(event)}" for event in self._step(token)]
                self.second += 1
        return said

    def alerts(self) -> list[Alert]:
        return [event for event in self.events if isinstance(event, Alert)]

    def _step(self, token: str) -> list[Event]:
        now = self.clock.now()
        events: list[Event] = []
        if token.startswith("!"):
            kind = ProblemKind(token[1:]) if token[1:] else None
            events += self.decider.set_problem(kind, "in words", now)
        if token == "-" or token.startswith("!"):
            events += self.decider.frame_seen(now)
        elif token != "x":
            score, _, label = token.partition(":")
            events += self.decider.look(now, [Reading("frame", self.rule.name, int(score) / 100, label or "tabby")])
        events += self.decider.tick(now, self.link)
        self.events += events
        self.clock.advance(1.0)
        return events


@pytest.fixture(scope="session")
def stage() -> type[Stage]:
    return Stage
