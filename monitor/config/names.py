"""The names of cameras, zones and rules become MQTT topics: `B/CAM/RULE`, `B/CAM/ZONE/RULE`. Here they are checked against each other.

Works on the data as read, not on the typed configuration, so that a mistake elsewhere does not hide these. What is not of the right
type is passed over: the schema complains of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from monitor.config.faults import Fault, Where, plain
from monitor.config.slug import slug
from monitor.values import WHOLE

CAMERA_WORDS = frozenset({"bridge"})
"""Slugs that stand beside the cameras' in the topics."""

RULE_WORDS = frozenset({"alert", "snapshot", "stats", "availability", "detect", "threshold", "problem", "state", "set", WHOLE})
"""Slugs that stand beside the rules' and zones' in the topics of a camera."""

Named = tuple[Where, str]


def check_names(data: object) -> Iterator[Fault]:
    """Yield what is wrong with the names in a configuration: `data` is the whole file as plain data."""
    top = _mapping(data)
    cameras = _mapping(top.get("cameras"))
    if isinstance(node := top.get("node"), str) and node and not slug(node):
        yield Fault(("node",), _no_slug(node))
    yield from _check_list([(("cameras", name), name) for name in cameras], "camera", CAMERA_WORDS)
    yield from _check_list(_rules(top, ()), "rule", RULE_WORDS)
    yield from _check_zones_of(top, (), _sharing(cameras))
    for name, settings in cameras.items():
        camera = _mapping(settings)
        here: Where = ("cameras", name)
        zones = [((*here, "zones", zone), zone) for zone in _mapping(camera.get("zones"))]
        yield from _check_list(zones, "zone", RULE_WORDS)
        yield from _check_list(_rules(camera, here), "rule", RULE_WORDS)
        yield from _check_zones_of(camera, here, [camera])
        rules = _rules(camera, here) if isinstance(camera.get("rules"), list) else _rules(top, ())
        taken = {slug(rule): rule for _, rule in rules if slug(rule) not in RULE_WORDS | {""}}
        yield from (
            Fault(where, f"shares its name with the rule {plain(taken[slug(zone)])}: give the rule another `name`")
            for where, zone in zones
            if slug(zone) in taken
        )


def _check_list(named: Iterable[Named], kind: str, reserved: frozenset[str]) -> Iterator[Fault]:
    """Check names that stand side by side: each has a slug of its own, and none of the reserved ones."""
    seen: dict[str, str] = {}
    for where, name in named:
        short = slug(name)
        label = where[-1] == "label"
        way_out = ": give the rule a `name` of its own" if label else ""
        if not short:
            yield Fault(where, _no_slug(name) + way_out)
        elif short in reserved:
            yield Fault(where, f"must not give the name {short}, which the MQTT topics use for something else{way_out}")
        elif short in seen:
            yield Fault(where, f"gives the same name in MQTT topics ({short}) as another {kind}, {plain(seen[short])}{way_out}")
        seen.setdefault(short, name)


def _rules(section: Mapping[str, object], here: Where) -> list[Named]:
    """The names of the rules of one list, each with the place of its name or, where the name comes from it, its label."""
    named: list[Named] = []
    for number, item in enumerate(_list(section.get("rules"))):
        rule = _mapping(item)
        key = "name" if "name" in rule else "label"
        if isinstance(name := rule.get(key), str) and name:
            named.append(((*here, "rules", number, key), name))
    return named


def _check_zones_of(section: Mapping[str, object], here: Where, cameras: list[Mapping[str, object]]) -> Iterator[Fault]:
    """Check that each zone which a rule names exists on at least one of the `cameras` that the rule is for, and stands once."""
    known = [WHOLE, *(zone for camera in cameras for zone in _mapping(camera.get("zones")))]
    for number, item in enumerate(_list(section.get("rules"))):
        seen: set[str] = set()
        for place, zone in enumerate(_list(_mapping(item).get("zones"))):
            where: Where = (*here, "rules", number, "zones", place)
            if not isinstance(zone, str):
                continue
            if zone not in known:
                close = difflib.get_close_matches(zone[:100], known, n=1)
                whose = "this camera has" if here else "any camera that uses this rule has"
                yield Fault(where, f"is not a zone that {whose}: '{plain(zone)}'{f'; did you mean {close[0]}?' if close else ''}")
            elif zone in seen:
                yield Fault(where, f"names the zone {plain(zone)} twice")
            seen.add(zone)


def _sharing(cameras: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The cameras that use the global rules; all of them where none does."""
    settings = [_mapping(camera) for camera in cameras.values()]
    return [camera for camera in settings if camera.get("rules") is None] or settings


def _no_slug(name: str) -> str:
    return f"must hold at least one letter a-z or digit for its MQTT topic, not '{plain(name)}'"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
