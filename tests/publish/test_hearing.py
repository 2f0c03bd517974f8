"""What the publisher makes of what it hears."""

from __future__ import annotations

import pytest

from monitor.publish.contract import Received
from monitor.publish.hearing import GREETING, PATIENCE, Hearing
from monitor.publish.topics import Topics

BIRTH, SET = "homeassistant/status", "monitor/porch/detect/set"
STATE, INFO, HEALTH = "monitor/bridge/state", "monitor/bridge/info", "monitor/bridge/health"
OFFLINE, ONLINE = b'{"state":"offline"}', b'{"state":"online"}'


class Ears(Hearing):
    """A hearing that keeps the commands that it passes on."""

    def __init__(self, chance: float = 0.5) -> None:
        self.obeyed: list[Received] = []
        super().__init__(Topics("monitor"), "monitor-b", BIRTH, [SET], self.obeyed.append, random=lambda: chance)
        self.connected(0.0)

    def told(self, topic: str, payload: bytes, *, retained: bool = False, now: float = 0.0) -> bool:
        return self.hear(Received(topic, payload, retained), now)


@pytest.fixture
def ears() -> Ears:
    return Ears()


def test_a_rival_is_asked_for_before_all_else(ears: Ears) -> None:
    assert ears.subscriptions == [[STATE, INFO, HEALTH], [SET, BIRTH]]


def test_who_listens_to_nothing_else_still_knows_when_a_rival_would_have_been_told() -> None:
    deaf = Hearing(Topics("monitor"), "monitor-b", random=lambda: 0.5)
    assert deaf.subscriptions == [[STATE, INFO, HEALTH], [HEALTH]]


def test_nothing_is_said_before_the_broker_answered_for_the_subscriptions(ears: Ears) -> None:
    assert not ears.may_talk(0.0)
    ears.subscribed(())
    assert ears.may_talk(0.0)


def test_a_broker_that_never_answers_for_them_is_not_waited_for(ears: Ears) -> None:
    assert not ears.may_talk(PATIENCE - 0.1)
    assert ears.may_talk(PATIENCE)


def test_each_new_connection_waits_again(ears: Ears) -> None:
    ears.subscribed(())
    assert ears.may_talk(1.0)
    ears.connected(10.0)
    assert not ears.may_talk(10.0)


def test_what_the_broker_will_not_serve_is_said_once(ears: Ears, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        ears.connected(0.0)
        ears.subscribed([BIRTH, SET])
        assert ears.may_talk(0.0)
    assert [record.message for record in caplog.records] == [
        f"the MQTT broker does not let us listen to {topic} (see its access list)" for topic in (BIRTH, SET)
    ]


def test_a_rival_is_told_by_name_and_its_end_too(ears: Ears, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    ears.told(STATE, ONLINE, retained=True)
    ears.told(INFO, b'{"id":"monitor-a"}', retained=True)
    ears.subscribed(())
    assert not ears.may_talk(0.0)
    assert not ears.may_talk(1.0)
    assert ears.rival == "monitor-a"
    ears.told(STATE, OFFLINE)
    assert ears.may_talk(2.0)
    assert ears.greet(2.0), "the other's words are to be replaced by ours"
    assert [record.message for record in caplog.records] == [
        "another box, monitor-a, publishes on the base topic monitor: nothing is published until it is gone; set mqtt.base_topic",
        "the base topic monitor is ours again",
    ]


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[]", b"{}", b'{"id":1}', b"[" * 100_000, b'{"id":null}'])
def test_info_that_says_nothing_is_no_rival(ears: Ears, payload: bytes) -> None:
    ears.told(STATE, ONLINE, retained=True)
    ears.told(INFO, payload, retained=True)
    ears.subscribed(())
    assert ears.may_talk(0.0)


def test_the_health_of_a_rival_is_its_sign_of_life(ears: Ears) -> None:
    ears.told(STATE, ONLINE, retained=True)
    ears.told(INFO, b'{"id":"monitor-a"}', retained=True)
    ears.subscribed(())
    for minute in range(10):
        ears.told(HEALTH, b"{}", now=60.0 * minute)
        assert not ears.may_talk(60.0 * minute)
    assert not ears.may_talk(690.0)
    assert ears.may_talk(690.1)


def test_a_box_that_gives_way_to_us_has_spoken_over_us(ears: Ears) -> None:
    ears.subscribed(())
    assert ears.may_talk(0.0)
    ears.told(INFO, b'{"id":"monitor-c"}')
    assert ears.may_talk(0.0)
    assert not ears.greet(GREETING[0])
    assert ears.greet(GREETING[1])


def test_our_own_words_call_for_nothing(ears: Ears) -> None:
    ears.subscribed(())
    assert ears.may_talk(0.0)
    assert not ears.told(STATE, ONLINE)
    assert not ears.told(INFO, b'{"id":"monitor-b"}')
    assert not ears.told(HEALTH, b"{}")
    assert ears.may_talk(1.0)
    assert not ears.greet(100.0)
    assert not ears.obeyed


def test_offline_is_contradicted_while_we_talk_and_only_then(ears: Ears) -> None:
    assert not ears.told(STATE, OFFLINE), "it may be a rival's goodbye"
    ears.subscribed(())
    ears.may_talk(0.0)
    assert ears.told(STATE, OFFLINE)
    assert not ears.told(STATE, OFFLINE, retained=True)


@pytest.mark.parametrize(("chance", "after"), [(0.0, 2.0), (0.5, 6.0), (1.0, 10.0)])
def test_after_home_assistants_birth_everything_is_told_again_a_little_later(chance: float, after: float) -> None:
    ears = Ears(chance)
    ears.told(BIRTH, b"online", now=100.0)
    assert not ears.greet(100.0 + after - 0.1)
    assert ears.greet(100.0 + after)
    assert not ears.greet(200.0), "once"


@pytest.mark.parametrize(("payload", "retained"), [(b"offline", False), (b"online", True), (b"", False)])
def test_only_a_birth_that_happens_now_counts(ears: Ears, payload: bytes, retained: bool) -> None:
    ears.told(BIRTH, payload, retained=retained)
    assert not ears.greet(100.0)
    assert not ears.obeyed


def test_a_command_is_passed_on_as_it_is(ears: Ears) -> None:
    for payload in (b"ON", b"", b"\xff"):
        ears.told(SET, payload)
    assert [message.payload for message in ears.obeyed] == [b"ON", b"", b"\xff"]


def test_a_retained_command_is_ignored_with_one_line(ears: Ears, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        ears.told(SET, b"ON", retained=True)
    assert not ears.obeyed
    assert [record.message for record in caplog.records] == [
        f"ignored: a retained command on {SET}; publish commands without the retain flag"
    ]
