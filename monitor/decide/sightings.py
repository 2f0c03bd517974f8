"""What the model saw, joined into rows for the history.

A label in a zone that scores at or above `min_score` is a sighting; looks at most `GAP` apart are one. Rules have no say here: the
history also holds what nobody asked for. Memory is bounded by labels x zones, and in practice by what was seen in the last seconds,
since a sighting is handed over as soon as its gap is too long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from monitor.decide.rule import refuse_faults
from monitor.values import Moment, Prediction, Sighting

GAP = 5.0
"""Seconds that may lie between two looks at the same thing."""


@dataclass(slots=True)
class _Open:
    """A sighting that may still go on."""

    first: Moment
    last_mono: float
    best: Prediction
    looks: int
    episode: str | None


class SightingJoiner:
    """The open sightings of one camera.

    min_score: 0..1. model: the card that gives the labels. Moments should not go back.
    """

    def __init__(self, camera: str, min_score: float, model: str, *, gap: float = GAP) -> None:
        self._camera = camera
        self._min_score = min_score
        self._model = model
        self._gap = gap
        self._open: dict[tuple[str, int], _Open] = {}

    def look(self, now: Moment, zone: str, predictions: Iterable[Prediction], episodes: Mapping[int, str] | None = None) -> list[Sighting]:
        """Take in what one look saw in one zone; give the sightings that are over.

        episodes: by class id, the open episode that the label belongs to. A sighting keeps the first one it had.
        Raises ModelFaultError for a score that is NaN or infinite, and nothing has changed then.
        """
        predictions = tuple(predictions)
        refuse_faults((prediction.score for prediction in predictions), f"camera {self._camera}")
        finished = self.tick(now)
        for prediction in predictions:
            if prediction.score >= self._min_score:
                self._see(now, zone, prediction, (episodes or {}).get(prediction.class_id))
        return finished

    def tick(self, now: Moment) -> list[Sighting]:
        """Let time pass; give the sightings that are over."""
        return self._finish(lambda sighting: now.mono - sighting.last_mono > self._gap)

    def close(self) -> list[Sighting]:
        """Give all that are open, finished or not: the daemon stops, or the camera or model changes."""
        return self._finish(lambda _: True)

    def _see(self, now: Moment, zone: str, prediction: Prediction, episode: str | None) -> None:
        known = self._open.get((zone, prediction.class_id))
        if known is None:
            self._open[zone, prediction.class_id] = _Open(now, now.mono, prediction, 1, episode)
            return
        known.last_mono = max(known.last_mono, now.mono)
        known.looks += 1
        known.episode = known.episode or episode
        if prediction.score > known.best.score:
            known.best = prediction

    def _finish(self, is_over: Callable[[_Open], bool]) -> list[Sighting]:
        over = [(key, sighting) for key, sighting in self._open.items() if is_over(sighting)]
        for key, _ in over:
            del self._open[key]
        return [self._row(zone, sighting) for (zone, _), sighting in over]

    def _row(self, zone: str, sighting: _Open) -> Sighting:
        return Sighting(
            camera=self._camera,
            zone=zone,
            label=sighting.best.label,
            class_id=sighting.best.class_id,
            first=sighting.first.wall,
            # By the monotonic clock, so that a wall clock that was set meanwhile cannot make it end before it began.
            last=sighting.first.wall + sighting.last_mono - sighting.first.mono,
            best_score=sighting.best.score,
            looks=sighting.looks,
            episode=sighting.episode,
            model=self._model,
        )
