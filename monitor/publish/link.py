"""One connection to a broker, from the first attempt to its end. The only module that knows paho.

A `Connection` is used once: paho's own reconnecting is off, because it resends for ever what made the broker hang up, never
changes the protocol version, and says nothing of reasons. `lasting` starts the next one.

paho runs a thread of its own per connection. Its callbacks only put a value into a queue that the owner reads, so no lock is
ever shared with it (a lock taken in `on_publish` and around `publish` is a deadlock), and `suppress_exceptions` keeps an error
in one of them from ending that thread unseen.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.clock import stopwatch
from monitor.config.schema import MqttSettings, TlsSettings
from monitor.publish.contract import Received
from monitor.publish.trouble import Trouble, from_error, from_reason

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike  # exists for type checkers only

KEEPALIVE = 20
"""Seconds; a broker that hangs is noticed after one to two of these."""

WINDOW = 20
"""Messages unacknowledged at once; paho ignores the broker's Receive Maximum, and no broker's is known to be lower."""

LARGEST_HEARD = 256 * 1024
"""Bytes of a message that we listen to; the largest is our own `bridge/info`, some 50 kB. More is cut off: whoever reads it finds it too
large and can say so."""

LARGEST_PACKET = 16 * 1024 * 1024
"""Bytes of a message that a broker may send us at all, if it speaks MQTT 5."""

UNREAD = 200
"""Things heard and not yet read by the owner, above which further messages are dropped: a flood must not fill the memory."""

MQTT_5 = MQTTProtocolVersion.MQTTv5
MQTT_3 = MQTTProtocolVersion.MQTTv311


@dataclass(frozen=True, slots=True)
class Opened:
    """The network connection stands; the broker has been asked to accept us."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker accepted us. max_packet: the largest packet it takes, in bytes, None if it did not say."""

    max_packet: int | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The broker answered for the message with this packet id. refused: in words, None if it has it."""

    mid: int
    refused: str | None


@dataclass(frozen=True, slots=True)
class Granted:
    """The broker answered for the subscriptions with this packet id: for each, whether it serves it."""

    mid: int
    served: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt failed or the connection broke."""

    trouble: Trouble


Heard = Opened | Accepted | Answered | Granted | Received | Ended


@dataclass(frozen=True, slots=True)
class Will:
    """A message that is kept from the start: the last will."""

    topic: str
    payload: bytes


class Connection:
    """Start connecting; `hear` tells how it goes. `wake` is called, from paho's thread, whenever there is something to hear.

    Raises OSError if a file of the TLS settings cannot be read.
    """

    def __init__(self, settings: MqttSettings, client_id: str, will: Will, version: MQTTProtocolVersion, wake: Callable[[], None]) -> None:
        self._version = version
        self._ear = _Ear(settings.host, settings.port, client_id, wake)
        self._client = client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=version,
            transport=settings.transport,
            reconnect_on_failure=False,
        )
        client.suppress_exceptions = True
        client.max_inflight_messages = WINDOW
        client.reconnect_delay_set(0, 0)  # else paho's thread sleeps a second after a failed attempt before it ends
        client.will_set(will.topic, will.payload, qos=1, retain=True)
        if settings.username is not None:
            client.username_pw_set(settings.username, settings.password.get_secret_value() if settings.password else None)
        if settings.tls.enabled:
            _use_tls(client, settings.tls)
        client.on_pre_connect = self._ear.on_pre_connect
        client.on_socket_open = self._ear.on_socket_open
        client.on_connect_fail = self._ear.on_connect_fail
        client.on_connect = self._ear.on_connect
        client.on_disconnect = self._ear.on_disconnect
        client.on_publish = self._ear.on_publish
        client.on_subscribe = self._ear.on_subscribe
        properties = None
        if version == MQTT_5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho leaves this one out
            properties.MaximumPacketSize = LARGEST_PACKET
        client.connect_async(settings.host, settings.port, keepalive=KEEPALIVE, properties=properties)
        client.loop_start()

    def hear(self, timeout: float = 0.0) -> Heard | None:
        """Give the next thing that happened, waiting for it at most `timeout` seconds."""
        try:
            return self._ear.heard.get(block=timeout > 0, timeout=timeout or None)
        except queue.Empty:
            return None

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, marks: Mapping[str, str] | None = None) -> int:
        """Hand a message to paho and give its packet id. If the connection has just broken, nothing is ever heard of it.

        marks: user properties; MQTT 3.1.1 has none, and they are left out.
        """
        properties = None
        if marks and self._version == MQTT_5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho leaves this one out
            properties.UserProperty = list(marks.items())
        return self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties).mid

    def subscribe(self, topics: Sequence[str]) -> int | None:
        """Ask for messages on `topics` and give the packet id, None if the connection has just broken."""
        for topic in topics:  # only these: amqtt tells a newcomer what is retained on any topic that others subscribed to
            self._client.message_callback_add(topic, self._ear.on_message)
        return self._client.subscribe([(topic, 1) for topic in topics])[1]

    @property
    def alive(self) -> bool:
        """Whether paho's thread runs, or has not begun yet."""
        return self._ear.thread is None or self._ear.thread.is_alive()

    def close(self, goodbye: float = 0.0, patience: float = 0.0) -> None:
        """End it, whatever state it is in: `goodbye` seconds for an orderly end, `patience` seconds for paho's thread to finish."""
        deadline = stopwatch() + goodbye
        self._client.disconnect()
        while stopwatch() < deadline and self.alive and not isinstance(self.hear(deadline - stopwatch()), Ended):
            pass
        self._ear.over.set()
        if (sock := self._client.socket()) is not None:
            sock.close()
        if self._ear.thread is not None:
            self._ear.thread.join(patience)


