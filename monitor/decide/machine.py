"""One rule in one zone of one camera: ON, OFF or unknown, and the episode that goes with it.

Rules for this file
  * Every change of a rule's state is made here and nowhere else.
  * It knows looks and time. It does not know cameras, models, pictures, other rules or how anything is sent.
  * Times are compared by the monotonic clock only; the wall clock labels what is said.
  * What it says is returned, state first and alert after it; nothing is said that is not a change.

Theory of operation
  The state is `None` (unknown) at first, after the camera was away and while detection is off: whoever does not look knows nothing.
  Unknown or OFF, looks at or above `threshold` are counted; `looks` of them in a row turn the rule ON, any other ends the run (and
  makes an unknown rule OFF). ON, the first look below `release` sets t0 and any look at or above it clears t0; at t0 + hold the
  rule is OFF. Frames that were not looked at never come here, so they neither count nor break a run.

  An episode begins at a look, never at a tick: then there is a score to report and a picture to show. It begins with ON, unless a
  cooldown runs; then at the first look at or above `release` after the cooldown, if the rule is still ON. Such a look may lie
  below `threshold`; the best look of the stay speaks for it then, so no alert ever starts below the threshold. Updates come with
  looks too; a tick only ends things.

  The cooldown counts from the end of the last episode, for its purpose is to keep a thing that leaves and returns from being
  announced each time; counted from the start, a long stay would leave no cooldown at all. Only an end because the thing was gone
  brings one. After a lost camera, a restart or detection switched off nobody saw it leave, and what is there then is news.

  An episode outlives a state that becomes unknown. When looks come back, one at or above `release` makes the rule ON again and the
  episode goes on; looks below it set t0 as if the rule were ON, and at t0 + hold it is gone. An episode found open at start
  (`Found`) is stricter: it has only its first `looks` looks and a minute.

Ties
  Time passes before a look is judged: whatever fell due earlier is done first, so it does not matter how often ticks come. A look
  at the very moment t0 + hold still counts, being one of the looks since t0; a tick at that moment finds the hold over.

Change together: a new field that says something about the present stay must be reset in `_turn`.
"""

from __future__ import annotations

import math

from monitor.decide.episode import Episode, farewell
from monitor.decide.restart import Found
from monitor.decide.rule import Reading, Rule
from monitor.values import Alert, EndReason, Moment, OpenEpisode, Place, RuleState


