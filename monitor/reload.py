"""What of a running daemon can go on under a new configuration."""

from __future__ import annotations

from enum import Enum, auto

from monitor.config.schema import CameraSettings, Config
from monitor.rulebook import Rulebook


class Kept(Enum):
    """What of a camera goes on."""

    ALL = auto()
    WATCH = auto()  # the connection and what is known of its pictures; what they are asked for is new
    CAPTURE = auto()  # the connection
    NOTHING = auto()


def differ_in_cameras_only(before: Config, after: Config) -> bool:
    """Tell whether nothing but the cameras, and what is asked of them, differs at most."""
    return after.model_copy(update={"cameras": before.cameras, "rules": before.rules, "groups": before.groups}) == before


def kept(camera: str, before: tuple[Config, Rulebook], after: tuple[Config, Rulebook]) -> Kept:
    """Tell what of a camera goes on; NOTHING of one that is only in one of the two."""
    (old, asked), (new, asks) = before, after
    if camera not in old.cameras or camera not in new.cameras:
        return Kept.NOTHING
    was, becomes = _without_rules(old.cameras[camera]), _without_rules(new.cameras[camera])
    if was == becomes and asked.questions(camera) == asks.questions(camera):
        return Kept.ALL
    if _of_capture(was) != _of_capture(becomes):
        return Kept.NOTHING
    eyes = [(settings.zones, rules.zones(camera), rules.looks(camera)) for settings, rules in ((was, asked), (becomes, asks))]
    return Kept.WATCH if eyes[0] == eyes[1] else Kept.CAPTURE


def _without_rules(settings: CameraSettings) -> CameraSettings:
    return settings.model_copy(update={"rules": None})


def _of_capture(settings: CameraSettings) -> CameraSettings:
    """Give the settings with what does not concern the capture made equal."""
    return settings.model_copy(update={"rules": None, "zones": {}, "view": "motion"})