def _use_tls(client: Client, tls: TlsSettings) -> None:
    for path in filter(None, (tls.ca, tls.cert, tls.key)):
        path.read_bytes()  # OpenSSL's own error does not name the file
    ca, cert, key = (None if path is None else str(path) for path in (tls.ca, tls.cert, tls.key))
    client.tls_set(ca, cert, key, keyfile_password="")  # without a password OpenSSL would ask the terminal for one


class _Ear:
    """What paho's thread may touch: it holds no reference to the client, so that both go away once nobody needs them."""

    def __init__(self, host: str, port: int, client_id: str, wake: Callable[[], None]) -> None:
        self.heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self.over = threading.Event()
        self.thread: threading.Thread | None = None
        self._host = host
        self._port = port
        self._client_id = client_id
        self._wake = wake

    def on_pre_connect(self, _client: Client, _userdata: object) -> None:
        self.thread = threading.current_thread()

    def on_socket_open(self, _client: Client, _userdata: object, sock: SocketLike) -> None:
        if self.over.is_set():  # it was given up while a name was being looked up: it must not take over the next one's session
            sock.close()
        self._tell(Opened())

    def on_connect_fail(self, _client: Client, _userdata: object) -> None:
        # paho gives no reason, but calls this while it handles the error, and Python tells anyone which one that is.
        self._tell(Ended(from_error(sys.exception(), self._host, self._port)))

    def on_connect(
        self, _client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._tell(Ended(from_reason(reason.value, reason.getName(), self._client_id)))
        else:
            self._tell(Accepted(getattr(properties, "MaximumPacketSize", None)))

    def on_disconnect(
        self, _client: Client, _userdata: object, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._tell(Ended(from_reason(reason.value, reason.getName(), self._client_id)))

    def on_publish(self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, _properties: Properties | None) -> None:
        self._tell(Answered(mid, reason.getName().lower() if reason.is_failure else None))

    def on_subscribe(self, _client: Client, _userdata: object, mid: int, reasons: list[ReasonCode], _properties: Properties | None) -> None:
        self._tell(Granted(mid, tuple(not reason.is_failure for reason in reasons)))

    def on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        if self.heard.qsize() < UNREAD:
            self._tell(Received(message.topic, bytes(message.payload[: LARGEST_HEARD + 1]), message.retain))

    def _tell(self, heard: Heard) -> None:
        self.heard.put(heard)
        self._wake()
