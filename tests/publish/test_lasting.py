"""How a link finds a broker, a version that it speaks, and words for what is wrong."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import struct
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.clock import ManualClock
from monitor.config.schema import MqttSettings
from monitor.publish.contract import Connected, Subscribed
from monitor.publish.lasting import ANSWER_TIMEOUT, MqttLink
from monitor.publish.link import MQTT_5, Connection, Will
from monitor.publish.sendable import UnsendableError
from monitor.publish.trouble import TroubleKind

if TYPE_CHECKING:
    from tests.publish.brokers import Embedded, ScriptedBroker
    from tests.publish.driving import Driver

Links = Callable[..., MqttLink]
Scripted = Callable[..., "ScriptedBroker"]
ACCEPT_5 = b"\x20\x03\0\0\0"
ACCEPT_3 = b"\x20\x02\0\0"
REFUSE_VERSION = b"\x20\x02\0\x01"
NOT_AUTHORISED = b"\x20\x03\0\x87\0"


def test_mqtt_5_is_spoken_where_the_broker_does(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted()
    driver.until_connected(link_to(broker.port))
    assert broker.levels == [5]


def test_a_broker_that_refuses_mqtt_5_is_asked_in_3_1_1_at_once(
    scripted: Scripted, link_to: Links, driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    broker = scripted(connect=lambda level: REFUSE_VERSION if level == 5 else ACCEPT_3)
    driver.until_connected(link_to(broker.port))
    assert broker.levels == [5, 4]
    assert not [record for record in caplog.records if record.levelname != "INFO"]


def test_a_broker_that_hangs_up_on_mqtt_5_is_asked_in_3_1_1_at_once(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted(connect=lambda level: b"" if level == 5 else ACCEPT_3)
    driver.until_connected(link_to(broker.port))
    assert broker.levels == [5, 4]


def test_a_broker_that_waits_for_ever_on_mqtt_5_is_asked_in_3_1_1(
    embedded: Embedded, link_to: Links, driver: Driver, manual_clock: ManualClock
) -> None:
    """amqtt takes the properties of an MQTT 5 will for text and waits for the rest of it."""
    link = link_to(embedded.port, clock=manual_clock)

    def moved_on() -> bool:
        manual_clock.advance(0.1)  # of about fifty turns: only reaching the broker counts before its answer is due
        return Connected() in driver.events

    driver.until(link, moved_on)
    driver.until_answered(link)


def test_the_version_that_worked_is_the_first_one_next_time(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    answers = iter([REFUSE_VERSION, ACCEPT_3, ACCEPT_3])
    hang_up = iter([b"", b"\x40\x02\0\x01"])
    broker = scripted(connect=lambda level: next(answers), publish=lambda mid: next(hang_up))
    link = link_to(broker.port)
    driver.until_connected(link)
    assert link.publish("a", b"x", qos=1, retain=False)
    driver.until_connected(link, 2)
    assert broker.levels == [5, 4, 4]


def test_a_broker_that_answers_to_neither_version_is_asked_in_both_by_turns(
    scripted: Scripted, link_to: Links, driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    broker = scripted(connect=lambda level: b"")
    link = link_to(broker.port)
    driver.until(link, lambda: len(broker.levels) >= 6)
    assert broker.levels[:6] == [5, 4, 5, 4, 5, 4]
    assert link.trouble is not None
    assert "hung up without an answer" in link.trouble.detail
    assert len(caplog.records) == 1


def test_a_refused_password_is_said_in_words_and_logged_once(
    scripted: Scripted, link_to: Links, driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    broker = scripted(connect=lambda level: NOT_AUTHORISED)
    link = link_to(broker.port, username="cam", password="s3cret")
    driver.until(link, lambda: len(broker.levels) >= 4)
    assert set(broker.levels) == {5}
    assert link.trouble is not None
    assert link.trouble.kind is TroubleKind.AUTH
    assert [record.message for record in caplog.records] == [
        f"no connection to the MQTT broker 127.0.0.1:{broker.port}: the broker refused user name or password (not authorized); trying again"
    ]


def test_an_old_broker_refuses_a_password_in_its_own_words(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted(connect=lambda level: REFUSE_VERSION if level == 5 else b"\x20\x02\0\x05")
    link = link_to(broker.port)
    driver.until(link, lambda: link.trouble)
    assert link.trouble is not None
    assert link.trouble.kind is TroubleKind.AUTH


def test_a_closed_port_is_said_in_words(link_to: Links, driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    link = link_to(port)
    driver.until(link, lambda: link.trouble)
    assert link.trouble is not None
    assert (link.trouble.kind, link.trouble.detail) == (TroubleKind.REFUSED, f"nothing listens at 127.0.0.1:{port} (connection refused)")
    assert not driver.events, "a connection that never was cannot be lost"


def test_a_failed_attempt_leaves_no_thread_behind(link_to: Links, driver: Driver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    before = set(threading.enumerate())
    link = link_to(port)
    driver.until(link, lambda: link.trouble)
    for thread in set(threading.enumerate()) - before:
        thread.join(0.5)
        assert not thread.is_alive()


def test_a_name_that_does_not_exist_is_said_in_words(link_to: Links, driver: Driver) -> None:
    link = link_to(1883, host="no-such-host.invalid")
    driver.until(link, lambda: link.trouble, within=60)
    assert link.trouble is not None
    assert link.trouble.kind is TroubleKind.DNS


def test_a_broker_that_goes_silent_after_accepting_is_left_after_a_while(
    scripted: Scripted, link_to: Links, driver: Driver, manual_clock: ManualClock
) -> None:
    broker = scripted(publish=lambda mid: None)
    link = link_to(broker.port, clock=manual_clock)
    driver.until_connected(link)
    assert link.publish("a", b"x", qos=1, retain=False)
    manual_clock.advance(59)
    driver.events += link.drain()
    assert driver.events == [Connected(), Subscribed()]
    manual_clock.advance(1)
    assert driver.until_lost(link).kind is TroubleKind.TIMEOUT


def test_a_broker_that_never_answers_at_all_is_said_in_words(
    scripted: Scripted, link_to: Links, driver: Driver, manual_clock: ManualClock
) -> None:
    broker = scripted(connect=lambda level: None)
    link = link_to(broker.port, clock=manual_clock)
    for versions in ([5], [5, 4]):
        driver.until(link, partial(versions.__eq__, broker.levels))
        link.drain()  # the link knows by now that it reached the broker
        manual_clock.advance(ANSWER_TIMEOUT)
        link.drain()
    driver.until(link, lambda: link.trouble)
    assert link.trouble is not None
    assert (link.trouble.kind, link.trouble.detail) == (TroubleKind.TIMEOUT, "the broker does not answer")


def test_an_acknowledgement_that_says_no_is_no_success(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted(publish=lambda mid: b"\x40\x04" + struct.pack("!H", mid) + b"\x87\0")
    link = link_to(broker.port)
    driver.until_connected(link)
    driver.until_answered(link, "not authorized")


def test_nobody_listening_is_no_failure(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted(publish=lambda mid: b"\x40\x04" + struct.pack("!H", mid) + b"\x10\0")
    link = link_to(broker.port)
    driver.until_connected(link)
    driver.until_answered(link)


def test_another_client_of_the_same_name_is_noticed(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted(publish=lambda mid: b"\xe0\x02\x8e\0")
    link = link_to(broker.port)
    driver.until_connected(link)
    link.publish("a", b"x", qos=1, retain=False)
    assert driver.until_lost(link).kind is TroubleKind.TAKEN_OVER


def test_a_message_larger_than_this_broker_takes_is_refused_here(scripted: Scripted, link_to: Links, driver: Driver) -> None:
    broker = scripted(connect=lambda level: b"\x20\x08\0\0\x05\x27" + struct.pack("!I", 10_000))
    link = link_to(broker.port)
    driver.until_connected(link)
    with pytest.raises(UnsendableError, match="more than the 10000"):
        link.publish("a", bytes(10_000), qos=1, retain=False)
    assert link.publish("a", bytes(9_000), qos=1, retain=False)


def test_an_error_in_a_callback_does_not_end_the_link(scripted: Scripted, link_to: Links, driver: Driver, wake: threading.Event) -> None:
    class Waker(threading.Event):
        def set(self) -> None:
            super().set()
            raise RuntimeError("the waker is broken")

    broker = scripted()
    link = link_to(broker.port, waker=Waker())
    driver.until_connected(link)
    for _ in range(3):
        driver.until_answered(link)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning", "ignore:unclosed <socket:ResourceWarning")
def test_a_network_thread_that_dies_is_noticed_and_replaced(link_to: Links, driver: Driver) -> None:
    """paho's websocket handshake raises a UnicodeDecodeError, which is no OSError and ends its thread without a word."""
    reply = b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nSec-WebSocket-Accept: \xff\xfe\r\n\r\n"
    greeted: list[int] = []

    def serve(server: socket.socket) -> None:
        while len(greeted) < 2:
            connection, _ = server.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(reply)
                greeted.append(1)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        link = link_to(server.getsockname()[1], transport="websockets")
        driver.until(link, lambda: len(greeted) == 2)
        thread.join(5)
    assert link.trouble is not None
    assert link.trouble.detail == "the network thread ended by itself"


def test_a_connection_given_up_while_it_was_being_made_never_says_a_word() -> None:
    """Else it would take over the session of the one that came after it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        settings = MqttSettings(host="127.0.0.1", port=server.getsockname()[1], transport="websockets")
        connection = Connection(settings, "monitor-t", Will("a", b""), MQTT_5, lambda: None)
        with server.accept()[0] as peer:
            peer.settimeout(10)
            key = re.search(rb"Sec-WebSocket-Key: (\S+)", peer.recv(10_000))
            assert key
            connection.close()
            digest = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            peer.sendall(b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nSec-WebSocket-Accept: " + digest + b"\r\n\r\n")
            assert peer.recv(10_000) == b""


def test_a_missing_certificate_file_is_named(link_to: Links, driver: Driver, tmp_path: Path) -> None:
    link = link_to(8883, tls={"enabled": True, "ca": tmp_path / "missing.crt"})
    driver.until(link, lambda: link.trouble)
    assert link.trouble is not None
    assert "missing.crt" in link.trouble.detail
