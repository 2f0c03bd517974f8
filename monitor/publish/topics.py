"""Every topic the daemon publishes on, built in this one place. Pure.

Levels are slugs of configured names (camera, zone, rule); labels are never part of a topic. That no two names give one slug is
checked when the configuration is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.config.slug import slug
from monitor.values import WHOLE, Place


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics under one base topic."""

    base: str

    @property
    def bridge_state(self) -> str:
        """Whether the daemon is there; also the topic of its last will."""
        return f"{self.base}/bridge/state"

    @property
    def bridge_info(self) -> str:
        """What the daemon is: version, model, configuration."""
        return f"{self.base}/bridge/info"

    @property
    def bridge_health(self) -> str:
        """How the daemon is."""
        return f"{self.base}/bridge/health"

    @property
    def bridge_lost(self) -> str:
        """How many alerts were lost because the outbox was full."""
        return f"{self.base}/bridge/lost"

    @property
    def log_level(self) -> str:
        """How much the daemon logs; with `/set` behind it, how much it should."""
        return f"{self.base}/bridge/log_level"

    def request(self, name: str) -> str:
        """A request to the daemon."""
        return f"{self.base}/bridge/request/{name}"

    def response(self, name: str) -> str:
        """The answer to a request."""
        return f"{self.base}/bridge/response/{name}"

    def availability(self, camera: str) -> str:
        """Whether a camera gives pictures."""
        return f"{self._camera(camera)}/availability"

    def alert(self, camera: str) -> str:
        """The alerts of a camera."""
        return f"{self._camera(camera)}/alert"

    def snapshot(self, camera: str) -> str:
        """The picture of a camera's latest alert."""
        return f"{self._camera(camera)}/snapshot"

    def stats(self, camera: str) -> str:
        """The rates of a camera."""
        return f"{self._camera(camera)}/stats"

    def problem(self, camera: str) -> str:
        """What is wrong with a camera's picture."""
        return f"{self._camera(camera)}/problem"

    def detect(self, camera: str) -> str:
        """Whether a camera is looked at: with `/state` what is, with `/set` what should be."""
        return f"{self._camera(camera)}/detect"

    def threshold(self, camera: str, rule: str) -> str:
        """The threshold of a rule on one camera: with `/state` what is, with `/set` what should be."""
        return f"{self._camera(camera)}/threshold/{_level(rule)}"

    def rule(self, place: Place) -> str:
        """The state of a rule: the zone is a level of its own unless it is the whole picture."""
        zone = "" if place.zone == WHOLE else f"/{_level(place.zone)}"
        return f"{self._camera(place.camera)}{zone}/{_level(place.rule)}"

    def _camera(self, camera: str) -> str:
        return f"{self.base}/{_level(camera)}"


def _level(name: str) -> str:
    level = slug(name)
    if not level:
        raise ValueError(f"the name {name!r} leaves nothing that could stand in an MQTT topic")
    return level
