"""The devices and entities that Home Assistant shows: one device for the bridge and one for each camera.

Keys and values are those of Home Assistant's MQTT integration (home-assistant.io/integrations/mqtt, written out, not abbreviated).
A key names an entity within its device for good: it is part of the unique id, by which Home Assistant remembers what its user renamed.
Slugs have no capitals and no dots, so `rule_a_IN_b` and `device.key` cannot be read in two ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.config.schema import Config, RuleSettings
from monitor.config.slug import slug
from monitor.publish.topics import Topics
from monitor.values import WHOLE, EventType, Place

MANUFACTURER = "monitor"
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

Settings = dict[str, object]


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing on the dashboard. platform: Home Assistant's word for its kind; settings: what that platform is told."""

    key: str
    platform: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Device:
    """What Home Assistant groups entities by. id: unique among all devices; via: the id of the device through which it is reached."""

    id: str
    name: str
    model: str
    via: str | None
    entities: tuple[Entity, ...]


def devices(config: Config, topics: Topics, box: str, model: str) -> list[Device]:
    """Give the bridge and the cameras, in this order. box: the id of this box; model: the name of the card in use."""
    commands = config.mqtt.commands
    bridge = Device(box, f"Monitor {config.node}", "Bridge", None, tuple(_bridge(topics, commands=commands)))
    cameras = [
        Device(
            f"{box}_{slug(name)}", name, f"Camera ({model})", box, tuple(_camera(name, config.rules_of(name), topics, commands=commands))
        )
        for name in config.cameras
    ]
    return [bridge, *cameras]


def _bridge(topics: Topics, *, commands: bool) -> Iterator[Entity]:
    state = {"value_template": "{{ value_json.state }}", "payload_on": "online", "payload_off": "offline"}
    yield Entity(
        "connection",
        "binary_sensor",
        {"name": "Connection", "state_topic": topics.bridge_state, **state, "device_class": "connectivity", **_DIAGNOSTIC},
    )
    here = _available(topics)
    yield Entity(
        "version",
        "sensor",
        {
            "name": "Version",
            "state_topic": topics.bridge_info,
            "value_template": "{{ value_json.version }}",
            "icon": "mdi:information-outline",
            **_DIAGNOSTIC,
            **here,
        },
    )
    yield Entity(
        "restart_required",
        "binary_sensor",
        {
            "name": "Restart required",
            "state_topic": topics.bridge_info,
            "value_template": "{{ 'ON' if value_json.restart_required else 'OFF' }}",
            "device_class": "problem",
            **_DISABLED,
            **here,
        },
    )
    yield Entity(
        "alerts_lost",
        "sensor",
        {
            "name": "Alerts lost",
            "state_topic": topics.bridge_lost,
            "value_template": "{{ value_json.alerts }}",
            "state_class": "total_increasing",
            "icon": "mdi:bell-cancel-outline",
            **_DISABLED,
            **here,
        },
    )
    if commands:
        level = topics.log_level
        yield Entity(
            "log_level",
            "select",
            {
                "name": "Log level",
                "command_topic": f"{level}/set",
                "state_topic": f"{level}/state",
                "options": ["debug", "info", "warning", "error"],
                "qos": 1,
                **_CONFIG,
                **here,
            },
        )
        yield Entity(
            "restart",
            "button",
            {
                "name": "Restart",
                "command_topic": topics.request("restart"),
                "payload_press": "{}",
                "device_class": "restart",
                "qos": 1,
                **_CONFIG,
                **here,
            },
        )


def _camera(camera: str, rules: list[RuleSettings], topics: Topics, *, commands: bool) -> Iterator[Entity]:
    here = _available(topics, camera)
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
            **_available(topics),  # not the camera's: the end of an episode whose camera was lost must be seen
        },
    )
    yield Entity("image", "image", {"name": "Last alert", "image_topic": topics.snapshot(camera), "content_type": "image/jpeg", **here})
    yield Entity("camera", "camera", {"name": "Last alert (camera)", "topic": topics.snapshot(camera), "enabled_by_default": False, **here})
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
    yield from _wellbeing(camera, topics, here)
    if commands:
        yield from _controls(camera, rules, topics, here)
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
                **_DISABLED,
                **here,
            },
        )


def _rule(camera: str, zone: str, rule: str, topics: Topics, here: Settings) -> Entity:
    inside = "" if zone == WHOLE else f" in {zone}"
    topic = topics.rule(Place(camera, zone, rule))
    return Entity(
        f"rule_{slug(rule)}" + (f"_IN_{slug(zone)}" if inside else ""),
        "binary_sensor",
        {
            "name": f"{_title(rule)}{inside}",
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


def _wellbeing(camera: str, topics: Topics, here: Settings) -> Iterator[Entity]:
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
            **_DIAGNOSTIC,
            **_available(topics),
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
            **_DIAGNOSTIC,
            **here,
        },
    )


def _controls(camera: str, rules: list[RuleSettings], topics: Topics, here: Settings) -> Iterator[Entity]:
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
            **_CONFIG,
            **here,
        },
    )
    for rule in {rule.name: rule for rule in rules}:
        topic = topics.threshold(camera, rule)
        yield Entity(
            f"threshold_{slug(rule)}",
            "number",
            {
                "name": f"{_title(rule)} threshold",
                "command_topic": f"{topic}/set",
                "state_topic": f"{topic}/state",
                "min": 0.01,
                "max": 1,
                "step": 0.01,
                "mode": "box",
                "icon": "mdi:tune-variant",
                "qos": 1,
                **_CONFIG,
                **here,
            },
        )
    yield Entity(
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


_DIAGNOSTIC: Settings = {"entity_category": "diagnostic"}
_DISABLED: Settings = {"entity_category": "diagnostic", "enabled_by_default": False}
_CONFIG: Settings = {"entity_category": "config"}


def _available(topics: Topics, camera: str | None = None) -> Settings:
    """Say when an entity is available: while the bridge is, and if it is a camera's, while that is too."""
    watched = [topics.bridge_state] if camera is None else [topics.bridge_state, topics.availability(camera)]
    return {
        "availability": [{"topic": topic, "value_template": "{{ value_json.state }}"} for topic in watched],
        "availability_mode": "all",
    }


def _title(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
