"""What a camera is to the loop that reads it: a thing to grab frames from, with some facts, and faults that have names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from monitor.values import Image


class Fault(StrEnum):
    """Why a camera cannot be opened or read: the `reason` of a `CameraError` from this room."""

    BAD_SOURCE = "bad_source"
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    SILENT = "silent"
    AUTH_FAILED = "auth_failed"
    NOT_FOUND = "not_found"
    REJECTED = "rejected"
    NOT_VIDEO = "not_video"
    MISSING = "missing"
    FORBIDDEN = "forbidden"
    BUSY = "busy"
    LOST = "lost"


ABSENT = frozenset({Fault.UNRESOLVED, Fault.UNREACHABLE, Fault.REFUSED, Fault.MISSING})
"""Faults of a camera that is not there at all; asking again costs next to nothing, on both sides."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What an open source says of itself.

    width, height: pixels. fps: as told by the stream, None if it tells nothing believable. codec: in lower case, "" if unknown.
    live: a camera, as opposed to a file. misses: failed grabs in a row that mean it is lost (or, of a file, that it ended).
    read_timeout: seconds after which a read is given up, None where there is no such limit.
    """

    width: int
    height: int
    fps: float | None
    codec: str
    live: bool
    misses: int
    read_timeout: float | None

    def __str__(self) -> str:
        """The facts for people, such as `1280x720 h264 20 fps`."""
        rate = f"{self.fps:.4g} fps" if self.fps else ""
        return " ".join(filter(None, (f"{self.width}x{self.height}", self.codec, rate)))


class Source(Protocol):
    """An open camera or file, used by one thread only. Whatever fails inside raises `CameraError`."""

    @property
    def facts(self) -> SourceFacts:
        """What was learnt when it was opened."""
        ...

    @property
    def position(self) -> float:
        """Where in the stream the grabbed frame belongs: seconds from its beginning, by the stream's own time stamps."""
        ...

    @property
    def is_key(self) -> bool:
        """Whether the grabbed frame is a key frame, one that needs no other to be decoded."""
        ...

    def grab(self) -> bool:
        """Take the next frame, waiting for it if need be. False: there was none; `facts.misses` tells what that means."""
        ...

    def retrieve(self, into: Image | None = None) -> Image | None:
        """Give the grabbed frame as a picture of its own, None if it cannot be decoded.

        into: a picture that nobody needs any more, whose memory may be used.
        """
        ...

    def close(self) -> None:
        """Let go of it. Closing twice is fine."""
        ...
