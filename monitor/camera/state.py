"""How a camera is: what its capture thread tells everybody else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.values import Moment, OfflineReason


class LinkState(StrEnum):
    """The states of the way to a camera."""

    CONNECTING = "connecting"  # before the first attempt has come to an end
    ONLINE = "online"  # frames come
    WAITING = "waiting"  # lost; it will be tried again
    ENDED = "ended"  # a file that is over; nothing will be tried


@dataclass(frozen=True, slots=True)
class CameraLink:
    """The state of a camera since a moment, with the reason if it is offline. detail: in words, without secrets."""

    state: LinkState
    since: Moment
    reason: OfflineReason | None = None
    detail: str = ""


@dataclass(slots=True)
class Counters:
    """What happened to a camera's frames since the start. Written by its capture thread only.

    grabbed: frames the camera gave. skipped: of these, those that were not wanted. retrieved: those that went into the mailbox.
    gated: wanted ones that were not worth a look. empty: wanted ones that gave no picture. stale: old frames out of a stalled read, not
    counted as grabbed. reconnects: times it came back; recovery: seconds from the last frame before the latest loss to the first after
    it, None before the first. What the mailbox dropped, the mailbox counts.
    """

    grabbed: int = 0
    skipped: int = 0
    retrieved: int = 0
    gated: int = 0
    empty: int = 0
    stale: int = 0
    reconnects: int = 0
    recovery: float | None = None
