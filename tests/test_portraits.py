"""Which picture an alert shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.decide.rule import Reading
from monitor.portraits import Portraits
from monitor.values import EventType, Image, Place
from tests.spine import BLUE, GREEN, GREY, PORCH_RED, RED, an_alert, painted

YARD_RED = Place("porch", "yard", "red")
SOFAR, BEST, LATEST = painted(GREEN), painted(RED), painted(GREY)


def seen(*looks: tuple[Image, float], followed: Sequence[Place] = (PORCH_RED,)) -> Portraits:
    portraits = Portraits("porch")
    for image, score in looks:
        portraits.look(image, [Reading("frame", "red", score, "red")], set(followed))
    return portraits


def test_an_alert_shows_the_best_look_of_its_run_and_not_the_last() -> None:
    portraits = seen((SOFAR, 0.6), (BEST, 0.9), (LATEST, 0.7))
    assert portraits.of([an_alert()], LATEST)[an_alert()] is BEST


def test_looks_of_a_run_that_broke_off_count_no_more() -> None:
    portraits = seen((BEST, 0.9))
    portraits.look(painted(BLUE), [Reading("frame", "red", 0.1, "red")], set())
    portraits.look(LATEST, [Reading("frame", "red", 0.6, "red")], {PORCH_RED})
    assert portraits.of([an_alert()], LATEST)[an_alert()] is LATEST


def test_what_was_shown_is_not_shown_again_and_a_better_look_is() -> None:
    portraits = seen((BEST, 0.9))
    portraits.of([an_alert()], BEST)
    update = an_alert(1, EventType.UPDATE)
    portraits.look(LATEST, [Reading("frame", "red", 0.8, "red")], {PORCH_RED})
    assert portraits.of([update], LATEST)[update] is LATEST
    better = painted(BLUE)
    portraits.look(better, [Reading("frame", "red", 0.95, "red")], {PORCH_RED})
    portraits.look(LATEST, [Reading("frame", "red", 0.7, "red")], {PORCH_RED})
    assert portraits.of([update], LATEST)[update] is better


def test_the_end_of_an_episode_shows_nothing() -> None:
    assert not seen((BEST, 0.9)).of([an_alert(1, EventType.END)], LATEST)


def test_each_zone_has_a_picture_of_its_own() -> None:
    portraits = Portraits("porch")
    portraits.look(BEST, [Reading("frame", "red", 0.9, "red"), Reading("yard", "red", 0.6, "red")], {PORCH_RED, YARD_RED})
    portraits.look(LATEST, [Reading("frame", "red", 0.6, "red"), Reading("yard", "red", 0.8, "red")], {PORCH_RED, YARD_RED})
    yard = replace(an_alert(), place=YARD_RED)
    shown = portraits.of([an_alert(), yard], LATEST)
    assert shown[an_alert()] is BEST
    assert shown[yard] is LATEST
