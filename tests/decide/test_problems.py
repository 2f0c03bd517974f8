"""A camera whose pictures have something wrong with them, and what its rules say meanwhile. `!black` begins a problem, `!` ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.values import CameraEvent, EndReason, OfflineReason, ProblemKind

if TYPE_CHECKING:
    from tests.decide.conftest import Stage

LINES: list[tuple[str, str, list[str]]] = [
    (
        "a black picture makes the states unknown at once, and the camera is still there",
        "90 90 !black -*20",
        ["1 ON*", "1 start 0.90", "2 black", "2 ?*"],
    ),
    (
        "what a covered camera shows is not judged",
        "10 !covered 90*20",
        ["0 OFF", "1 covered", "1 ?"],
    ),
    (
        "sixty seconds of it end the episode",
        "90 90 !black -*70",
        ["1 ON*", "1 start 0.90", "2 black", "2 ?*", "62 ?", "62 end camera_problem"],
    ),
    (
        "over sooner and the thing still there, the episode goes on",
        "90 90 !black -*50 ! 90",
        ["1 ON*", "1 start 0.90", "2 black", "2 ?*", "53 well", "54 ON*"],
    ),
    (
        "a worse problem of the same sort does not begin the sixty seconds anew",
        "90 90 !covered -*30 !black -*40",
        ["1 ON*", "1 start 0.90", "2 covered", "2 ?*", "33 black", "62 ?", "62 end camera_problem"],
    ),
    (
        "a frozen camera is offline although frames come, and back with the first that is another",
        "90 90 !frozen -*20 ! 90",
        ["1 ON*", "1 start 0.90", "2 frozen", "2 offline frozen", "2 ?*", "23 well", "23 online", "24 ON*"],
    ),
    (
        "nothing is alerted from a frozen picture",
        "10 !frozen 90*70",
        ["0 OFF", "1 frozen", "1 offline frozen", "1 ?"],
    ),
    (
        "a frozen camera that goes away stays offline, and comes back only with another picture",
        "10 !frozen -*5 x*15 -*5 ! -",
        ["0 OFF", "1 frozen", "1 offline frozen", "1 ?", "27 well", "27 online"],
    ),
    (
        "a blurred, turned, slow or wrongly clocked camera is believed",
        "90 90 !blurred 90 !moved 90 !slow 90 !clock 10*6 ! 90",
        [
            *("1 ON*", "1 start 0.90", "2 blurred", "4 moved", "6 slow", "8 clock"),
            *("14 OFF", "14 end gone", "15 well"),
        ],
    ),
]


@pytest.mark.parametrize(("script", "expected"), [line[1:] for line in LINES], ids=[line[0] for line in LINES])
def test_problems(stage: type[Stage], script: str, expected: list[str]) -> None:
    assert stage(looks=2, hold=5.0).play(script) == expected


def test_a_lost_camera_says_so_even_if_it_was_frozen_before(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90 !frozen")
    scene.link = OfflineReason.LOST
    assert scene.play("x*12") == ["12 offline lost"]


def test_the_end_of_a_long_problem_is_told_once(stage: type[Stage]) -> None:
    scene = stage()
    scene.play("90 90 !black -*300")
    assert [alert.reason for alert in scene.alerts()] == [None, EndReason.CAMERA_PROBLEM]


def test_the_decider_knows_whether_pictures_can_be_trusted(stage: type[Stage]) -> None:
    scene = stage()
    assert (scene.decider.problem, scene.decider.blind) == (None, False)
    scene.play("!blurred")
    assert (scene.decider.problem, scene.decider.blind) == (ProblemKind.BLURRED, False)
    scene.play("!covered")
    assert (scene.decider.problem, scene.decider.blind) == (ProblemKind.COVERED, True)
    scene.play("!")
    assert (scene.decider.problem, scene.decider.blind) == (None, False)


def test_a_camera_that_starts_frozen_is_offline_once_that_is_known(stage: type[Stage]) -> None:
    scene = stage(frame_first=False)
    events = scene.play("- !frozen")
    assert events == ["0 online", "1 frozen", "1 offline frozen"]
    gone = [event for event in scene.events if isinstance(event, CameraEvent)][-1]
    assert gone.detail == "in words"
