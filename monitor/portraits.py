"""The picture that speaks best for each thing that a rule follows: that of its best look since its last alert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from monitor.decide.rule import Reading
from monitor.values import Alert, EventType, Image, Place


@dataclass(slots=True, eq=False)
class _Best:
    """score: of the best look so far. picture: its picture, None once it has been shown."""

    score: float
    picture: Image | None


class Portraits:
    """Those of one camera. A picture is held only until an alert shows it, one at most for each rule in each zone."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._best: dict[Place, _Best] = {}

    def look(self, image: Image, readings: Iterable[Reading], followed: Set[Place]) -> None:
        """Take in what a look said. followed: where a rule has an eye on something after it."""
        for reading in readings:
            place = Place(self._camera, reading.zone, reading.rule)
            if place not in followed:
                self._best.pop(place, None)
            elif place not in self._best or reading.score > self._best[place].score:
                self._best[place] = _Best(reading.score, image)

    def of(self, alerts: Iterable[Alert], latest: Image) -> Mapping[Alert, Image]:
        """Give the picture of each alert that has something to show; `latest` where there is no better one.

        The end of an episode shows nothing: what there is to see has gone.
        """
        shown: dict[Alert, Image] = {}
        for alert in alerts:
            if alert.event_type is not EventType.END:
                best = self._best.get(alert.place)
                shown[alert] = latest if best is None or best.picture is None else best.picture
                if best is not None:
                    best.picture = None
        return shown