class RuleMachine:
    """The state of one rule in one zone. Moments should not go back; a tick a little ahead of the looks does no harm."""

    def __init__(self, place: Place, rule: Rule, now: Moment, kept: OpenEpisode | None = None) -> None:
        self.place = place
        self._rule = rule
        self._on: bool | None = None
        self._since = now.wall
        self._run = 0  # looks in a row at or above the threshold, while not ON
        self._t0: float | None = None  # the first look of those below release, None after one that was not
        self._best: Reading | None = None  # of this stay
        self._last: Reading | None = None
        self._silent_until = -math.inf  # the end of the cooldown
        self._episode: Episode | None = None
        self._found = Found(kept, rule.looks, now) if kept is not None else None
        self._told: tuple[bool | None, str | None] = (self._on, self.episode)

    @property
    def on(self) -> bool | None:
        """ON, OFF or, with None, unknown."""
        return self._on

    @property
    def between_states(self) -> bool:
        """Whether looks are needed to settle the state: it is unknown, a run has begun, or t0 is set."""
        return self._on is None or self._run > 0 or self._t0 is not None

    @property
    def followed(self) -> bool:
        """Whether there is a thing to keep an eye on: a run has begun, or the rule is ON."""
        return bool(self._on) or self._run > 0

    @property
    def release(self) -> float:
        """The score below which a thing that was there is gone."""
        return self._rule.release

    @property
    def open_episode(self) -> OpenEpisode | None:
        """The episode that has started and not ended, as it is to be kept over a restart."""
        if self._found is not None:
            return self._found.kept
        return self._episode.kept if self._episode is not None else None

    @property
    def episode(self) -> str | None:
        """The id of the open episode."""
        kept = self.open_episode
        return kept.id if kept is not None else None

    @property
    def state(self) -> RuleState:
        """What the rule says now. The score is the best of the stay while ON, the last look's while OFF."""
        score, label = self._shown()
        return RuleState(self.place, self._on, score, label, self._since, self.episode)

    def reason(self, now: Moment) -> str:
        """Say in words why the rule is as it is; from any thread."""
        rule, last, t0 = self._rule, self._last, self._t0
        if last is None:
            return "nothing was looked at yet"
        if t0 is not None:
            return f"{last.score:.2f} is below {rule.release:.2f}: OFF in {max(0.0, t0 + rule.hold - now.mono):.0f} s if it stays away"
        if self._on and self._episode is None:
            return f"there, but silent for {max(0.0, self._silent_until - now.mono):.0f} s more: it was here a moment ago"
        if self._on:
            return f"{last.score:.2f} is not below {rule.release:.2f}"
        if self._run:
            return f"{self._run} of {rule.looks} looks at or above {rule.threshold:.2f}"
        if self._on is None:
            return "unknown until the next look"
        return f"{last.score:.2f} is below {rule.threshold:.2f}"

    def look(self, reading: Reading, now: Moment) -> list[RuleState | Alert]:
        """Take in one look. The score must be finite."""
        events = self._pass_time(now, until_look=True)
        self._last = reading
        seen = reading.score >= self._rule.release
        alerts: list[Alert] = []
        if self._found is not None:
            alerts = self._settle(self._found, seen, now)
        elif self._on or self._episode is not None:
            self._watch(seen, now)
        else:
            self._count(reading, now)
        if self._on and seen:
            alerts += self._speak(reading, now)
        return events + self._tell(alerts) + self._pass_time(now)

    def tick(self, now: Moment) -> list[RuleState | Alert]:
        """Let time pass."""
        return self._pass_time(now)

    def lose_sight(self, now: Moment) -> list[RuleState | Alert]:
        """Forget the state, because nobody is looking any more; an open episode stays open."""
        self._turn(None, now)
        return self._tell([])

    def end(self, reason: EndReason, now: Moment) -> list[RuleState | Alert]:
        """Forget the state and end the open episode, if there is one."""
        alerts: list[Alert] = []
        if self._found is not None:
            alerts = [farewell(self._found.kept, reason)]
        elif self._episode is not None:
            alerts = [self._episode.end(reason, now)]
        self._found = self._episode = None
        self._turn(None, now)
        return self._tell(alerts)

    def set_rule(self, rule: Rule) -> None:
        """Judge by another `threshold` and `release`. Looks that were judged by the old ones count no more; the state stays."""
        self._rule = rule
        self._run = 0
        self._t0 = None

    def _pass_time(self, now: Moment, *, until_look: bool = False) -> list[RuleState | Alert]:
        """Do what fell due up to now; `until_look`: before a look at this very moment."""

        def due(deadline: float) -> bool:
            return now.mono > deadline if until_look else now.mono >= deadline

        alerts: list[Alert] = []
        if self._found is not None and due(self._found.deadline):
            alerts = [farewell(self._found.kept, EndReason.RESTART)]
            self._found = None
        if self._t0 is not None and due(gone_at := self._t0 + self._rule.hold):
            self._turn(False, now)
            if self._episode is not None:
                alerts = [self._episode.end(EndReason.GONE, now)]
                self._episode = None
                self._silent_until = gone_at + self._rule.cooldown
        return self._tell(alerts)

    def _settle(self, found: Found, seen: bool, now: Moment) -> list[Alert]:
        """Continue an episode found open, or give it up."""
        if seen:
            self._found = None
            self._episode = Episode.resume(found.kept, now)
            self._turn(True, now)
        elif found.miss():
            self._found = None
            self._turn(False, now)
            return [farewell(found.kept, EndReason.RESTART)]
        return []

    def _watch(self, seen: bool, now: Moment) -> None:
        """Judge a look at a thing that is there, or was when we last looked."""
        if not seen:
            self._t0 = now.mono if self._t0 is None else self._t0
        elif self._on:
            self._t0 = None
        else:
            self._turn(True, now)

    def _count(self, reading: Reading, now: Moment) -> None:
        """Judge a look at a place where nothing is known to be."""
        self._run = self._run + 1 if reading.score >= self._rule.threshold else 0
        if self._run >= self._rule.looks:
            self._turn(True, now)
        elif self._run == 0:
            self._turn(False, now)

    def _speak(self, reading: Reading, now: Moment) -> list[Alert]:
        """Say what a look at or above `release` brings while ON: a start, an update, or nothing."""
        if self._best is None or reading.score > self._best.score:
            self._best = reading
        if self._episode is not None:
            update = self._episode.see(reading, now)
            return [update] if update is not None else []
        opening = reading if reading.score >= self._rule.threshold else self._best
        if now.mono < self._silent_until or opening.score < self._rule.threshold:
            return []
        self._episode, start = Episode.begin(self.place, self._rule.severity, opening, now)
        return [start]

    def _turn(self, on: bool | None, now: Moment) -> None:
        """Begin a new stay in a state, which may be the same one: unknown again is a new not-knowing."""
        if on is not self._on:
            self._since = now.wall
        self._on = on
        self._run = 0
        self._t0 = None
        self._best = None

    def _tell(self, alerts: list[Alert]) -> list[RuleState | Alert]:
        """Put the state before the alerts, if there is news. An update carries its score into the state topic too."""
        told = (self._on, self.episode)
        if told == self._told and not alerts:
            return []
        self._told = told
        return [self.state, *alerts]

    def _shown(self) -> tuple[float | None, str | None]:
        if self._on is None:
            return None, None
        if self._on and self._episode is not None:
            return self._episode.kept.best_score, self._episode.kept.label
        reading = self._best if self._on else self._last
        return (reading.score, reading.label) if reading is not None else (None, None)
