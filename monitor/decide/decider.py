"""All that is judged about one camera: its presence and its rules, each in each of its zones.

Told of frames, looks and time, it answers with events in the order in which they are to be sent. It keeps the machines and the
presence in step: who is away, or shows pictures that cannot be trusted, has no states, and whoever does so for long has no episodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from monitor.decide.machine import RuleMachine
from monitor.decide.presence import LOSS, SILENCE, Presence
from monitor.decide.rule import Reading, Rule, refuse_faults
from monitor.values import (
    Alert,
    CameraEvent,
    CameraProblem,
    EndReason,
    Moment,
    OfflineReason,
    OpenEpisode,
    Place,
    ProblemKind,
    RuleState,
)

Event = RuleState | Alert | CameraEvent | CameraProblem


class CameraDecider:
    """The judgement over one camera.

    Call `frame_seen` for frames (all of them, or from time to time with the newest), `look` for frames that were analysed, and `tick`
    about once a second. Where a tick and a look fall on the same moment, the look comes first.

    open_episodes: those the store has; of other places than this camera's, see `restart.orphans`, they are ignored. detect: whether
    detection is on; if it is not, they wait for it as for any look.
    """

    def __init__(
        self, camera: str, rules: Sequence[Rule], now: Moment, open_episodes: Iterable[OpenEpisode] = (), *, detect: bool = True
    ) -> None:
        kept = {episode.place: episode for episode in open_episodes}
        places = [(Place(camera, zone, rule.name), rule) for rule in rules for zone in rule.zones]
        self._camera = camera
        self._machines = {place: RuleMachine(place, rule, now, kept.get(place)) for place, rule in places}
        self._presence = Presence(camera, now)
        self._configured = {rule.name: rule for rule in rules}
        self._in_force = dict(self._configured)
        self._detect = detect
        self._problem: ProblemKind | None = None
        self._blind_since = math.inf

    @property
    def availability(self) -> CameraEvent | None:
        """Whether the camera is there, as it was last said; None as long as nothing is known."""
        return self._presence.availability

    @property
    def detect(self) -> bool:
        """Whether detection is on."""
        return self._detect

    @property
    def problem(self) -> ProblemKind | None:
        """What is wrong with the camera's pictures; None if nothing is known to be."""
        return self._problem

    @property
    def blind(self) -> bool:
        """Whether the pictures cannot be trusted at all."""
        return self._problem is not None and self._problem.blind

    @property
    def thresholds(self) -> dict[str, float]:
        """The thresholds in force, by the names of the rules."""
        return {name: rule.threshold for name, rule in self._in_force.items()}

    @property
    def states(self) -> list[RuleState]:
        """What each rule says now: to be published at start and when a broker has forgotten."""
        return [machine.state for machine in self._machines.values()]

    def reasons(self, now: Moment) -> dict[Place, str]:
        """Say in words why each rule is as it is."""
        return {place: machine.reason(now) for place, machine in self._machines.items()}

    @property
    def between_states(self) -> bool:
        """Whether looks are needed to settle a state, so that the gate must stay open."""
        return self._detect and any(machine.between_states for machine in self._machines.values())

    @property
    def followed(self) -> dict[Place, float]:
        """Where a rule has begun to see something, is ON or about to go OFF, each with its `release`."""
        return {place: machine.release for place, machine in self._machines.items() if machine.followed}

    def running(self, zone: str) -> dict[str, str]:
        """The ids of the open episodes of a zone, by rule."""
        return {place.rule: machine.episode for place, machine in self._machines.items() if place.zone == zone and machine.episode}

    def open_episodes(self) -> list[OpenEpisode]:
        """The episodes that have started and not ended, as they are to be kept over a restart."""
        return [machine.open_episode for machine in self._machines.values() if machine.open_episode is not None]

    def frame_seen(self, at: Moment) -> list[Event]:
        """Take note of a frame grabbed at `at`."""
        # A silence that no tick noticed was one all the same: in a replay, a gap in the video.
        events = self.tick(at) if self._presence.silence(at) > SILENCE else []
        back = self._presence.frame(at)
        return [*events, back] if back is not None else events

    def look(self, now: Moment, readings: Iterable[Reading]) -> list[Event]:
        """Take in a look at a frame grabbed at `now`. A zone or rule that was not looked at does not change.

        While detection is off or the pictures cannot be trusted, or for a frame of a camera that has been declared offline since, the
        readings change nothing.
        Raises ModelFaultError for a score that is NaN or infinite, and nothing has changed then.
        """
        given = {Place(self._camera, reading.zone, reading.rule): reading for reading in readings}
        if strangers := given.keys() - self._machines.keys():
            raise ValueError(f"no such rule: {sorted(strangers, key=str)}")
        refuse_faults((reading.score for reading in given.values()), f"camera {self._camera}")
        events = self.frame_seen(now)
        if not (self._detect and self._presence.online) or self.blind:
            return events
        for place, machine in self._machines.items():
            if place in given:
                events += machine.look(given[place], now)
        return events

    def tick(self, now: Moment, reason: OfflineReason | None = None, detail: str = "") -> list[Event]:
        """Let time pass.

        reason, detail: why the link is down, if it is and knows. Tell ENDED only once the last frame has been handed in.
        """
        events: list[Event] = []
        for machine in self._machines.values():
            events += machine.tick(now)
        change = self._presence.tick(now, reason, detail)
        if change is not None:
            events += [change, *self._lose_sight(now)]
        if self._presence.silence(now) >= LOSS:
            events += self.end_all(EndReason.CAMERA_LOST, now)
        elif now.mono - self._blind_since >= LOSS:
            events += self.end_all(EndReason.CAMERA_PROBLEM, now)
        return events

    def set_problem(self, problem: ProblemKind | None, detail: str, now: Moment) -> list[Event]:
        """Take note of what is wrong with the pictures; None: nothing any more. detail: in words.

        Where they cannot be trusted the states are unknown at once, and episodes end after `LOSS` seconds.
        """
        events: list[Event] = [CameraProblem(self._camera, now.wall, problem, detail)]
        was_blind, self._problem = self.blind, problem
        if problem is ProblemKind.FROZEN:
            gone = self._presence.freeze(now, detail)
            events += [gone] if gone is not None else []
        else:
            self._presence.thaw()
        if not self.blind:
            self._blind_since = math.inf
        elif not was_blind:
            self._blind_since = now.mono
            events += self._lose_sight(now)
        return events

    def set_detect(self, on: bool, now: Moment) -> list[Event]:
        """Switch detection on or off. Off, the states are unknown rather than OFF: nobody looks, so nobody knows."""
        self._detect = on
        return [] if on else self.end_all(EndReason.DETECT_OFF, now)

    def _lose_sight(self, now: Moment) -> list[Event]:
        return [event for machine in self._machines.values() for event in machine.lose_sight(now)]

    def set_threshold(self, rule: str, threshold: float | None) -> None:
        """Move the threshold of a rule in all its zones; its release moves in proportion. None: back to what was configured.

        Raises ValueError unless 0 < threshold <= 1, and for a rule that the camera does not have.
        """
        if rule not in self._configured:
            raise ValueError(f"camera {self._camera} has no rule {rule}")
        configured = self._configured[rule]
        # Always from the configured one: however often it is moved, rounding does not add up.
        self._in_force[rule] = configured if threshold is None else configured.with_threshold(threshold)
        for place, machine in self._machines.items():
            if place.rule == rule:
                machine.set_rule(self._in_force[rule])

    def end_all(self, reason: EndReason, now: Moment) -> list[Event]:
        """End all open episodes and forget the states. Saying it again says nothing."""
        events: list[Event] = []
        for machine in self._machines.values():
            events += machine.end(reason, now)
        return events
