"""What the page and the API know of the daemon, and all that they can do with it.

The daemon has one (`monitor.window`), tests have another; the room knows no more than this. Any thread may call all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from monitor.values import Prediction

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows of the history. since, until: Unix seconds; label: of an alert also the name of its rule; limit: only the newest."""

    camera: str | None = None
    label: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a picture shows, best first, by which model, and the milliseconds from pixels to labels."""

    predictions: list[Prediction]
    model: str
    elapsed_ms: float


class Pictures(Protocol):
    """The live picture of one camera, for one viewer."""

    def next(self, timeout: float) -> bytes | None:
        """Wait for a picture that this viewer has not had (JPEG); None if none comes within so many seconds."""
        ...


class Window(Protocol):
    """A daemon as the web sees it. Names of cameras and ids come from requests as they are: what is unknown is None or empty."""

    def status(self) -> Json:
        """Give the one snapshot of how the daemon is; the same that `bridge/health` publishes."""
        ...

    def live(self) -> Json:
        """Give what each camera shows right now: the labels of its last look, its gate, zones, squares and rules with their reasons."""
        ...

    def config(self) -> Json:
        """Give the configuration in force, without secrets."""
        ...

    def cameras(self) -> Collection[str]:
        """Give the names of the cameras."""
        ...

    def alerts(self, query: Query) -> Iterator[Json]:
        """Give alert messages, oldest first, as the detection log has them. StorageError."""
        ...

    def sightings(self, query: Query) -> Iterator[Json]:
        """Give sightings, oldest first, as the detection log has them. StorageError."""
        ...

    def snapshot(self, alert_id: str, seq: int) -> Path | None:
        """Give the JPEG of an alert message, if there is one (still)."""
        ...

    def clip(self, alert_id: str) -> Path | None:
        """Give the WebM of an episode, if there is one (yet, or still)."""
        ...

    def watch(self, camera: str) -> AbstractContextManager[Pictures]:
        """Have the pictures of a camera made for one viewer, for as long as the context lasts. KeyError: there is no such camera."""
        ...

    def predict(self, picture: bytes, top: int) -> Answer:
        """Tell what an uploaded picture shows. PictureError: what is wrong with it; BusyError: too many ask, or the daemon stops."""
        ...
