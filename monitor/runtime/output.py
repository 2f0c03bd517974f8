"""What C libraries write to stdout and stderr past Python's logging: caught, and handed on line by line.

FFmpeg, V4L2 drivers, ONNX Runtime and the C library itself write to descriptors 1 and 2, with whatever an address holds. While an `Output`
is entered both lead into a pipe that one thread reads. Whoever means the real stderr needs a descriptor of his own (`os.dup(2)`), made
before.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import re
import select
import sys
from types import TracebackType
from typing import Self

from monitor.clock import Clock
from monitor.runtime.threads import run_in_thread

log = logging.getLogger(__name__)

LIMIT, WINDOW = 20, 60.0
"""Lines that are logged within so many seconds; of more it is said how many there were. A broken stream makes FFmpeg write hundreds a
second, each with another number in it: at this limit they come to some 3 MB a day."""

LONGEST = 500
"""Bytes of a line that are kept, and as many of a line that never ends."""

PATIENCE = 0.5
"""Seconds that the reader may take to end."""

_READ = 65536
_LINE_BUFFERED = 1  # _IOLBF of stdio.h, in glibc and musl

_VIDEO = re.compile(rb"\[ ?(?:WARN|ERROR|INFO|DEBUG)(?::\d+@[\d.]+)?\]|\[[\w,./:-]+ @ 0x[0-9a-f]+\]|VIDIOC_|Corrupt JPEG")
"""How lines of OpenCV, FFmpeg, V4L2 and libjpeg begin. What they mean for a camera the capture says in its own words."""


class Output:
    """Leads descriptors 1 and 2 into the log while it is entered: lines about video at debug, all others as warnings.

    Writing never blocks: while the pipe is full, what is written is lost. After a crash so is what was not read yet.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = float("-inf")
        self._told = self._held = 0

    def __enter__(self) -> Self:
        _line_buffer_stdout()
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(write, False)
        self._saved = {number: os.dup(number) for number in (1, 2)}
        for number in self._saved:
            os.dup2(write, number)
        self._stop_read, self._stop_write = os.pipe()
        os.close(write)
        self._reader = run_in_thread("output", self._hand_on)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        for number, saved in self._saved.items():
            os.dup2(saved, number)
            os.close(saved)
        os.close(self._stop_write)
        self._reader.join(PATIENCE)
        if not self._reader.is_alive():  # else it still holds them, and the process is about to end
            os.close(self._read)
            os.close(self._stop_read)

    def _hand_on(self) -> None:
        """Read until `__exit__`, and then what is left. A child that was started meanwhile may hold the pipe open for longer."""
        poll = select.poll()
        poll.register(self._read, select.POLLIN)
        poll.register(self._stop_read, select.POLLIN)
        rest, last = b"", False
        while not last:
            last = any(number == self._stop_read for number, _ in poll.poll())
            with contextlib.suppress(BlockingIOError):
                while chunk := os.read(self._read, _READ):
                    *lines, rest = (rest + chunk).split(b"\n")
                    rest = rest[:LONGEST]
                    for line in lines:
                        self._say(line)
        self._say(rest)

    def _say(self, line: bytes) -> None:
        level = logging.DEBUG if _VIDEO.match(line) else logging.WARNING
        if not line.strip() or not log.isEnabledFor(level):
            return
        now = self._clock.now().mono
        if now - self._since >= WINDOW:
            if self._held:
                log.warning("libraries wrote %d lines more", self._held)
            self._since, self._told, self._held = now, 0, 0
        if self._told >= LIMIT:
            self._held += 1
            return
        self._told += 1
        log.log(level, "a library wrote: %s", line[:LONGEST].decode(errors="replace"))


def _line_buffer_stdout() -> None:
    """Have C write each line of stdout at once: before a pipe it would keep four kilobytes, and write them wherever it leads by then."""
    with contextlib.suppress(ValueError, AttributeError):  # macOS calls it otherwise
        library = ctypes.CDLL(None)
        library.setvbuf(ctypes.c_void_p.in_dll(library, "stdout"), None, _LINE_BUFFERED, ctypes.c_size_t(0))
