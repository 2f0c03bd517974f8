"""The link between the daemon and the broker, as a process that can be killed: `python proxy.py HOST PORT TARGET`.

A line on standard input sets what becomes of the bytes from then on, in connections that there are and in new ones; it is repeated on
standard output once it holds. The process ends with its standard input.

    pass              as they come
    latency SECONDS   each piece so much later
    bandwidth BYTES   at most so many a second, each way
    blackhole         callers are accepted; nothing comes through, not even an end
    up-only           what the target says is lost, and with it every acknowledgement
    down-only         what the caller says is lost
    reset             every connection is broken off with RST
    half-close        the caller sees the end of the stream, and is still heard
    corrupt           one byte of each piece is turned over
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys

PIECE = 65536
TURN = 0.1
"""Seconds for which a piece lasts under `bandwidth`."""


class Proxy:
    """Join whoever calls with a port of this machine."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._mode, self._amount = "pass", 0.0
        self._changed = asyncio.Condition()
        self._callers: set[asyncio.StreamWriter] = set()

    async def obey(self, line: str) -> None:
        """Go over to another mode."""
        mode, _, amount = line.partition(" ")
        async with self._changed:
            self._mode, self._amount = mode, float(amount or 0)
            self._changed.notify_all()
        for caller in list(self._callers):
            if mode == "reset":
                reset(caller)
            elif mode == "half-close":
                half_close(caller)

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry the bytes of one caller both ways."""
        if self._mode == "reset":
            reset(writer)
            return
        self._callers.add(writer)
        try:
            await self._unless({"blackhole"})
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            reset(writer)
        else:
            if self._mode == "half-close":
                half_close(writer)
            away, back = {"blackhole", "down-only"}, {"blackhole", "up-only"}
            await asyncio.gather(self._pump(reader, far_writer, away), self._pump(far_reader, writer, back))
        finally:
            self._callers.discard(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, holding: set[str]) -> None:
        """Carry bytes one way until either end is gone. holding: the modes in which nothing passes this way."""
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: written to after a half-close
            while data := await reader.read(max(1, int(self._amount * TURN)) if self._mode == "bandwidth" else PIECE):
                await self._unless(holding)
                if self._mode == "latency":
                    await asyncio.sleep(self._amount)
                elif self._mode == "bandwidth":
                    await asyncio.sleep(len(data) / self._amount)
                elif self._mode == "corrupt":
                    data = data[:-1] + bytes([data[-1] ^ 0xFF])
                writer.write(data)
                await writer.drain()
        await self._unless(holding)
        writer.close()

    async def _unless(self, modes: set[str]) -> None:
        """Wait until none of these modes is on."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._mode not in modes)


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection off with RST (socket(7): SO_LINGER with no time)."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def half_close(writer: asyncio.StreamWriter) -> None:
    """Say that nothing more comes."""
    with contextlib.suppress(OSError):
        writer.write_eof()


async def serve(host: str, port: int, target: int) -> None:
    """Listen, and obey standard input until it ends."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.join, host, port)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := (await orders.readline()).decode().strip():
        await proxy.obey(line)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
