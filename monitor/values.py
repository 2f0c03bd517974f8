"""The words of the project as values: what travels between the rooms.

Everything here is immutable and knows no clock, file, thread or network. `DESIGN` terms are used as they are: a frame becomes
a look, a look gives scores, scores move rules, a rule's stay is an episode, and an episode publishes alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture: height x width x 3, BGR, 0..255, as OpenCV has it."""

Grey = NDArray[np.uint8]
"""The brightness of a picture: height x width, 0..255."""

WHOLE = "frame"
"""The name of the zone that is the whole picture."""


class OfflineReason(StrEnum):
    """Why a camera is offline."""

    LOST = "lost"
    AUTH_FAILED = "auth_failed"
    FROZEN = "frozen"
    ENDED = "ended"


class ProblemKind(StrEnum):
    """What is wrong with a camera's pictures."""

    FROZEN = "frozen"  # the same picture again and again
    BLACK = "black"  # or white: nothing in it
    COVERED = "covered"
    BLURRED = "blurred"
    MOVED = "moved"  # it looks elsewhere than it did
    SLOW = "slow"  # far fewer frames than it promises
    CLOCK = "clock"  # its time stamps do not go with the time

    @property
    def blind(self) -> bool:
        """Whether nothing that the pictures show, or do not show, can be trusted."""
        return self in (ProblemKind.FROZEN, ProblemKind.BLACK, ProblemKind.COVERED)


class GateReason(StrEnum):
    """Why a frame is looked at, or why not."""

    UNGATED = "ungated"  # the gate is switched off
    START = "start"  # there is nothing to compare it with yet
    MOVEMENT = "movement"
    CHANGE = "change"  # the whole picture is another: light, infrared, a scene that was cut
    RECHECK = "recheck"  # quiet for so long that a look is due
    NEEDED = "needed"  # a rule is between states, or somebody asked
    QUIET = "quiet"  # no look: nothing moves
    SAME = "same"  # no look: it is the last picture once more, to the bit
    IDLE = "idle"  # no look: nobody wants one, detection is off
    BLIND = "blind"  # no look: the camera has a problem that makes its pictures worthless

    @property
    def new_scene(self) -> bool:
        """Whether nothing is known of what is where in the picture."""
        return self in (GateReason.START, GateReason.CHANGE)


class Severity(StrEnum):
    """How loudly a rule speaks; when room is short, notices go first."""

    ALERT = "alert"
    NOTICE = "notice"


class EventType(StrEnum):
    """The three messages of an episode."""

    START = "start"
    UPDATE = "update"
    END = "end"


class EndReason(StrEnum):
    """Why an episode ended."""

    GONE = "gone"
    CAMERA_LOST = "camera_lost"
    CAMERA_PROBLEM = "camera_problem"
    DETECT_OFF = "detect_off"
    RULE_REMOVED = "rule_removed"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant told by two clocks.

    mono: seconds of the monotonic clock; only differences mean anything, and all timing uses them.
    wall: Unix seconds; a label for people, never compared.
    """

    mono: float
    wall: float


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle in a picture, in fractions of its width and height from the top left."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What is judged of a frame before anybody looks at it. image: masked; grey: the same shrunk to at most 160 x 160 pixels.

    position: seconds from the beginning of the stream by its own time stamps.
    """

    at: Moment
    image: Image
    grey: Grey
    position: float


class Need(IntEnum):
    """Which of a camera's frames are worth a look, as far as those who look are concerned."""

    NOTHING = 0  # none: detection is off
    MOVEMENT = 1  # those that the gate lets through
    LOOK = 2  # any that shows something new: a rule is between states
    PICTURE = 3  # the next, whatever it shows: somebody asked for it


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of a frame. movement: where something moves, None if nothing does or that is not known."""

    look: bool
    reason: GateReason
    movement: Region | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture with its camera, its place in the stream and the moment it was grabbed.

    seq counts every frame the camera gave since the daemon started, those that were never decoded included. reason: why it is worth a
    look; movement: where in it something moves, as far as the gate knows.
    """

    camera: str
    seq: int
    at: Moment
    image: Image
    reason: GateReason = GateReason.UNGATED
    movement: Region | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """A label of the model with its score (softmax probability, 0..1)."""

    label: str
    class_id: int
    score: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where an episode lives: (camera, zone, rule), all three by their configured names."""

    camera: str
    zone: str
    rule: str


@dataclass(frozen=True, slots=True)
class RuleState:
    """What a rule says now. `on` is None while it is unknown; score and label are None then too.

    since: Unix seconds of the last change. episode: the id of the running episode, None inside a cooldown or when off.
    """

    place: Place
    on: bool | None
    score: float | None
    label: str | None
    since: float
    episode: str | None


@dataclass(frozen=True, slots=True)
class Alert:
    """What an episode publishes; (id, seq) is its key.

    score: the look's at the start, the best so far afterwards. started_at, time: Unix seconds. duration: seconds since the
    start, by the monotonic clock. reason: only at the end. snapshot: the relative URL of its picture, or None.
    """

    event_type: EventType
    id: str
    seq: int
    place: Place
    label: str
    score: float
    severity: Severity
    started_at: float
    time: float
    duration: float
    reason: EndReason | None = None
    snapshot: str | None = None


@dataclass(frozen=True, slots=True)
class OpenEpisode:
    """An episode that has started and not ended, as it is kept over a restart.

    seq: of the last alert published. best_score: the best so far. started_at, last_seen: Unix seconds; last_seen is the last
    look at or above `release`.
    """

    id: str
    seq: int
    place: Place
    label: str
    best_score: float
    severity: Severity
    started_at: float
    last_seen: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """One label in one zone at or above `min_score`, gaps up to 5 s joined. first, last: Unix seconds."""

    camera: str
    zone: str
    label: str
    class_id: int
    first: float
    last: float
    best_score: float
    looks: int
    episode: str | None
    model: str


SIGHTING_COLUMNS = (
    *("kind", "time", "camera", "zone", "label", "class_id", "first", "last", "best_score", "looks", "episode", "model"),
    "time_quality",
)
ALERT_COLUMNS = (
    *("kind", "time", "event_type", "id", "seq", "camera", "zone", "rule"),
    *("label", "score", "severity", "started_at", "duration", "reason", "snapshot", "time_quality"),
)
"""The keys of the detection log, and how good the time was; for CSV: a head line is due also where there is no row."""


@dataclass(frozen=True, slots=True)
class CameraProblem:
    """Something is wrong with a camera's pictures, or with kind None, nothing is any more. detail: in words; at: Unix seconds."""

    camera: str
    at: float
    kind: ProblemKind | None
    detail: str


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """A camera came or went. reason: None when it came; detail: in words, without secrets. at: Unix seconds."""

    camera: str
    at: float
    online: bool
    reason: OfflineReason | None
    detail: str
