"""The entities of one camera."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.config.schema import RuleSettings
from monitor.config.slug import slug
from monitor.publish.discovery.entities import CONFIG, DIAGNOSTIC, DISABLED, Entity, Settings, available, spoken, title
from monitor.publish.topics import Topics
from monitor.values import WHOLE, EventType, Place

NOT_RETAINED = 180
"""Seconds after which a rate that nobody told again is unknown; rates are told every 60."""

RATES = {
    "camera_fps": ("Camera fps", "fps", "measurement"),
    "look_fps": ("Looks per second", "fps", "measurement"),
    "inference_ms": ("Inference time", "ms", "measurement"),
    "frame_age_ms": ("Frame age", "ms", "measurement"),
    "skipped": ("Skipped frames", "frames", "total_increasing"),
    "dropped": ("Dropped frames", "frames", "total_increasing"),
    "gated": ("Gated frames", "frames", "total_increasing"),
}
"""Fields of `B/CAM/stats`: name, unit, state class."""


def camera_entities(camera: str, rules: Sequence[RuleSettings], topics: Topics, *, commands: bool, pictures: bool) -> Iterator[Entity]:
    """Yield them. rules: those of this camera; commands: whether the daemon listens to any; pictures: whether it shows any."""
    here = available(topics, camera)
    for rule in rules:
        for zone in rule.zones:
            yield _rule(camera, zone, rule.name, topics, here)
    yield Entity(
        "alert",
        "event",
        {
            "name": "Alert",
            "state_topic": topics.alert(camera),
            "event_types": [str(kind) for kind in EventType],
            "icon": "mdi:bell-ring-outline",
            "qos": 1,
            **available(topics),  # not the camera's: the end of an episode whose camera was lost must be seen
        },
    )
    if pictures:
        yield from _pictures(camera, topics, here)
    yield Entity(
        "last_label",
        "sensor",
        {
            "name": "Last label",
            "state_topic": topics.alert(camera),
            "value_template": "{{ value_json.label[:255] }}",
            "icon": "mdi:label-outline",
            "qos": 1,
            **here,
        },
    )
    yield from _wellbeing(camera, topics)
    if commands:
        yield from _controls(camera, rules, topics, here)
    if commands and pictures:
        yield _take_snapshot(camera, topics, here)
    for key, (name, unit, state_class) in RATES.items():
        yield Entity(
            key,
            "sensor",
            {
                "name": name,
                "state_topic": topics.stats(camera),
                "value_template": f"{{{{ value_json.{key} }}}}",
                "unit_of_measurement": unit,
                "state_class": state_class,
                "expire_after": NOT_RETAINED,
                **DISABLED,
                **here,
            },
        )


def _rule(camera: str, zone: str, rule: str, topics: Topics, here: Settings) -> Entity:
    inside = "" if zone == WHOLE else f" in {spoken(zone)}"
    topic = topics.rule(Place(camera, zone, rule))
    return Entity(
        f"rule_{slug(rule)}" + (f"_IN_{slug(zone)}" if inside else ""),
        "binary_sensor",
        {
            "name": f"{title(rule)}{inside}",
            "state_topic": topic,
            "value_template": "{{ value_json.state }}",  # null is written None, which Home Assistant reads as unknown
            "json_attributes_topic": topic,
            "json_attributes_template": (
                "{{ {'score': value_json.score, 'label': value_json.label, 'since': value_json.since} | tojson }}"
            ),
            "device_class": "occupancy",
            **here,
        },
    )


def _pictures(camera: str, topics: Topics, here: Settings) -> Iterator[Entity]:
    yield Entity("image", "image", {"name": "Last alert", "image_topic": topics.snapshot(camera), "content_type": "image/jpeg", **here})
    yield Entity("camera", "camera", {"name": "Last alert (camera)", "topic": topics.snapshot(camera), "enabled_by_default": False, **here})


def _wellbeing(camera: str, topics: Topics) -> Iterator[Entity]:
    yield Entity(
        "connectivity",
        "binary_sensor",
        {
            "name": "Connectivity",
            "state_topic": topics.availability(camera),
            "value_template": "{{ value_json.state }}",
            "payload_on": "online",
            "payload_off": "offline",
            "json_attributes_topic": topics.availability(camera),
            "json_attributes_template": "{{ {'reason': value_json.reason} | tojson }}",
            "device_class": "connectivity",
            **DIAGNOSTIC,
            **available(topics),
        },
    )
    yield Entity(
        "problem",
        "binary_sensor",
        {
            "name": "Problem",
            "state_topic": topics.problem(camera),
            "value_template": "{{ value_json.state }}",
            "json_attributes_topic": topics.problem(camera),
            "json_attributes_template": "{{ {'kind': value_json.kind} | tojson }}",
            "device_class": "problem",
            **DIAGNOSTIC,
            **available(topics),
        },
    )


def _controls(camera: str, rules: Sequence[RuleSettings], topics: Topics, here: Settings) -> Iterator[Entity]:
    detect = topics.detect(camera)
    yield Entity(
        "detect",
        "switch",
        {
            "name": "Detection",
            "command_topic": f"{detect}/set",
            "state_topic": f"{detect}/state",
            "payload_on": "ON",
            "payload_off": "OFF",
            "icon": "mdi:motion-sensor",
            "qos": 1,
            **CONFIG,
            **here,
        },
    )
    for rule in {rule.name: rule for rule in rules}:
        topic = topics.threshold(camera, rule)
        yield Entity(
            f"threshold_{slug(rule)}",
            "number",
            {
                "name": f"{title(rule)} threshold",
                "command_topic": f"{topic}/set",
                "state_topic": f"{topic}/state",
                "min": 0,  # itself refused by the daemon, but a smaller one than 0.01 must show
                "max": 1,
                "step": 0.01,
                "mode": "box",
                "icon": "mdi:tune-variant",
                "qos": 1,
                **CONFIG,
                **here,
            },
        )


def _take_snapshot(camera: str, topics: Topics, here: Settings) -> Entity:
    return Entity(
        "take_snapshot",
        "button",
        {
            "name": "Take snapshot",
            "command_topic": f"{topics.snapshot(camera)}/set",
            "payload_press": "PRESS",
            "icon": "mdi:camera",
            "qos": 1,
            **here,
        },
    )
