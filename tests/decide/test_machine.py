"""DESIGN 6, line by line: when a rule is ON and OFF, and what its episode says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.decide.rule import Reading
from monitor.values import Alert, RuleState

if TYPE_CHECKING:
    from tests.decide.conftest import Stage

LINES: list[tuple[str, dict[str, Any], str, list[str]]] = [
    # sentence, what differs from the rule (threshold 0.5, release 0.35, looks 2, hold 5, cooldown 60), script, what is said when
    ("one look below the threshold makes an unknown rule OFF", {}, "49", ["0 OFF"]),
    ("one look at the threshold decides nothing yet", {}, "50", []),
    ("looks in a row at the threshold turn it on", {}, "50 50", ["1 ON*", "1 start 0.50"]),
    ("a look below the threshold begins the run anew", {}, "90 49 90 90", ["1 OFF", "3 ON*", "3 start 0.90"]),
    ("three looks are three looks", {"looks": 3}, "90 90 90", ["2 ON*", "2 start 0.90"]),
    ("one look may be enough", {"looks": 1}, "90", ["0 ON*", "0 start 0.90"]),
    ("frames that were not looked at neither count nor break a run", {}, "90 - - 90", ["3 ON*", "3 start 0.90"]),
    ("lost frames neither count nor break a run", {}, "90 x x x 90", ["4 ON*", "4 start 0.90"]),
    ("the start says the score of its look, not the best of the run", {}, "95 60", ["1 ON*", "1 start 0.60"]),
    ("between release and threshold it stays on", {}, "90 90 35*20", ["1 ON*", "1 start 0.90"]),
    ("below release for the hold it goes off", {}, "90 90 34*6", ["1 ON*", "1 start 0.90", "7 OFF", "7 end gone"]),
    ("a moment less than the hold leaves it on", {}, "90 90 34*5", ["1 ON*", "1 start 0.90"]),
    ("a look at release clears the hold", {}, "90 90 10*4 35 10*5", ["1 ON*", "1 start 0.90"]),
    ("after it was cleared the hold counts anew", {}, "90 90 10*4 35 10*6", ["1 ON*", "1 start 0.90", "12 OFF", "12 end gone"]),
    ("a look at the very end of the hold still counts", {}, "90 90 10*5 35 35", ["1 ON*", "1 start 0.90"]),
    ("the hold ends by time alone when no look comes", {}, "90 90 10 -*5", ["1 ON*", "1 start 0.90", "7 OFF", "7 end gone"]),
    (
        "without a hold one look below release turns it off",
        {"hold": 0.0},
        "90 90 10",
        ["1 ON*", "1 start 0.90", "2 OFF", "2 end gone"],
    ),
    ("on and without looks it stays on: the gate is not a goodbye", {}, "90 90 -*30", ["1 ON*", "1 start 0.90"]),
    (
        "inside the cooldown the state follows and no episode begins",
        {},
        "90 90 10*6 90 90 10*6",
        ["1 ON*", "1 start 0.90", "7 OFF", "7 end gone", "9 ON", "15 OFF"],
    ),
    (
        "still on when the cooldown runs out, an episode begins",
        {"cooldown": 10.0},
        "90 90 10*6 90 90 80*8",
        ["1 ON*", "1 start 0.90", "7 OFF", "7 end gone", "9 ON", "17 ON*", "17 start 0.80"],
    ),
    (
        "the cooldown waits for a look: a start has a picture",
        {"cooldown": 10.0},
        "90 90 10*6 90 90 -*10 90",
        ["1 ON*", "1 start 0.90", "7 OFF", "7 end gone", "9 ON", "20 ON*", "20 start 0.90"],
    ),
    (
        "a look between release and threshold starts the late episode with the best of the stay",
        {"cooldown": 10.0},
        "90 90 10*6 60 70 40*8",
        ["1 ON*", "1 start 0.90", "7 OFF", "7 end gone", "9 ON", "17 ON*", "17 start 0.70"],
    ),
    (
        "a thing that was not seen in the last look starts no late episode",
        {"cooldown": 5.0},
        "90 90 10*6 90 90 10*5 90",
        ["1 ON*", "1 start 0.90", "7 OFF", "7 end gone", "9 ON", "15 ON*", "15 start 0.90"],
    ),
    (
        "gone before the cooldown ran out, it is never announced",
        {"cooldown": 20.0},
        "90 90 10*6 90 90 10*20",
        ["1 ON*", "1 start 0.90", "7 OFF", "7 end gone", "9 ON", "15 OFF"],
    ),
    (
        "an off without an episode brings no new cooldown",
        {"cooldown": 10.0},
        "90 90 10*6 90 90 10*6 90 90 90",
        ["1 ON*", "1 start 0.90", "7 OFF", "7 end gone", "9 ON", "15 OFF", "17 ON*", "17 start 0.90"],
    ),
    (
        "a best score that rose by 0.05 is news, ten seconds after the last message",
        {},
        "60 60 65 60*10",
        ["1 ON*", "1 start 0.60", "11 ON*", "11 update 0.65"],
    ),
    ("a smaller rise is none", {}, "60 60 64 60*20", ["1 ON*", "1 start 0.60"]),
    (
        "small rises add up from the last message on",
        {},
        "60 60 62 64 66 60*20",
        ["1 ON*", "1 start 0.60", "11 ON*", "11 update 0.66"],
    ),
    (
        "rising all the time, it speaks every ten seconds at most",
        {},
        " ".join(str(score) for score in range(60, 100)),
        [
            *("1 ON*", "1 start 0.61", "11 ON*", "11 update 0.71"),
            *("21 ON*", "21 update 0.81", "31 ON*", "31 update 0.91"),
        ],
    ),
    ("a falling score is no news", {}, "90 90 40*30", ["1 ON*", "1 start 0.90"]),
    (
        "another label is news",
        {},
        "90:tabby 90:tabby 80:tiger*12",
        ["1 ON*", "1 start 0.90", "11 ON*", "11 update 0.90"],
    ),
    ("a label that came and went is none", {}, "90 90 90:tiger*9 90*9", ["1 ON*", "1 start 0.90"]),
    ("the label of a look that does not see the thing is none", {}, "90 90 -*9 10:sofa*3", ["1 ON*", "1 start 0.90"]),
]


@pytest.mark.parametrize(("changes", "script", "expected"), [line[1:] for line in LINES], ids=[line[0] for line in LINES])
def test_design_6(stage: type[Stage], changes: dict[str, Any], script: str, expected: list[str]) -> None:
    assert stage(**changes).play(script) == expected


def test_an_end_carries_the_best_score_and_the_time_since_the_start(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("60 60 90 50 10*6")
    start, end = scene.alerts()
    assert (start.score, end.score) == (0.6, 0.9)
    assert (start.duration, end.duration) == (0.0, 8.0)
    assert (end.started_at, end.time) == (start.time, start.time + 8)


def test_messages_of_an_episode_share_an_id_and_count_from_zero(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("60 60 90*11 10*6")
    assert [(alert.event_type, alert.seq) for alert in scene.alerts()] == [("start", 0), ("update", 1), ("end", 2)]
    assert len({alert.id for alert in scene.alerts()}) == 1


def test_the_state_names_the_episode_that_runs(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90")
    state, start = scene.events
    assert isinstance(state, RuleState)
    assert isinstance(start, Alert)
    assert state.episode == start.id
    assert (state.score, state.label, state.since) == (0.9, "tabby", start.time)


def test_an_off_says_the_score_of_the_last_look(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90 10*5 7:sofa")
    state = scene.decider.states[0]
    assert (state.on, state.score, state.label, state.episode) == (False, 0.07, "sofa", None)


def test_an_update_renews_the_score_of_the_state_but_not_its_since(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("60 60 90*11")
    states = [event for event in scene.events if isinstance(event, RuleState)]
    assert [state.score for state in states] == [0.6, 0.9]
    assert states[0].since == states[1].since


def test_an_unknown_rule_claims_no_score(stage: type[Stage]) -> None:
    state = stage().decider.states[0]
    assert (state.on, state.score, state.label, state.episode) == (None, None, None, None)


def test_without_a_hold_the_look_itself_turns_it_off(stage: type[Stage]) -> None:
    scene = stage(looks=1, hold=0.0)
    scene.play("90")
    off, end = scene.decider.look(scene.clock.now(), [Reading("frame", "cat", 0.1, "tabby")])
    assert isinstance(off, RuleState)
    assert off.on is False
    assert isinstance(end, Alert)


def test_since_tells_when_the_state_began(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("10 10 10 90")
    assert scene.decider.states[0].since == scene.clock.now().wall - 4
    scene.play("90 90 90")
    assert scene.decider.states[0].since == scene.clock.now().wall - 3


def test_the_gate_stays_open_while_a_rule_is_between_states(stage: type[Stage]) -> None:
    scene = stage()
    assert scene.decider.between_states  # unknown: a look is needed to know
    for token, between, on in [("10", False, False), ("90", True, False), ("90", False, True), ("10", True, True), ("90", False, True)]:
        scene.play(token)
        assert (scene.decider.between_states, any(state.on for state in scene.decider.states)) == (between, on), token


def test_ticks_that_never_came_change_only_when_it_is_noticed(stage: type[Stage]) -> None:
    scene = stage(looks=1, cooldown=0.0)
    scene.play("90 10")
    scene.clock.advance(6)
    scene.second += 6
    # Seven seconds after t0 the cat is seen again, and no tick told of the hold that ran out meanwhile.
    assert scene.play("90") == ["8 OFF", "8 end gone", "8 ON*", "8 start 0.90"]


def test_the_cooldown_counts_from_the_end_of_the_hold_however_late_that_was_noticed(stage: type[Stage]) -> None:
    scene = stage(looks=1, cooldown=10.0)
    scene.play("90 10")
    scene.clock.advance(7)
    # Noticed at second 9, over since second 6: the cooldown ends at 16.
    scene.second += 7
    assert scene.play("90*8") == ["9 OFF", "9 end gone", "9 ON", "16 ON*", "16 start 0.90"]


def test_a_new_threshold_moves_release_in_proportion(stage: type[Stage]) -> None:
    scene = stage()
    scene.decider.set_threshold("cat", 0.9)  # release 0.63
    assert scene.play("85 85 90 90 63*8") == ["0 OFF", "3 ON*", "3 start 0.90"]
    assert scene.play("62*6") == ["17 OFF", "17 end gone"]


def test_looks_from_before_a_new_threshold_count_no_more(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("60")
    scene.decider.set_threshold("cat", 0.55)
    assert scene.play("60") == []
    assert scene.play("60") == ["2 ON*", "2 start 0.60"]


def test_a_hold_from_before_a_new_threshold_counts_no_more(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90 30*4")
    scene.decider.set_threshold("cat", 0.4)  # release 0.28: those looks saw the thing
    assert scene.play("-*10") == []


def test_after_a_higher_threshold_no_late_episode_starts_below_it(stage: type[Stage]) -> None:
    scene = stage(cooldown=10.0)
    scene.play("90 90 10*6 60 60")
    scene.decider.set_threshold("cat", 0.8)
    assert scene.play("60*20 80") == ["30 ON*", "30 start 0.80"]
