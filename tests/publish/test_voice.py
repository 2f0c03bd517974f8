"""What the daemon has to say, before anybody says it."""

from __future__ import annotations

import threading

import pytest

from monitor.outgoing import OutboxFacts
from monitor.publish.topics import Topics
from monitor.publish.voice import ANSWERS, Voice
from monitor.values import OfflineReason


@pytest.fixture
def voice() -> Voice:
    return Voice(Topics("monitor"), lambda: None)


def retained(voice: Voice) -> dict[str, bytes]:
    """What the retained topics say, as a broker is told."""
    told: dict[str, bytes] = {}
    while (message := voice.latest.next()) is not None:
        told |= [message]
        voice.latest.told(*message)
    return told


def passing(voice: Voice) -> list[tuple[str, bytes, int]]:
    messages = []
    while (message := voice.next_passing()) is not None:
        messages.append(message)
    return messages


def test_each_state_has_its_topic_and_payload(voice: Voice) -> None:
    voice.send_availability("Porch", OfflineReason.LOST)
    voice.send_problem("Porch", None)
    voice.send_problem("Yard", "frozen")
    voice.send_detect("Porch", on=False)
    voice.send_threshold("Porch", "Cat", 0.55)
    voice.send_threshold("Porch", "Dog", 1 / 3)
    voice.send_log_level("debug")
    voice.send_picture("Porch", b"\xff\xd8")
    voice.send_lost(OutboxFacts(lost_alerts=1, lost_notices=2))
    voice.send_retained({"homeassistant/device/x/config": {"name": "x"}})
    assert retained(voice) == {
        "monitor/bridge/state": b'{"state":"online"}',
        "monitor/porch/availability": b'{"state":"offline","reason":"lost"}',
        "monitor/porch/problem": b'{"state":"OFF","kind":null}',
        "monitor/yard/problem": b'{"state":"ON","kind":"frozen"}',
        "monitor/porch/detect/state": b"OFF",
        "monitor/porch/threshold/cat/state": b"0.55",
        "monitor/porch/threshold/dog/state": b"0.333333",
        "monitor/bridge/log_level/state": b"debug",
        "monitor/porch/snapshot": b"\xff\xd8",
        "monitor/bridge/lost": b'{"alerts":1,"notices":2,"since":null,"until":null}',
        "homeassistant/device/x/config": b'{"name":"x"}',
    }


def test_of_a_topic_only_the_latest_counts(voice: Voice) -> None:
    for level in ("debug", "info", "error"):
        voice.send_log_level(level)
    assert retained(voice)["monitor/bridge/log_level/state"] == b"error"


def test_answers_come_before_figures_and_in_order(voice: Voice) -> None:
    voice.send_stats("porch", {"look_fps": 1.0})
    voice.send_health({"ok": True})
    voice.answer("info", {"data": 1})
    voice.answer("info", {"data": 2})
    assert passing(voice) == [
        ("monitor/bridge/response/info", b'{"data":1}', 1),
        ("monitor/bridge/response/info", b'{"data":2}', 1),
        ("monitor/porch/stats", b'{"look_fps":1.0}', 0),
        ("monitor/bridge/health", b'{"ok":true}', 1),
    ]


def test_figures_are_coalesced(voice: Voice) -> None:
    for rate in (1.0, 2.0):
        voice.send_stats("porch", {"look_fps": rate})
    assert passing(voice) == [("monitor/porch/stats", b'{"look_fps":2.0}', 0)]


def test_answers_that_nobody_takes_are_bounded(voice: Voice) -> None:
    for number in range(ANSWERS + 10):
        voice.answer("info", {"data": number})
    answers = passing(voice)
    assert len(answers) == ANSWERS
    assert answers[-1][1] == b'{"data":%d}' % (ANSWERS + 9)


def test_what_is_dropped_is_not_said_and_states_stay(voice: Voice) -> None:
    voice.send_stats("porch", {})
    voice.answer("info", {})
    voice.send_log_level("info")
    voice.drop_passing()
    assert not passing(voice)
    assert "monitor/bridge/log_level/state" in retained(voice)


def test_what_cannot_be_written_costs_only_itself(voice: Voice, caplog: pytest.LogCaptureFixture) -> None:
    nan = {"load": float("nan")}
    voice.send_stats("porch", nan)
    voice.answer("info", nan)
    voice.send_retained({"x": nan, "y": {}})
    assert retained(voice) == {"monitor/bridge/state": b'{"state":"online"}', "y": b"{}"}
    assert not passing(voice)
    assert (voice.unsendable, len(caplog.records)) == (3, 3)


def test_any_thread_may_speak_while_another_listens(voice: Voice) -> None:
    def speak(camera: str) -> None:
        for number in range(500):
            voice.send_stats(camera, {"n": number})
            voice.answer("info", {"n": number})
            voice.send_detect(camera, on=bool(number % 2))

    threads = [threading.Thread(target=speak, args=(camera,)) for camera in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        passing(voice)
        retained(voice)
    for thread in threads:
        thread.join()
    voice.latest.tell_all_again()
    assert retained(voice) == {"monitor/bridge/state": b'{"state":"online"}'} | {
        f"monitor/{camera}/detect/state": b"ON" for camera in "abc"
    }
