"""What holds whatever happens: random days of a camera, told second by second and less."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, cycle, islice, pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.decide.decider import CameraDecider, Event
from monitor.decide.rule import Reading, Rule
from monitor.values import Alert, CameraEvent, CameraProblem, Moment, RuleState


@dataclass(frozen=True)
class Step:
    """What happens `after` so many seconds: a look with a score, a frame nobody looks at, nothing, or a switch."""

    after: float
    what: str
    score: float = 0.0
    label: str = "tabby"


random_days = settings(deadline=None)  # a slow box is no failure

PAUSES = st.sampled_from([0.25, 0.25, 1.0, 1.0, 3.0, 5.0])
ABSENCES = st.sampled_from([0.25, 1.0, 5.0, 9.0, 12.0, 61.0])
LABELS = st.sampled_from(["tabby", "tabby", "tabby", "tiger cat"])


def looks_at(scores: list[float], most: int) -> st.SearchStrategy[list[Step]]:
    """Some looks that give these scores, quickly one after another."""
    return st.lists(st.builds(Step, PAUSES, st.just("look"), st.sampled_from(scores), LABELS), min_size=1, max_size=most)


# A day is made of scenes rather than of single looks: a thing is there for a while, wavers, goes; then something happens to the camera.
THERE, WAVERING, GONE = [0.5, 0.55, 0.7, 0.9], [0.34, 0.35, 0.4, 0.49, 0.5, 0.55], [0.0, 0.2, 0.34]
INCIDENTS = st.builds(Step, ABSENCES, st.sampled_from(["frame", "frame", "tick", "tick", "detect on", "detect off", "restart"]))
SCENES = st.one_of(
    looks_at(THERE, 10), looks_at(THERE, 10), looks_at(WAVERING, 10), looks_at(GONE, 5), st.lists(INCIDENTS, min_size=1, max_size=1)
)
STEPS = st.lists(SCENES, max_size=16).map(lambda scenes: [step for scene in scenes for step in scene])
RULES = st.builds(
    Rule,
    name=st.just("cat"),
    label=st.just("cat"),
    threshold=st.just(0.5),
    release=st.just(0.35),
    looks=st.integers(1, 3),
    hold=st.sampled_from([0.0, 1.0, 5.0]),
    cooldown=st.sampled_from([0.0, 5.0, 60.0]),
)


class Camera:
    """One camera living through its steps."""

    def __init__(self, rule: Rule, name: str = "porch") -> None:
        self._name, self._rule = name, rule
        self._decider = CameraDecider(name, [rule], Moment(1000.0, 5000.0))
        self.told: list[tuple[float, Event]] = []

    def live(self, step: Step, now: Moment) -> None:
        events: Sequence[Event] = ()
        if step.what == "look":
            events = self._decider.look(now, [Reading("frame", "cat", step.score, step.label)])
        elif step.what == "frame":
            events = self._decider.frame_seen(now)
        elif step.what.startswith("detect"):
            events = self._decider.set_detect(step.what == "detect on", now)
        elif step.what == "restart":
            self._decider = CameraDecider(self._name, [self._rule], now, self._decider.open_episodes())
        self.told += ((now.mono, event) for event in (*events, *self._decider.tick(now)))
        self.check()

    def check(self) -> None:
        """What must hold after every step: the state and the episodes agree."""
        (state,) = self._decider.states
        assert (state.episode is not None) == bool(self._decider.open_episodes())
        assert state.on is not False or state.episode is None
        assert (state.on is None) == (state.score is None) == (state.label is None)

    def finish(self) -> None:
        self.told += ((0.0, event) for event in self._decider.tick(Moment(1e9, 1e9)))
        self.check()


def times(steps: Iterable[Step], wall_errors: Sequence[float] = (0.0,)) -> list[Moment]:
    """The moments of the steps; the wall clock is wrong by each of `wall_errors` in turn."""
    monos = accumulate((step.after for step in steps), initial=1000.0)
    return [Moment(mono, mono + 4000.0 + error) for mono, error in zip(islice(monos, 1, None), cycle(wall_errors), strict=False)]


def live(rule: Rule, steps: Sequence[Step], wall_errors: Sequence[float] = (0.0,), name: str = "porch") -> list[tuple[float, Event]]:
    camera = Camera(rule, name)
    for step, now in zip(steps, times(steps, wall_errors), strict=True):
        camera.live(step, now)
    camera.finish()
    return camera.told


def alerts(told: Iterable[tuple[float, Event]]) -> list[Alert]:
    return [event for _, event in told if isinstance(event, Alert)]


@random_days
@given(rule=RULES, steps=STEPS)
def test_starts_and_ends_take_turns(rule: Rule, steps: list[Step]) -> None:
    edges = [alert.event_type for alert in alerts(live(rule, steps)) if alert.event_type != "update"]
    assert edges == ["start", "end"] * (len(edges) // 2)


@random_days
@given(rule=RULES, steps=STEPS)
def test_no_episode_starts_below_the_threshold(rule: Rule, steps: list[Step]) -> None:
    told = alerts(live(rule, steps))
    assert all(alert.score >= rule.threshold for alert in told)


@random_days
@given(rule=RULES, steps=STEPS)
def test_a_rule_turns_on_by_looks_in_a_row_or_by_going_on_with_its_episode(rule: Rule, steps: list[Step]) -> None:
    steps = [step for step in steps if step.what in ("look", "frame", "tick")]
    scores = [(now.mono, step.score) for step, now in zip(steps, times(steps), strict=True) if step.what == "look"]
    was_on: bool | None = None
    running: str | None = None
    for mono, event in live(rule, steps):
        if not isinstance(event, RuleState):
            continue
        if event.on and not was_on and (running is None or event.episode != running):
            latest = [score for at, score in scores if at <= mono]
            assert len(latest) >= rule.looks
            assert all(score >= rule.threshold for score in latest[-rule.looks :])
        was_on, running = event.on, event.episode


@random_days
@given(rule=RULES, steps=STEPS)
def test_an_episode_counts_its_messages_from_zero_without_gaps(rule: Rule, steps: list[Step]) -> None:
    episodes: dict[str, list[Alert]] = {}
    for alert in alerts(live(rule, steps)):
        episodes.setdefault(alert.id, []).append(alert)
    for messages in episodes.values():
        assert [message.seq for message in messages] == list(range(len(messages)))
        assert [message.event_type for message in messages] == ["start", *["update"] * (len(messages) - 2), "end"]
        assert len({message.started_at for message in messages}) == 1
        assert all(earlier.score <= later.score for earlier, later in pairwise(messages))


@random_days
@given(rule=RULES, steps=STEPS)
def test_updates_are_ten_seconds_apart(rule: Rule, steps: list[Step]) -> None:
    told = [(mono, event) for mono, event in live(rule, steps) if isinstance(event, Alert)]
    for (earlier, before), (later, after) in pairwise(told):
        if after.event_type == "update":
            assert later - earlier >= 10 - 1e-6
            # A run that goes on with an episode knows what was last seen, not what was last said.
            assert after.score > before.score or after.label != before.label or any(step.what == "restart" for step in steps)


@random_days
@given(rule=RULES, steps=STEPS)
def test_the_state_changes_whenever_it_is_told(rule: Rule, steps: list[Step]) -> None:
    told = [event for _, event in live(rule, [step for step in steps if step.what != "restart"])]
    states = [(state, told[place + 1 : place + 2]) for place, state in enumerate(told) if isinstance(state, RuleState)]
    for (earlier, _), (later, after) in pairwise(states):
        update = [event for event in after if isinstance(event, Alert) and event.event_type == "update"]
        assert (earlier.on, earlier.episode) != (later.on, later.episode) or update


@random_days
@given(rule=RULES, steps=STEPS)
def test_the_camera_is_told_to_come_and_go_by_turns(rule: Rule, steps: list[Step]) -> None:
    told = [event.online for _, event in live(rule, [s for s in steps if s.what != "restart"]) if isinstance(event, CameraEvent)]
    assert all(earlier != later for earlier, later in pairwise(told))


@random_days
@given(rule=RULES, first=STEPS, second=STEPS, order=st.randoms(use_true_random=False))
def test_the_order_of_cameras_is_irrelevant(rule: Rule, first: list[Step], second: list[Step], order: Random) -> None:
    cameras = {"porch": Camera(rule, "porch"), "barn": Camera(rule, "barn")}
    queues = {"porch": list(zip(first, times(first), strict=True)), "barn": list(zip(second, times(second), strict=True))}
    while any(queues.values()):
        name = order.choice([name for name, queue in queues.items() if queue])
        cameras[name].live(*queues[name].pop(0))
    for name, steps in (("porch", first), ("barn", second)):
        cameras[name].finish()
        assert cameras[name].told == live(rule, steps, name=name)


@random_days
@given(rule=RULES, steps=STEPS, parts=st.lists(st.integers(1, 15), min_size=1, max_size=9))
def test_ticks_in_between_change_nothing_but_when_it_is_noticed(rule: Rule, steps: list[Step], parts: list[int]) -> None:
    # Sixteenths keep all sums exact, so that a look at the very end of a hold stays one.
    steps = [step for step in steps if step.what in ("look", "frame", "tick")]
    halves = [(step, step.after * part / 16) for step, part in zip(steps, cycle(parts), strict=False)]
    more = [half for step, first in halves for half in (Step(first, "tick"), replace(step, after=step.after - first))]
    assert [unlabelled(event) for _, event in live(rule, more)] == [unlabelled(event) for _, event in live(rule, steps)]


@random_days
@given(rule=RULES, steps=STEPS)
def test_frames_that_nobody_looks_at_change_nothing(rule: Rule, steps: list[Step]) -> None:
    more = [frame for step in steps for frame in ((step, Step(0.0, "frame")) if step.what == "look" else (step,))]
    assert live(rule, more) == live(rule, steps)


@random_days
@given(rule=RULES, steps=STEPS, wall_errors=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9))
def test_a_wall_clock_that_jumps_changes_labels_only(rule: Rule, steps: list[Step], wall_errors: list[float]) -> None:
    # Only over a restart the wall clock has a say: nothing else can tell how long the daemon was away.
    steps = [step for step in steps if step.what != "restart"]
    jumped, calm = live(rule, steps, wall_errors), live(rule, steps)
    assert [unlabelled(event) for _, event in jumped] == [unlabelled(event) for _, event in calm]
    assert [alert.duration for alert in alerts(jumped)] == [alert.duration for alert in alerts(calm)]


def unlabelled(event: Event) -> tuple[object, ...]:
    """An event without times, and without the ids that derive from them."""
    if isinstance(event, Alert):
        return event.event_type, event.seq, event.place, event.label, event.score, event.reason
    if isinstance(event, RuleState):
        return event.place, event.on, event.score, event.label, event.episode is not None
    return (event.kind,) if isinstance(event, CameraProblem) else (event.online, event.reason)
