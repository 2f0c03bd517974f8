"""Traps of paho, and of MQTT itself, that the link steps around: what a broker sees of us, and what becomes of a connection that is ill."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from monitor.clock import ManualClock, stopwatch
from monitor.publish import payloads
from monitor.publish.contract import Acknowledged, Connected
from monitor.publish.lasting import LOOKUP_TIMEOUT, MqttLink
from monitor.publish.link import LARGEST_PACKET, WINDOW
from monitor.publish.trouble import TroubleKind

if TYPE_CHECKING:
    from tests.publish.brokers import Embedded, Mosquitto, ScriptedBroker
    from tests.publish.driving import Driver

Links = Callable[..., MqttLink]
Scripted = Callable[..., "ScriptedBroker"]
ALERT = "monitor/porch/alert"


def test_what_we_tell_a_broker_of_ourselves(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    """A clean start, a retained last will with QoS 1, keepalive 20, and how much we want to hear at once; nothing of a session."""
    broker = scripted()
    driver.until_connected(link_to(broker.port))
    (connect,) = broker.connects
    flags, keepalive = struct.unpack_from("!BH", connect, 7)
    assert flags == 0b00101110
    assert keepalive == 20
    assert connect[10:16] == b"\x05\x27" + struct.pack("!I", LARGEST_PACKET)


def test_no_topic_is_shortened_to_an_alias(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted(connect=lambda level: b"\x20\x06\0\0\x03\x22\0\x0a")  # it would take ten
    link = link_to(broker.port)
    driver.until_connected(link)
    for _ in range(3):
        driver.until_answered(link)
    assert [body[2 : 2 + len(ALERT)] for _, body in broker.published] == [ALERT.encode()] * 3


def test_no_more_is_in_flight_than_any_broker_is_known_to_take(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted(publish=lambda mid: None)
    link = link_to(broker.port)
    driver.until_connected(link)
    tokens = [link.publish(ALERT, b"x", qos=1, retain=False) for _ in range(100)]
    assert len([token for token in tokens if token]) == WINDOW == 20
    driver.until(link, lambda: len(broker.published) == WINDOW)


def test_paho_sends_nothing_a_second_time_by_itself(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    """It would send first what made the broker hang up, and what was published while nobody was connected."""
    hang_up = iter([b""])
    broker = scripted(publish=lambda mid: next(hang_up, b"\x40\x02" + struct.pack("!H", mid)))
    link = link_to(broker.port)
    driver.until_connected(link)
    driver.publish(link, b"poison")
    driver.until_lost(link)
    assert link.publish(ALERT, b"offline", qos=1, retain=False) is None
    driver.until_connected(link, 2)
    token = driver.publish(link, b"next")
    driver.until(link, lambda: Acknowledged(token) in driver.events)
    assert [(kind & 0x08, body.rsplit(b"\0", 1)[-1]) for kind, body in broker.published] == [(0, b"poison"), (0, b"next")]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning", "ignore:unclosed <socket:ResourceWarning")
def test_a_network_thread_that_dies_while_connected_is_noticed_and_replaced(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    """paho still says then that it is connected, and takes whatever it is given."""

    class Killer(threading.Event):
        victims = 1

        def set(self) -> None:
            super().set()
            if self.victims and Connected() in driver.events:
                self.victims = 0
                sys.exit()  # Python ends a thread by it without a word

    broker = scripted()
    link = link_to(broker.port, waker=Killer())
    driver.until_connected(link)
    driver.publish(link)
    assert driver.until_lost(link).detail == "the network thread ended by itself"
    driver.until_connected(link, 2)
    driver.until_answered(link)


def test_publishing_and_being_answered_at_once_never_lock_each_other(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    """paho holds a lock while it tells of an answer, and takes it to publish."""
    broker = scripted()
    link = link_to(broker.port)
    driver.until_connected(link)
    handed = 0

    def all_answered() -> bool:
        nonlocal handed
        while handed < 2000 and link.publish(ALERT, b"x", qos=1, retain=False) is not None:
            handed += 1
        return sum(isinstance(event, Acknowledged) for event in driver.events) == 2000

    driver.until(link, all_answered, within=30)


def test_a_broker_that_is_not_there_at_first_is_found_when_it_comes(embedded: Embedded, link_to: Links, driver: Driver) -> None:
    embedded.kill()
    link = link_to(embedded.port, mqtt_5=False)
    driver.until(link, lambda: link.trouble)
    embedded.start()
    driver.until_connected(link)


def test_a_name_that_is_looked_up_for_ever_blocks_nobody(
    link_to: Links, driver: Driver, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No time-out of a connection covers the resolver's."""
    asked, answer = threading.Event(), threading.Event()

    def look_up(*_arguments: object, **_options: object) -> list[object]:
        asked.set()
        answer.wait(30)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    link = link_to(1883, host="broker.lan", clock=manual_clock)
    try:
        start = stopwatch()
        link.drain()
        assert asked.wait(10)
        manual_clock.advance(LOOKUP_TIMEOUT - 1)
        link.drain()
        assert link.trouble is None
        manual_clock.advance(1)
        link.drain()
        assert str(link.trouble) == "the broker cannot be reached in time"
        link.stop()
        assert stopwatch() - start < 2.0
    finally:
        answer.set()


