"""A small MQTT broker of our own for trying out: loopback only, anonymous, MQTT 3.1.1, nothing kept when it ends.

amqtt does the work. It is no broker to rely on (no MQTT 5, no persistence, half-open connections stay), which is why it runs
only where the configuration says `embedded`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import shlex
import threading
from collections.abc import Awaitable, Callable

from monitor.errors import BrokerError

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PORTS_TRIED = 50
STOP_CHECK = 0.2
"""Seconds between looks at the stop event, which asyncio cannot wait for without a thread of its own."""

SHUTDOWN = 0.5
"""Seconds that amqtt may take to close its connections; it waits up to 5 s for a client that does not acknowledge."""


class EmbeddedBroker:
    """The body of the broker's thread. port: the first one to try."""

    def __init__(self, port: int) -> None:
        self._port = port

    def run(self, stop: threading.Event, ready: Callable[[int], None]) -> None:
        """Serve until `stop` is set; call `ready` with the port once clients may come. Raises BrokerError if no port is free."""
        for name in ("amqtt", "transitions"):  # they report each packet, and a client that went away as an error
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        asyncio.run(self._serve(stop, ready))

    async def _serve(self, stop: threading.Event, ready: Callable[[int], None]) -> None:
        from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
        from amqtt.broker import Broker

        async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await broker.external_connected(StreamReaderAdapter(reader), StreamWriterAdapter(writer), "default")
            except RuntimeError as error:  # amqtt walks through its subscriptions while clients come and go
                log.debug("the embedded MQTT broker lost a client: %s", error)
            finally:
                writer.close()  # amqtt leaves a client that it does not accept, or that never speaks, to the garbage collector

        anonymous = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        broker = Broker({"listeners": {"default": {"type": "external"}}, "plugins": anonymous})
        await broker.start()
        server, port = await self._listen(welcome)
        log.info("embedded MQTT broker at %s:%d", HOST, port)
        ready(port)
        while not stop.is_set():
            await asyncio.sleep(STOP_CHECK)
        server.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(broker.shutdown(), SHUTDOWN)

    async def _listen(self, welcome: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> tuple[asyncio.Server, int]:
        last = min(self._port + PORTS_TRIED, 65536) - 1
        for port in range(self._port, last + 1):
            try:
                return await asyncio.start_server(welcome, HOST, port), port
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise BrokerError(f"the embedded MQTT broker cannot listen at {HOST}:{port}: {error.strerror}") from error
            if port == self._port:
                log.warning("port %d is taken: the embedded MQTT broker looks for the next free one", port)
        raise BrokerError(f"the embedded MQTT broker finds no free port from {self._port} to {last}: set mqtt.port")


def watch_command(port: int, base: str) -> str:
    """Build the command line that shows what the broker at `port` is told, without the pictures, which would garble a terminal."""
    return f"mosquitto_sub -h {HOST} -p {port} -t {shlex.quote(base + '/#')} -T {shlex.quote(base + '/+/snapshot')} -v"
