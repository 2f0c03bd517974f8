"""A camera that goes away, and what its rules say meanwhile. `x` is a second without a frame, `-` one with a frame that nobody looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.decide.rule import Reading
from monitor.values import Alert, EndReason, Moment, OfflineReason

if TYPE_CHECKING:
    from tests.decide.conftest import Stage

LINES: list[tuple[str, str, list[str]]] = [
    (
        "ten seconds without a frame: offline, and the states are unknown at once",
        "90 90 x*9 x*20",
        ["1 ON*", "1 start 0.90", "11 offline lost", "11 ?*"],
    ),
    ("nine seconds without a frame are nothing", "90 90 x*9 90", ["1 ON*", "1 start 0.90"]),
    ("frames nobody looks at are frames", "90 90 -*100", ["1 ON*", "1 start 0.90"]),
    (
        "sixty seconds without a frame end the episode",
        "90 90 x*100",
        ["1 ON*", "1 start 0.90", "11 offline lost", "11 ?*", "61 ?", "61 end camera_lost"],
    ),
    (
        "back sooner with the condition holding, the episode goes on",
        "90 90 x*50 35 90",
        ["1 ON*", "1 start 0.90", "11 offline lost", "11 ?*", "52 online", "52 ON*"],
    ),
    (
        "back sooner and nothing there for the hold, the thing is gone",
        "90 90 x*50 10*6",
        ["1 ON*", "1 start 0.90", "11 offline lost", "11 ?*", "52 online", "57 OFF", "57 end gone"],
    ),
    (
        "back sooner and seen again within the hold, the episode goes on",
        "90 90 x*50 10*4 90",
        ["1 ON*", "1 start 0.90", "11 offline lost", "11 ?*", "52 online", "56 ON*"],
    ),
    (
        "a hold that had begun before the camera went does not end while it is away",
        "90 90 x*50 10 x*40 90",
        ["1 ON*", "1 start 0.90", "11 offline lost", "11 ?*", "52 online", "57 OFF", "57 end gone", "62 offline lost", "62 ?", "93 online"],
    ),
    (
        "what is there when a lost camera returns is news, cooldown or not",
        "90 90 x*70 90 90",
        ["1 ON*", "1 start 0.90", "11 offline lost", "11 ?*", "61 ?", "61 end camera_lost", "72 online", "73 ON*", "73 start 0.90"],
    ),
    (
        "a cooldown that runs already goes on while the camera is away",
        "90 90 10*6 90 90 x*20 90 90 90*60",
        [
            *("1 ON*", "1 start 0.90", "7 OFF", "7 end gone", "9 ON"),
            *("19 offline lost", "19 ?", "30 online", "31 ON", "67 ON*", "67 start 0.90"),
        ],
    ),
    ("a run does not outlive the silence", "90 x*20 90 10", ["10 offline lost", "21 online", "22 OFF"]),
]


@pytest.mark.parametrize(("script", "expected"), [line[1:] for line in LINES], ids=[line[0] for line in LINES])
def test_design_6(stage: type[Stage], script: str, expected: list[str]) -> None:
    assert stage().play(script) == expected


def test_a_camera_that_never_gave_a_frame_is_offline_after_ten_seconds(stage: type[Stage]) -> None:
    scene = stage(frame_first=False)
    assert scene.decider.availability is None
    assert scene.play("x*30") == ["10 offline lost"]


def test_the_first_frame_says_online_once(stage: type[Stage]) -> None:
    assert stage(frame_first=False).play("- - 10") == ["0 online", "2 OFF"]


def test_the_link_lends_its_reason(stage: type[Stage]) -> None:
    scene = stage()
    scene.link = OfflineReason.AUTH_FAILED
    assert scene.play("- x*12") == ["10 offline auth_failed"]


def test_another_reason_is_news_and_trying_again_is_not(stage: type[Stage]) -> None:
    scene = stage()
    assert scene.play("- x*12") == ["10 offline lost"]
    scene.link = OfflineReason.AUTH_FAILED
    assert scene.play("x*5") == ["13 offline auth_failed"]
    scene.link = None
    assert scene.play("x*5") == []


def test_a_file_that_ended_is_offline_at_once_and_its_episode_after_a_minute(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90")
    scene.link = OfflineReason.ENDED
    assert scene.play("x*80") == ["2 offline ended", "2 ?*", "61 ?", "61 end camera_lost"]


def test_the_last_frames_of_a_file_that_ended_do_not_bring_it_back(stage: type[Stage]) -> None:
    # The end may be known before the queue is empty; a look is then told the time of the tick.
    scene = stage()
    now = scene.clock.now()
    scene.decider.tick(now, OfflineReason.ENDED)
    assert scene.decider.look(now, [Reading("frame", "cat", 0.9, "tabby")]) == []


def test_a_file_that_starts_again_is_back(stage: type[Stage]) -> None:
    scene = stage()
    scene.link = OfflineReason.ENDED
    scene.play("- x")
    scene.link = None
    assert scene.play("-") == ["2 online"]


def test_a_silence_that_no_tick_noticed_was_one_all_the_same(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90")
    scene.clock.advance(70)
    assert scene.play("90") == ["2 offline lost", "2 ?*", "2 ?", "2 end camera_lost", "2 online"]


def test_a_frame_from_before_the_silence_brings_nobody_back(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90")
    old = scene.clock.now()
    scene.play("- x*20")
    assert scene.decider.frame_seen(old) == []
    assert scene.decider.states[0].on is None


def test_an_old_frame_does_not_shorten_the_silence_that_is_allowed(stage: type[Stage]) -> None:
    scene = stage()
    old = scene.clock.now()
    scene.play("-*8")
    scene.decider.frame_seen(old)
    assert scene.play("x*9") == []
    assert scene.play("x") == ["17 offline lost"]


def test_a_look_at_an_old_frame_turns_nothing_on_while_the_camera_is_away(stage: type[Stage]) -> None:
    scene = stage(looks=1)
    old = scene.clock.now()
    scene.play("- x*12")
    scene.clock = type(scene.clock)(old.mono, old.wall)
    assert scene.play("90") == []


def test_states_are_unknown_while_detection_is_off(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90")
    state, end = scene.decider.set_detect(False, scene.clock.now())
    assert isinstance(end, Alert)
    assert end.reason is EndReason.DETECT_OFF
    assert scene.decider.states[0] == state
    assert (scene.decider.states[0].on, scene.decider.states[0].episode) == (None, None)
    assert not scene.decider.between_states  # nobody looks: the gate may close
    assert scene.play("90 90 90") == []
    assert scene.decider.set_detect(False, scene.clock.now()) == []


def test_what_is_there_when_detection_is_switched_on_is_news(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90")
    scene.decider.set_detect(False, scene.clock.now())
    assert scene.decider.set_detect(True, scene.clock.now()) == []
    assert scene.play("90 90") == ["3 ON*", "3 start 0.90"]


def test_a_camera_problem_can_end_what_runs(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90")
    ended = scene.decider.end_all(EndReason.CAMERA_PROBLEM, scene.clock.now())
    assert [event.reason for event in ended if isinstance(event, Alert)] == [EndReason.CAMERA_PROBLEM]
    assert scene.decider.open_episodes() == []


def test_a_tick_a_little_ahead_of_the_looks_does_no_harm(stage: type[Stage]) -> None:
    # A tick tells the time, a look when its frame was grabbed.
    scene = stage()
    scene.play("90 90")
    scene.decider.tick(Moment(scene.clock.now().mono + 2, scene.clock.now().wall + 2))
    assert scene.play("90 10*6") == ["8 OFF", "8 end gone"]
    assert all(alert.duration >= 0 for alert in scene.alerts())