def test_after_a_refusal_the_broker_is_left_in_peace_for_a_while(
    scripted: Scripted, link_to: Links, driver: Driver, manual_clock: ManualClock
) -> None:
    broker = scripted(connect=lambda level: b"\x20\x03\0\x87\0")
    link = link_to(broker.port, clock=manual_clock)

    def asked(times: int) -> Callable[[], bool]:
        return lambda: len(broker.connects) == times

    for times, pause in enumerate((0.05, 0.1, 0.2, 0.2), start=1):
        driver.until(link, asked(times))
        driver.turn(link, times=5)
        manual_clock.advance(pause * 0.79)
        driver.turn(link, times=5)
        assert asked(times)()
        manual_clock.advance(pause * 0.42)


@pytest.mark.real
def test_two_clients_of_one_name_are_told_so_and_do_not_fight_in_a_hot_loop(
    mosquitto: Callable[..., Mosquitto], link_to: Links, driver: Driver, manual_clock: ManualClock
) -> None:
    """Each takes the other's place; the pauses between grow."""
    broker = mosquitto()
    one, two = link_to(broker.port, clock=manual_clock), link_to(broker.port, clock=manual_clock)
    driver.until_connected(one)
    for takeovers in range(1, 7):
        driver.until_lost(one, two, times=takeovers)
        driver.turn(one, two, times=5)
        assert driver.connections == takeovers + 1, "whoever was thrown out waits"
        manual_clock.advance(0.3)
    assert "does another client sign in as monitor-pi-bbbbbb?" in driver.troubles[-1].detail


def test_a_broker_that_is_restarted_again_and_again_is_not_taken_for_another_client(
    embedded: Embedded, link_to: Links, driver: Driver
) -> None:
    link = link_to(embedded.port, mqtt_5=False)
    for restarts in range(1, 5):
        driver.until_connected(link, restarts)
        embedded.kill()
        driver.until(link, lambda: link.trouble and link.trouble.kind is TroubleKind.REFUSED)
        embedded.start()
    assert {trouble.detail for trouble in driver.troubles} == {"the connection broke"}


@pytest.mark.parametrize("answering", [True, False])
def test_the_goodbye_is_said_whatever_is_unanswered(scripted: Scripted, link_to: Links, driver: Driver, answering: bool) -> None:
    broker = scripted(publish=lambda mid: b"\x40\x02" + struct.pack("!H", mid) if answering else None)
    link = link_to(broker.port)
    driver.until_connected(link)
    token = driver.publish(link)
    start = stopwatch()
    events = link.stop()
    assert stopwatch() - start < 2.0
    assert (Acknowledged(token) in events) is answering
    kind, body = broker.published[-1]
    assert kind & 0x07 == 0b011, "QoS 1, retained"
    assert body.startswith(struct.pack("!H", 20) + b"monitor/bridge/state")
    assert body.endswith(payloads.encode(payloads.bridge_state(online=False)))


def test_without_a_farewell_nothing_is_said(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted()
    link = link_to(broker.port)
    driver.until_connected(link)
    link.stop(farewell=False)
    assert not broker.published


def test_a_broker_that_says_nonsense_ends_no_more_than_its_connection(
    link_to: Links, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    chance = random.Random(7)
    served: list[int] = []

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.recv(1000)
                    served.append(1)
                    connection.sendall(b"\x20\x03\0\0\0" + chance.randbytes(200))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        link = link_to(server.getsockname()[1])
        driver.until(link, lambda: len(served) >= 6)
        link.stop()
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
