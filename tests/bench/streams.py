"""RTSP cameras for benchmarks, served by GStreamer in a process of their own."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.publish.brokers import free_port

_PYTHON = "/usr/bin/python3"
_SCRIPT = Path(__file__).with_name("gst_clips.py")


@dataclass(frozen=True)
class Stream:
    """A clip to serve. marks: seconds in it; when their frames are sent is noted."""

    clip: Path
    marks: Sequence[float] = field(default=())


class Streams:
    """Serves clips while the context is open. sent: (number of the clip, monotonic second) for each mark that went by."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.sent: list[tuple[int, float]] = []
        self._clips = json.dumps([{"file": str(stream.clip), "marks": list(stream.marks)} for stream in streams])
        self._port = free_port()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([_PYTHON, str(_SCRIPT), str(self._port), self._clips], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise SystemExit("GStreamer's RTSP server for Python is needed: gir1.2-gst-rtsp-server-1.0 python3-gi")
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    @property
    def pid(self) -> int:
        return self._process.pid

    def url(self, number: int) -> str:
        return f"rtsp://127.0.0.1:{self._port}/{number}"

    def _read(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                camera, _, microseconds = line.split()
                self.sent.append((int(camera), int(microseconds) / 1e6))
